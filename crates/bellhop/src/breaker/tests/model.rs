//! A breaker against a model of it that has all calls of the past at hand, in any order of events.

use proptest::prelude::*;
use tokio::runtime::Builder;

use super::*;
use crate::breaker::state::Phase;

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    Answer(usize),
    Hear(usize),
    Finish(usize, Outcome),
    Overtake(usize),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        2 => Just(Outcome::Good),
        3 => Just(Outcome::Bad),
        1 => Just(Outcome::Overloaded),
        1 => Just(Outcome::Unsaid),
    ];
    prop_oneof![
        8 => Just(Step::Admit),
        2 => any::<usize>().prop_map(Step::Answer),
        1 => any::<usize>().prop_map(Step::Hear),
        8 => (any::<usize>(), outcome).prop_map(|(call, outcome)| Step::Finish(call, outcome)),
        2 => any::<usize>().prop_map(Step::Overtake),
        2 => prop_oneof![4 => 0..300u64, 2 => 300..3_000u64, 1 => 3_000..40_000u64].prop_map(Step::Advance),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Closed,
    Open { until: u64 },
    HalfOpen { lost: u64 },
}

/// A call on its way.
#[derive(Clone, Copy)]
struct Call {
    probe: bool,
    generation: u64,
    since: u64,
    answered: bool,
    done: bool,
}

struct Model {
    now: u64,
    mode: Mode,
    generation: u64,
    in_a_row: u32,
    calls: Vec<(u64, bool)>,
    openings: u32,
    closed_at: u64,
}

impl Model {
    fn new() -> Self {
        Self {
            now: 0,
            mode: Mode::Closed,
            generation: 0,
            in_a_row: 0,
            calls: Vec::new(),
            openings: 0,
            closed_at: 0,
        }
    }

    fn admit(&mut self) -> Option<Call> {
        let probe = match self.mode {
            Mode::Closed => false,
            Mode::Open { until } | Mode::HalfOpen { lost: until } if until > self.now => {
                return None;
            }
            _ => {
                let lost = self.now + 30_000;
                self.turn(Mode::HalfOpen { lost });
                true
            }
        };
        Some(Call {
            probe,
            generation: self.generation,
            since: self.now,
            answered: false,
            done: false,
        })
    }

    fn turn(&mut self, mode: Mode) {
        self.mode = mode;
        self.generation += 1;
    }

    /// Ends a call. Where that opens the breaker, how long is its own choice; the model only knows the bounds.
    fn finish(&mut self, call: &mut Call, outcome: Outcome) -> Option<(u64, u64)> {
        if std::mem::replace(&mut call.done, true) || call.generation != self.generation {
            return None;
        }
        let good = outcome == Outcome::Good;
        match (call.probe, good) {
            (true, true) => {
                self.turn(Mode::Closed);
                self.calls.clear();
                self.in_a_row = 0;
                self.closed_at = self.now;
                None
            }
            (true, false) => Some(self.open(self.openings + 1)),
            (false, true) => {
                self.calls.push((call.since, false));
                self.in_a_row = 0;
                None
            }
            (false, false) => {
                self.calls.push((self.now, true));
                self.in_a_row += 1;
                let forgotten = self.now - self.closed_at >= 30_000;
                let before = if forgotten { 0 } else { self.openings };
                self.opens().then(|| self.open(before + 1))
            }
        }
    }

    fn opens(&self) -> bool {
        let recent = |at: u64| at / 1_000 + 10 > self.now / 1_000;
        let calls: Vec<_> = self.calls.iter().filter(|(at, _)| recent(*at)).collect();
        let failures = calls.iter().filter(|(_, failed)| *failed).count();
        self.in_a_row >= 5 || calls.len() >= 20 && 2 * failures >= calls.len()
    }

    fn open(&mut self, openings: u32) -> (u64, u64) {
        self.openings = openings;
        self.turn(Mode::Open { until: self.now });
        let least = (500u64 << (openings - 1).min(20)).min(20_000);
        (least, (least * 3 / 2).min(30_000))
    }

    /// A call that another attempt has overtaken.
    fn overtaken(&mut self, call: &mut Call) -> Option<(u64, u64)> {
        if !call.answered && self.now - call.since >= 250 {
            return self.finish(call, Outcome::Bad);
        }
        self.give_back(call);
        None
    }

    fn give_back(&mut self, call: &mut Call) {
        if !std::mem::replace(&mut call.done, true)
            && call.probe
            && call.generation == self.generation
        {
            self.turn(Mode::Open { until: 0 });
        }
    }
}

/// Takes a step in both; `Err` where they differ.
async fn take(
    step: Step,
    subject: &Subject,
    model: &mut Model,
    calls: &mut Vec<(Ticket, Call)>,
) -> Result<(), TestCaseError> {
    let count = calls.len().max(1);
    let opened = match step {
        Step::Advance(millis) => {
            advance(ms(millis)).await;
            model.now += millis;
            None
        }
        Step::Admit => {
            let (ticket, call) = (subject.admit(), model.admit());
            prop_assert_eq!(ticket.is_some(), call.is_some());
            calls.extend(ticket.zip(call));
            None
        }
        Step::Overtake(index) if index % count < calls.len() => {
            let (ticket, mut call) = calls.swap_remove(index % count);
            overtaken(ticket);
            model.overtaken(&mut call)
        }
        Step::Answer(index) | Step::Hear(index) | Step::Finish(index, _) => {
            let Some((ticket, call)) = calls.get_mut(index % count) else {
                return Ok(());
            };
            match step {
                Step::Answer(_) => {
                    ticket.answered(None);
                    call.answered = true;
                    let slow = model.now - call.since >= 1_000;
                    slow.then(|| model.finish(call, Outcome::Bad)).flatten()
                }
                Step::Finish(_, Outcome::Unsaid) => {
                    ticket.finish(Outcome::Unsaid);
                    model.give_back(call);
                    None
                }
                Step::Finish(_, outcome) => {
                    ticket.finish(outcome);
                    model.finish(call, outcome)
                }
                _ => {
                    ticket.heard();
                    let probe = call.probe;
                    probe.then(|| model.finish(call, Outcome::Good)).flatten()
                }
            }
        }
        Step::Overtake(_) => None,
    };
    compare(subject, model, opened)
}

fn compare(
    subject: &Subject,
    model: &mut Model,
    opened: Option<(u64, u64)>,
) -> Result<(), TestCaseError> {
    let mode = subject.breaker.mode();
    if let (Some((least, most)), Mode::Open { until }) = (opened, mode) {
        let open = until - model.now;
        prop_assert!((least..=most).contains(&open), "{open} {least} {most}");
        model.mode = mode;
    }
    prop_assert_eq!(mode, model.mode);
    if let Some(trouble) = subject.breaker.trouble() {
        prop_assert_eq!(trouble.openings, u64::from(model.openings));
    }
    Ok(())
}

impl Breaker {
    fn mode(&self) -> Mode {
        match self.phase() {
            Phase::Closed { .. } => Mode::Closed,
            Phase::Open { until } => Mode::Open { until },
            Phase::HalfOpen { until } => Mode::HalfOpen { lost: until },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn it_does_what_the_model_does(steps in proptest::collection::vec(step(), 0..400)) {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (subject, mut model) = (Subject::new(), Model::new());
            let mut calls = Vec::new();
            for step in steps {
                take(step, &subject, &mut model, &mut calls).await?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
