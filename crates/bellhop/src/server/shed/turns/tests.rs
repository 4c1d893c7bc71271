use std::{
    future::poll_fn,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt;
use tokio::time::{advance, timeout};

use super::*;
use crate::dropped::at_every_await;

/// What happened, in its order.
type Line = Arc<Mutex<Vec<usize>>>;

/// Keeps the processor: nothing else happens on the thread meanwhile.
fn burn(time: Duration) {
    let _ = advance(time).now_or_never();
}

/// A call that takes the processor for a round.
async fn work(turns: Arc<Turns>, number: usize, line: Line) {
    let mut place = Place::new(turns);
    poll_fn(|cx| {
        place.poll(cx, |_| {
            burn(ROUND);
            line.lock().unwrap().push(number);
            Poll::Ready(())
        })
    })
    .await;
}

const PATIENCE: Duration = Duration::from_secs(20);
const SOCKETS: usize = usize::MAX;

#[tokio::test(start_paused = true)]
async fn the_runtime_looks_at_its_sockets_between_the_turns_of_calls_that_take_long() {
    let turns = Turns::of_runtime().expect("a single thread");
    let line = Line::default();
    let looking = tokio::spawn({
        let line = line.clone();
        async move {
            loop {
                // Comes round when the sockets have been looked at.
                yield_now().await;
                line.lock().unwrap().push(SOCKETS);
            }
        }
    });
    let calls = (0..20).map(|number| tokio::spawn(work(turns.clone(), number, line.clone())));
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    looking.abort();

    let line = line.lock().unwrap().clone();
    let order: Vec<_> = line.iter().filter(|number| **number != SOCKETS).collect();
    assert!(order.is_sorted(), "{order:?}");
    let looks = line.split(|number| *number != SOCKETS).map(<[_]>::len);
    let between: Vec<_> = looks.skip(1).take(order.len() - 1).collect();
    // One to read requests, one to write refusals.
    assert!(between.iter().all(|looks| *looks >= 2), "{between:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_turns_waits_for_all_before_it() {
    let turns = Turns::of_runtime().expect("a single thread");
    let line = Line::default();
    let calls = (0..5).map(|number| tokio::spawn(work(turns.clone(), number, line.clone())));
    let calls: Vec<_> = calls.collect();
    yield_now().await;
    turns.wait().await;
    assert_eq!(line.lock().unwrap().len(), 5);
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_nobody_takes_any_more_goes_to_the_next() {
    let turns = Turns::of_runtime().expect("a single thread");
    let line = Line::default();
    let gone: Vec<_> = (0..5)
        .map(|number| tokio::spawn(work(turns.clone(), number, line.clone())))
        .collect();
    let stays = tokio::spawn(work(turns.clone(), 5, line.clone()));
    while line.lock().unwrap().is_empty() {
        yield_now().await;
    }
    for call in gone {
        call.abort();
    }
    stays.await.unwrap();
    assert_eq!(turns.free.available_permits(), 0, "a look is under way");
    turns.wait().await;
    assert_eq!(turns.free.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_wherever_it_waits_keeps_no_turn() {
    let turns = Turns::of_runtime().expect("a single thread");
    at_every_await(async |lifetime| {
        let line = Line::default();
        let others = (0..3).map(|number| tokio::spawn(work(turns.clone(), number, line.clone())));
        let others: Vec<_> = others.collect();
        let ended = lifetime.run(async {
            for number in 3..6 {
                work(turns.clone(), number, line.clone()).await;
            }
        });
        let ended = ended.await.is_some();
        for other in others {
            other.await.unwrap();
        }
        let all_had_turns = timeout(PATIENCE, turns.wait()).await;
        all_had_turns.expect("a turn that nobody keeps");
        assert_eq!(turns.free.available_permits(), 1);
        ended
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn calls_do_not_stand_back_behind_streams_that_have_much_to_send() {
    const STREAMS: usize = 40;
    const CALLS: usize = 40;
    let turns = Turns::of_runtime().expect("a single thread");
    let sent = Arc::<AtomicUsize>::default();
    let streams = (0..STREAMS).map(|_| {
        let sent = sent.clone();
        tokio::spawn(poll_fn(move |cx| {
            burn(ROUND / 2);
            sent.fetch_add(1, Ordering::Relaxed);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }))
    });
    let streams: Vec<_> = streams.collect();
    let line = Line::default();
    let calls = (0..CALLS).map(|number| tokio::spawn(work(turns.clone(), number, line.clone())));
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    for stream in streams {
        stream.abort();
    }
    // With turns of their own, one by one, each call would wait until every stream has sent several times.
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < STREAMS * CALLS, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_somebody_keeps_nobody_from_working() {
    let turns = Turns::of_runtime().expect("a single thread");
    let mut place = Place::new(turns.clone());
    let waits = poll_fn(|cx| place.poll(cx, |_| Poll::<()>::Pending));
    tokio::select! {
        biased;
        _ = waits => unreachable!("it waits for ever"),
        () = std::future::ready(()) => {}
    }
    let line = Line::default();
    work(turns, 1, line.clone()).await;
    assert_eq!(*line.lock().unwrap(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_of_several_threads_goes_without() {
    assert!(Turns::of_runtime().is_none());
}
