//! Who is woken in the middle of a turn need not be woken for another.

use std::{
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;

use super::bell::Bell;

/// A turn has no more steps than these, and then it is for others to have one.
const MOST: usize = 8;

/// The turns of a task.
#[derive(Debug)]
pub(super) struct Turns {
    task: Arc<Task>,
    /// That of the task, while it has no turn.
    waker: Waker,
}

#[derive(Debug)]
struct Task {
    bell: Bell,
    waker: AtomicWaker,
}

impl Turns {
    pub(super) fn new() -> Self {
        let task = Arc::new(Task {
            bell: Bell::new(),
            waker: AtomicWaker::new(),
        });
        let waker = Waker::from(task.clone());
        Self { task, waker }
    }

    /// Takes steps until one ends it all, or nothing has woken it since the last one began.
    pub(super) fn take<T>(
        &self,
        cx: &mut Context<'_>,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.task.waker.register(cx.waker());
        let mut within = Context::from_waker(&self.waker);
        for _ in 0..MOST {
            self.task.bell.begin();
            if let Poll::Ready(end) = step(&mut within) {
                return Poll::Ready(end);
            }
            if self.task.bell.rest() {
                return Poll::Pending;
            }
        }
        self.task.bell.stop();
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.bell.ring() {
            self.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// A task whose steps each wake it, until so many have been taken: how many were taken in one turn, and how often it was woken.
    fn turn(steps: usize) -> (usize, usize) {
        let (turns, woken) = (Turns::new(), Arc::<Counted>::default());
        let waker = Waker::from(woken.clone());
        let mut taken = 0;
        let end = turns.take(&mut Context::from_waker(&waker), |cx| {
            taken += 1;
            if taken < steps {
                cx.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        });
        assert!(end.is_pending());
        (taken, woken.0.load(SeqCst))
    }

    #[test]
    fn who_is_woken_in_its_turn_goes_on_and_is_not_woken() {
        assert_eq!(turn(1), (1, 0));
        assert_eq!(turn(3), (3, 0));
        assert_eq!(turn(MOST), (MOST, 0));
    }

    #[test]
    fn nobody_has_a_turn_for_ever() {
        assert_eq!(turn(usize::MAX), (MOST, 1));
    }

    #[test]
    fn who_rests_is_woken() {
        let (turns, woken) = (Turns::new(), Arc::<Counted>::default());
        let waker = Waker::from(woken.clone());
        for times in 1..3 {
            let mut kept = None;
            let end = turns.take(&mut Context::from_waker(&waker), |cx| {
                kept = Some(cx.waker().clone());
                Poll::<()>::Pending
            });
            assert!(end.is_pending());
            kept.unwrap().wake();
            assert_eq!(woken.0.load(SeqCst), times);
        }
    }
}
