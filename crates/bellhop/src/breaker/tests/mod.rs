//! Breakers with the clock paused.

mod model;

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use tokio::time::{Instant, advance};

use super::{Breaker, Change, Gate, Observer, Outcome, Settings, Ticket, overtaken};
use crate::discovery::InstanceId;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Writes down what has changed.
#[derive(Default)]
struct Notes(Mutex<Vec<Change>>);

impl Observer for Notes {
    fn changed(&self, _: &InstanceId, change: Change) {
        self.0.lock().unwrap().push(change);
    }
}

struct Subject {
    breaker: Arc<Breaker>,
    gate: Arc<Gate>,
    notes: Arc<Notes>,
}

fn settings() -> Settings {
    Settings {
        slow: Some(ms(1_000)),
        overdue: Some(ms(250)),
        ..Settings::default()
    }
}

impl Subject {
    fn new() -> Self {
        Self::with(settings())
    }

    fn with(settings: Settings) -> Self {
        let notes = Arc::<Notes>::default();
        let observer: Weak<dyn Observer> = Arc::downgrade(&(notes.clone() as Arc<dyn Observer>));
        let id = InstanceId::new("a");
        let breaker = Arc::new(Breaker::new(id, settings, Instant::now(), observer));
        Self {
            gate: Gate::new(breaker.clone()),
            breaker,
            notes,
        }
    }

    fn admit(&self) -> Option<Ticket> {
        self.gate.admit(Instant::now())
    }

    /// Calls with this outcome, as long as they are let through.
    fn call(&self, times: usize, outcome: Outcome) {
        for _ in 0..times {
            self.admit().expect("let through").finish(outcome);
        }
    }

    fn is_closed(&self) -> bool {
        self.breaker.trouble().is_none()
    }

    fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.notes.0.lock().unwrap())
    }

    /// How long it takes until a call is let through again; it is let through.
    async fn reopens_after(&self) -> (Duration, Ticket) {
        let start = Instant::now();
        loop {
            advance(ms(1)).await;
            if let Some(ticket) = self.admit() {
                return (start.elapsed(), ticket);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_open_it() {
    let subject = Subject::new();
    subject.call(4, Outcome::Bad);
    subject.call(1, Outcome::Good);
    subject.call(4, Outcome::Bad);
    assert!(subject.is_closed());
    subject.call(1, Outcome::Bad);
    assert_eq!(subject.changes(), [Change::Opened]);
    assert!(subject.admit().is_none());
}

#[tokio::test(start_paused = true)]
async fn half_of_twenty_open_it() {
    let subject = Subject::new();
    for _ in 0..9 {
        subject.call(1, Outcome::Bad);
        subject.call(1, Outcome::Good);
    }
    subject.call(1, Outcome::Bad);
    assert!(subject.is_closed(), "nineteen calls say nothing");
    subject.call(1, Outcome::Bad);
    assert!(!subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_window_is_forgotten() {
    let subject = Subject::new();
    for _ in 0..9 {
        subject.call(1, Outcome::Bad);
        subject.call(1, Outcome::Good);
    }
    advance(ms(10_000)).await;
    subject.call(3, Outcome::Bad);
    subject.call(20, Outcome::Good);
    assert!(subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn one_probe_decides() {
    let subject = Subject::new();
    subject.call(5, Outcome::Bad);
    let (_, mut probe) = subject.reopens_after().await;
    assert!(subject.admit().is_none(), "one probe at a time");
    probe.finish(Outcome::Good);
    assert_eq!(subject.changes(), [Change::Opened, Change::Closed]);
    subject.call(100, Outcome::Good);
}

#[tokio::test(start_paused = true)]
async fn it_stays_open_longer_each_time_up_to_a_cap() {
    let subject = Subject::new();
    subject.call(5, Outcome::Bad);
    for least in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000] {
        let (open, mut probe) = subject.reopens_after().await;
        assert!(open >= ms(least) && open <= ms(30_000).min(ms(least) * 3 / 2 + ms(1)));
        probe.finish(Outcome::Bad);
    }
}

#[tokio::test(start_paused = true)]
async fn those_that_open_together_do_not_probe_together() {
    let mut times = Vec::new();
    for _ in 0..100 {
        let subject = Subject::new();
        subject.call(5, Outcome::Bad);
        times.push(subject.reopens_after().await.0);
    }
    times.sort_unstable();
    assert!(times[0] < ms(600) && times[99] > ms(650), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_while_without_failures_makes_it_forget() {
    let subject = Subject::new();
    subject.call(5, Outcome::Bad);
    for _ in 0..5 {
        subject.reopens_after().await.1.finish(Outcome::Bad);
    }
    subject.reopens_after().await.1.finish(Outcome::Good);
    subject.call(5, Outcome::Bad);
    let (open, mut probe) = subject.reopens_after().await;
    assert!(open >= ms(16_000), "it was well for no time: {open:?}");
    probe.finish(Outcome::Good);

    advance(ms(30_000)).await;
    subject.call(5, Outcome::Bad);
    assert!(subject.reopens_after().await.0 <= ms(751));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_is_given_back() {
    let subject = Subject::new();
    subject.call(5, Outcome::Bad);
    let (_, probe) = subject.reopens_after().await;
    drop(probe);
    let again = subject.admit().expect("given back");
    again.give_back();
    subject.admit().expect("given back").finish(Outcome::Good);
    assert!(subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_lost_does_not_keep_others_out_for_ever() {
    let subject = Subject::new();
    subject.call(5, Outcome::Bad);
    let (_, mut lost) = subject.reopens_after().await;
    let (after, mut probe) = subject.reopens_after().await;
    assert_eq!(after, ms(30_000));
    lost.finish(Outcome::Good);
    assert!(!subject.is_closed(), "it has counted as lost");
    probe.finish(Outcome::Good);
    assert!(subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn late_answers_of_another_time_count_for_nothing() {
    let subject = Subject::new();
    let late: Vec<_> = (0..20).map(|_| subject.admit().unwrap()).collect();
    subject.call(5, Outcome::Bad);
    let (_, mut probe) = subject.reopens_after().await;
    for (index, mut ticket) in late.into_iter().enumerate() {
        let outcome = if index < 10 {
            Outcome::Good
        } else {
            Outcome::Bad
        };
        ticket.finish(outcome);
    }
    assert_eq!(subject.changes(), [Change::Opened]);
    probe.finish(Outcome::Good);
    assert!(subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn who_is_overtaken_when_overdue_has_failed() {
    let subject = Subject::new();
    let tickets = || -> Vec<_> { (0..5).map(|_| subject.admit().unwrap()).collect() };
    let early = tickets();
    advance(ms(249)).await;
    overtaken(early);
    assert!(subject.is_closed(), "overtaken in time says nothing");

    let left = tickets();
    advance(ms(2_000)).await;
    drop(left);
    assert!(subject.is_closed(), "neither does a caller that leaves");

    let late = tickets();
    advance(ms(250)).await;
    overtaken(late);
    assert!(!subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_is_a_failure_however_short() {
    let subject = Subject::new();
    for _ in 0..5 {
        let mut ticket = subject.admit().unwrap();
        ticket.bound(Some(ms(50)));
        advance(ms(50)).await;
    }
    assert!(!subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_has_begun_in_time_is_not_overdue() {
    let subject = Subject::new();
    for _ in 0..5 {
        let mut ticket = subject.admit().unwrap();
        ticket.answered(None);
        advance(ms(5_000)).await;
    }
    assert!(subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn who_cancels_a_call_whose_time_is_over_has_failed() {
    let subject = Subject::new();
    for _ in 0..10 {
        let mut ticket = subject.admit().unwrap();
        ticket.answered(Some(Outcome::Unsaid));
    }
    assert!(subject.is_closed());
    for _ in 0..5 {
        let mut ticket = subject.admit().unwrap();
        ticket.bound(Some(ms(50)));
        advance(ms(50)).await;
        ticket.answered(Some(Outcome::Unsaid));
    }
    assert!(!subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_begins_late_is_a_failure() {
    let subject = Subject::new();
    for _ in 0..5 {
        let mut ticket = subject.admit().unwrap();
        advance(ms(1_000)).await;
        ticket.answered(None);
        ticket.finish(Outcome::Good);
    }
    assert!(!subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_probe_need_not_wait_for_the_end_of_a_stream() {
    let subject = Subject::new();
    subject.call(5, Outcome::Bad);
    let (_, mut probe) = subject.reopens_after().await;
    probe.answered(None);
    assert!(!subject.is_closed());
    probe.heard();
    assert!(subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn who_is_exempt_stays_in_turn_and_is_still_probed() {
    let subject = Subject::new();
    subject.call(5, Outcome::Bad);
    subject.breaker.set_exempt(true);
    subject.call(10, Outcome::Good);
    subject.call(10, Outcome::Bad);
    assert_eq!(
        subject.changes(),
        [Change::Opened],
        "they count for nothing"
    );
    subject.breaker.set_exempt(false);
    let (open, mut probe) = subject.reopens_after().await;
    assert!(open <= ms(751));
    subject.breaker.set_exempt(true);
    subject.call(10, Outcome::Bad);
    probe.finish(Outcome::Good);
    assert!(subject.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_is_probed_at_once() {
    let subject = Subject::new();
    subject.call(5, Outcome::Bad);
    subject.breaker.hurry();
    assert!(!subject.is_closed());
    subject.admit().expect("a probe").finish(Outcome::Good);
    assert!(subject.is_closed());
}
