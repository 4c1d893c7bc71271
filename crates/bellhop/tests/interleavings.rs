//! The state core of a breaker, and the bell of a server's connection, over loom's atomics: what holds in every order in which
//! threads may meet.

use loom::{sync::Arc, thread};

mod atomic {
    pub(super) use loom::sync::atomic::{AtomicU8, AtomicU64, Ordering};
}

#[path = "../src/breaker/state.rs"]
#[allow(dead_code, reason = "not all of the core is raced")]
mod state;

#[path = "../src/http2/served/bell.rs"]
#[allow(dead_code, reason = "a turn that is cut short is not raced")]
mod bell;

use bell::Bell;
use state::{Admission, Generation, Phase, State};

const LOST: u64 = 1_000;

fn model(check: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

/// Runs one after the other on a thread of its own each, and gives back what they say.
fn race<T: Send + 'static>(
    state: &Arc<State>,
    racers: impl IntoIterator<Item = fn(&State) -> T>,
) -> Vec<T> {
    let threads: Vec<_> = racers
        .into_iter()
        .map(|racer| {
            let state = state.clone();
            thread::spawn(move || racer(&state))
        })
        .collect();
    let answers = threads.into_iter().map(|thread| thread.join().unwrap());
    answers.collect()
}

fn regular(state: &State) -> Generation {
    match state.admit(0, LOST) {
        Admission::Regular(generation) => generation,
        other => panic!("not closed: {other:?}"),
    }
}

/// Open, and ready for a probe from the time 10 on.
fn opened() -> (Arc<State>, Generation) {
    let state = Arc::new(State::new());
    let closed = regular(&state);
    assert!(state.trip(closed, 10));
    (state, closed)
}

fn is_probe(admission: Admission) -> bool {
    matches!(admission, Admission::Probe(_))
}

#[test]
fn one_probe_goes_out_however_many_ask() {
    model(|| {
        let (state, _) = opened();
        let ask: fn(&State) -> Admission = |state| state.admit(10, LOST);
        let answers = race(&state, [ask, ask, ask]);
        assert_eq!(
            answers
                .into_iter()
                .filter(|&answer| is_probe(answer))
                .count(),
            1
        );
        assert_eq!(state.phase(), Phase::HalfOpen { until: LOST });
    });
}

#[test]
fn a_probe_that_is_given_back_goes_out_again_and_never_twice_at_once() {
    model(|| {
        let (state, _) = opened();
        let flying = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (state, flying) = (state.clone(), flying.clone());
                thread::spawn(move || {
                    let Admission::Probe(probe) = state.admit(10, LOST) else {
                        return;
                    };
                    let others = flying.fetch_add(1, loom::sync::atomic::Ordering::AcqRel);
                    assert_eq!(others, 0, "two probes at once");
                    flying.fetch_sub(1, loom::sync::atomic::Ordering::AcqRel);
                    assert!(state.settle(probe, Phase::Open { until: 10 }));
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(is_probe(state.admit(10, LOST)), "a probe was lost");
    });
}

#[test]
fn late_answers_change_nothing() {
    model(|| {
        let (state, closed) = opened();
        let Admission::Probe(probe) = state.admit(10, LOST) else {
            panic!("no probe");
        };
        let late = {
            let state = state.clone();
            thread::spawn(move || {
                state.succeeded(closed);
                assert!(!state.failed(closed, 1, 99));
                assert!(!state.trip(closed, 99));
                assert!(!state.settle(closed, Phase::Open { until: 99 }));
            })
        };
        assert!(state.settle(probe, Phase::Closed { failures: 0 }));
        late.join().unwrap();
        assert_eq!(state.phase(), Phase::Closed { failures: 0 });
    });
}

#[test]
fn failures_in_a_row_open_it_exactly_once() {
    model(|| {
        let state = Arc::new(State::new());
        let fail: fn(&State) -> bool = |state| {
            let generation = match state.admit(0, LOST) {
                Admission::Regular(generation) => generation,
                _ => return false,
            };
            state.failed(generation, 2, 10)
        };
        let opened = race(&state, [fail, fail]);
        assert_eq!(opened.into_iter().filter(|&opened| opened).count(), 1);
        assert_eq!(state.phase(), Phase::Open { until: 10 });
    });
}

#[test]
fn rate_and_run_open_it_once_between_them() {
    model(|| {
        let state = Arc::new(State::new());
        let trip: fn(&State) -> bool = |state| state.trip(Generation::FIRST, 10);
        let fail: fn(&State) -> bool = |state| state.failed(Generation::FIRST, 1, 10);
        let opened = race(&state, [trip, fail]);
        assert_eq!(opened.into_iter().filter(|&opened| opened).count(), 1);
        assert_eq!(state.phase(), Phase::Open { until: 10 });
    });
}

#[test]
fn a_success_beside_a_failure_leaves_one_or_none() {
    model(|| {
        let state = Arc::new(State::new());
        let succeed: fn(&State) = |state| state.succeeded(Generation::FIRST);
        let fail: fn(&State) = |state| {
            state.failed(Generation::FIRST, 3, 10);
        };
        race(&state, [succeed, fail, fail]);
        let Phase::Closed { failures } = state.phase() else {
            panic!("open");
        };
        assert!(failures <= 2);
        state.failed(Generation::FIRST, failures + 1, 10);
        assert_eq!(state.phase(), Phase::Open { until: 10 });
    });
}

#[test]
fn a_probe_that_is_taken_for_lost_does_not_end_the_next() {
    model(|| {
        let (state, _) = opened();
        let Admission::Probe(lost) = state.admit(10, 20) else {
            panic!("no probe");
        };
        let next = {
            let state = state.clone();
            thread::spawn(move || state.admit(20, LOST))
        };
        let ended = state.settle(lost, Phase::Closed { failures: 0 });
        match next.join().unwrap() {
            Admission::Probe(_) => {
                assert!(!ended);
                assert_eq!(state.phase(), Phase::HalfOpen { until: LOST });
            }
            Admission::Regular(_) => assert!(ended),
            Admission::Refused => panic!("a probe was lost"),
        }
    });
}

#[test]
fn hurrying_loses_no_probe() {
    model(|| {
        let (state, _) = opened();
        let hurry = {
            let state = state.clone();
            thread::spawn(move || state.hurry())
        };
        let admission = state.admit(10, LOST);
        hurry.join().unwrap();
        let Admission::Probe(probe) = admission else {
            panic!("no probe");
        };
        assert!(state.settle(probe, Phase::Closed { failures: 0 }));
    });
}

#[test]
fn who_rings_is_heard_in_the_turn_or_wakes() {
    model(|| {
        let bell = Arc::new(Bell::new());
        let news = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let ring = |bell: &Bell, news: &loom::sync::atomic::AtomicUsize| {
            news.fetch_add(1, atomic::Ordering::SeqCst);
            bell.ring()
        };
        let ringers: Vec<_> = (0..2)
            .map(|_| {
                let (bell, news) = (bell.clone(), news.clone());
                thread::spawn(move || ring(&bell, &news))
            })
            .collect();
        let mut seen;
        loop {
            bell.begin();
            seen = news.load(atomic::Ordering::SeqCst);
            if bell.rest() {
                break;
            }
        }
        let woken = ringers.into_iter().map(|ringer| ringer.join().unwrap());
        let woken = woken.filter(|&woken| woken).count();
        assert!(seen + woken >= 2, "seen {seen}, woken for {woken}");
    });
}
