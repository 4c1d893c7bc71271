//! Which worker a connection goes to.
//!
//! To take turns is not enough: connections that end at once, of a health check or of who reads metrics, come in between those that last,
//! and of these two may then be with one worker for good while the other idles.

use std::sync::Arc;

/// The worker with the fewest connections; of several, the one whose turn it is.
#[derive(Debug)]
pub(super) struct Spread {
    /// Of each worker. Each of its connections has a clone.
    open: Vec<Arc<()>>,
    turn: usize,
}

/// A connection is with a worker for as long as it has this.
#[derive(Debug)]
pub(super) struct Seat {
    worker: usize,
    _open: Arc<()>,
}

impl Spread {
    /// Over so many workers, of which there is one at least.
    pub(super) fn over(workers: usize) -> Self {
        Self {
            open: (0..workers).map(|_| Arc::new(())).collect(),
            turn: 0,
        }
    }

    /// Where the next connection goes.
    pub(super) fn seat(&mut self) -> Seat {
        let workers = self.open.len();
        let from_turn = (0..workers).map(|n| (self.turn + n) % workers);
        let fewest = from_turn.min_by_key(|&worker| Arc::strong_count(&self.open[worker]));
        let worker = fewest.unwrap_or_default();
        self.turn = worker + 1;
        Seat {
            worker,
            _open: self.open[worker].clone(),
        }
    }
}

impl Seat {
    /// Whose number it is.
    pub(super) fn worker(&self) -> usize {
        self.worker
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn who_stays_takes_turns() {
        let mut spread = Spread::over(3);
        let seats: Vec<Seat> = (0..7).map(|_| spread.seat()).collect();
        let workers: Vec<usize> = seats.iter().map(Seat::worker).collect();
        assert_eq!(workers, [0, 1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn who_goes_at_once_takes_turns_too() {
        let mut spread = Spread::over(3);
        let workers: Vec<usize> = (0..5).map(|_| spread.seat().worker()).collect();
        assert_eq!(workers, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn who_goes_at_once_sends_nobody_to_a_worker_with_more() {
        let mut spread = Spread::over(2);
        let first = spread.seat();
        drop(spread.seat());
        let second = spread.seat();
        assert_ne!(first.worker(), second.worker());
    }

    proptest! {
        /// Of each step: whether one comes, and if not, which one goes.
        #[test]
        fn nobody_goes_where_there_are_more(workers in 1..5usize, steps in vec((any::<bool>(), any::<prop::sample::Index>()), 0..60)) {
            let mut spread = Spread::over(workers);
            let mut seats: Vec<Seat> = Vec::new();
            let mut open = vec![0; workers];
            for (comes, which) in steps {
                if comes || seats.is_empty() {
                    let fewest = open.iter().min().copied();
                    let seat = spread.seat();
                    prop_assert_eq!(Some(open[seat.worker()]), fewest);
                    open[seat.worker()] += 1;
                    seats.push(seat);
                } else {
                    let seat = seats.swap_remove(which.index(seats.len()));
                    open[seat.worker()] -= 1;
                }
            }
        }
    }
}
