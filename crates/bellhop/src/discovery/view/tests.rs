//! The view against a model that goes through the whole history at each step.

mod model;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use self::model::Model;
use super::*;
use crate::discovery::{
    diff::test::{apply, instance},
    marks::test::marks,
};

const GRACE: Duration = Duration::from_secs(60);
const IDS: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Absent,
    Passing,
    Critical,
    Withdrawn,
}

#[derive(Clone, Debug)]
enum Step {
    Fail,
    Wait(u64),
    Answer {
        time: Time,
        behind: bool,
        silenced: bool,
        states: [Is; 4],
    },
}

/// Of what time an answer is, by its index and by when those whom it names were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Later,
    Earlier,
    /// Earlier, and something was written since: the index has gone forward.
    EarlierAndOn,
}

/// One of somebody who knows.
fn answer(time: Time, states: [Is; 4]) -> Step {
    Step::Answer {
        time,
        behind: false,
        silenced: false,
        states,
    }
}

fn later(states: [Is; 4]) -> Step {
    answer(Time::Later, states)
}

fn step() -> impl Strategy<Value = Step> {
    let is = prop_oneof![
        3 => Just(Is::Absent),
        5 => Just(Is::Passing),
        2 => Just(Is::Critical),
        1 => Just(Is::Withdrawn)
    ];
    let time = prop_oneof![
        8 => Just(Time::Later),
        1 => Just(Time::Earlier),
        1 => Just(Time::EarlierAndOn)
    ];
    let answer = (
        time,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.05),
        prop::array::uniform4(is),
    )
        .prop_map(|(time, behind, silenced, states)| Step::Answer {
            time,
            behind,
            silenced,
            states: if silenced { [Is::Absent; 4] } else { states },
        });
    prop_oneof![1 => Just(Step::Fail), 2 => (1_u64..70).prop_map(Step::Wait), 5 => answer]
}

fn serving(states: [Is; 4]) -> Serving {
    let of = |wanted: Is| {
        let ids = IDS.into_iter().zip(states);
        ids.filter(move |(_, is)| *is == wanted)
            .map(|(id, _)| InstanceId::new(id))
    };
    let instances = |wanted| {
        of(wanted)
            .map(|id| (id.clone(), instance(id.as_str())))
            .collect()
    };
    Serving {
        instances: instances(Is::Passing),
        critical: instances(Is::Critical),
        withdrawn: of(Is::Withdrawn).collect(),
        unusable: BTreeSet::new(),
        registered: states.iter().filter(|is| **is != Is::Absent).count(),
    }
}

/// Takes the steps; after each, what was done to a set of one's own by the changes, and the view.
struct Run {
    view: View,
    set: Told,
    now: Instant,
    index: u64,
    /// An index before all that was written.
    old: u64,
}

impl Run {
    fn new() -> Self {
        Self {
            view: View::new(Some(GRACE)),
            set: Told::new(),
            now: Instant::now(),
            index: 1 << 40,
            old: 1 << 10,
        }
    }

    fn step(&mut self, step: &Step) {
        let changes = match step {
            Step::Fail => {
                self.view.failed();
                Vec::new()
            }
            Step::Wait(seconds) => {
                self.now += Duration::from_secs(*seconds);
                match self.view.changes_at() {
                    Some(at) if at <= self.now => self.view.wait(self.now),
                    _ => Vec::new(),
                }
            }
            Step::Answer {
                time,
                behind,
                silenced,
                states,
            } => {
                if !behind {
                    self.index = match time {
                        // By less than half of what is left, so that it always can.
                        Time::Earlier => self.index / 2,
                        Time::Later | Time::EarlierAndOn => self.index + 1,
                    };
                }
                let written = match time {
                    Time::Later if !behind => self.index,
                    _ => {
                        self.old -= 1;
                        self.old
                    }
                };
                let ids = IDS.into_iter().zip(states);
                let named = ids.filter(|(_, is)| **is != Is::Absent);
                let named: Vec<_> = named.map(|(id, _)| (id, written)).collect();
                let reading = Reading {
                    index: Some(self.index),
                    marks: marks(self.index, &named),
                    behind: *behind,
                    silenced: *silenced,
                };
                self.view.answered(self.now, reading, serving(*states))
            }
        };
        for change in changes {
            apply(&mut self.set, change);
        }
    }

    fn ids(&self) -> BTreeSet<&str> {
        self.of(|member| member.is_called())
    }

    fn spare(&self) -> BTreeSet<&str> {
        self.of(|member| member.standing == Standing::Spare)
    }

    fn unproven(&self) -> BTreeSet<&str> {
        self.of(|member| member.standing == Standing::Unproven)
    }

    fn of(&self, is: fn(&Member) -> bool) -> BTreeSet<&str> {
        let members = self.set.iter().filter(|(_, member)| is(member));
        members.map(|(id, _)| id.as_str()).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whoever_serves_by_the_rules_is_told(steps in prop::collection::vec(step(), 1..24)) {
        let (mut run, mut model) = (Run::new(), Model::default());
        for step in &steps {
            run.step(step);
            model.step(step);
            prop_assert_eq!(&run.set, run.view.told());
            prop_assert_eq!(run.ids(), model.told.clone(), "after {:?}", step);
            prop_assert_eq!(run.spare(), model.spare.clone(), "after {:?}", step);
            prop_assert_eq!(run.unproven(), model.unproven.clone(), "after {:?}", step);
        }
    }

    #[test]
    fn nobody_is_lost_to_a_registry_that_forgot_until_all_are_back(
        order in Just(IDS.to_vec()).prop_shuffle(),
        waits in prop::collection::vec(0_u64..14, 4),
        fails in any::<bool>(),
    ) {
        let all = [Is::Passing; 4];
        let mut run = Run::new();
        run.step(&later(all));
        run.step(&Step::Wait(100));
        if fails {
            run.step(&Step::Fail);
        }
        // It has forgotten all, and they come back one by one.
        let mut states = [Is::Absent; 4];
        run.step(&answer(Time::Earlier, states));
        for (id, wait) in order.iter().zip(waits) {
            prop_assert_eq!(run.ids().len(), 4);
            run.step(&Step::Wait(wait));
            states[IDS.iter().position(|known| known == id).unwrap()] = Is::Passing;
            run.step(&later(states));
        }
        prop_assert!(run.set.values().all(|member| member.standing == Standing::Vouched));
        // From then on a departure counts at once.
        run.step(&later([Is::Absent, Is::Passing, Is::Passing, Is::Passing]));
        prop_assert_eq!(run.ids(), BTreeSet::from(["b", "c", "d"]));
    }
}

#[test]
fn one_that_comes_back_under_another_id_has_one_turn() {
    let mut run = Run::new();
    let all = [Is::Passing, Is::Absent, Is::Absent, Is::Absent];
    run.step(&later(all));
    run.step(&Step::Fail);
    let mut other = serving(all);
    let instance = other.instances.remove(&InstanceId::new("a")).unwrap();
    other.instances.insert(InstanceId::new("b"), instance);
    let reading = Reading {
        index: Some(1 << 41),
        ..Reading::default()
    };
    run.view.answered(run.now, reading, other);
    let told: Vec<_> = run.view.told().keys().map(InstanceId::as_str).collect();
    assert_eq!(told, ["b"]);
}

#[test]
fn who_is_deregistered_for_checks_that_fail_for_all_stays_and_comes_back() {
    let mut run = Run::new();
    let all = BTreeSet::from(IDS);
    run.step(&later([Is::Passing; 4]));
    run.step(&Step::Wait(100));
    run.step(&later([Is::Critical; 4]));
    run.step(&Step::Wait(100));
    // One after the other, and then some register again.
    for states in [
        [Is::Absent, Is::Critical, Is::Critical, Is::Critical],
        [Is::Absent, Is::Absent, Is::Absent, Is::Critical],
        [Is::Absent; 4],
        [Is::Critical, Is::Critical, Is::Absent, Is::Absent],
    ] {
        run.step(&later(states));
        assert_eq!(run.ids(), all, "{states:?}");
        run.step(&Step::Wait(1));
    }
    // Who does not is let go, and the others stay; so they do when it happens again.
    run.step(&Step::Wait(GRACE.as_secs()));
    assert_eq!(run.ids(), BTreeSet::from(["a", "b"]));
    run.step(&later([Is::Absent; 4]));
    assert_eq!(run.ids(), BTreeSet::from(["a", "b"]));
}

#[test]
fn who_registers_as_critical_after_an_outage_stays_when_the_grace_is_over() {
    let stay = |run: &mut Run, time| {
        run.step(&answer(time, [Is::Absent; 4]));
        run.step(&later([Is::Critical; 4]));
        run.step(&Step::Wait(GRACE.as_secs()));
        assert_eq!(run.ids(), BTreeSet::from(IDS));
    };
    let mut run = Run::new();
    run.step(&later([Is::Passing; 4]));
    run.step(&Step::Wait(100));
    stay(&mut run, Time::Earlier);

    // So do those whom an earlier process has left.
    let mut run = Run::new();
    let cached = serving([Is::Passing; 4]).instances;
    for change in run.view.remember(cached) {
        apply(&mut run.set, change);
    }
    stay(&mut run, Time::Later);
}

#[test]
fn who_was_never_well_is_kept_apart_until_it_is() {
    let mut run = Run::new();
    run.step(&later([
        Is::Critical,
        Is::Critical,
        Is::Withdrawn,
        Is::Absent,
    ]));
    assert_eq!(run.unproven(), BTreeSet::from(["a", "b"]));
    assert!(!run.view.panics());
    run.step(&later([
        Is::Passing,
        Is::Critical,
        Is::Withdrawn,
        Is::Absent,
    ]));
    assert_eq!(run.ids(), BTreeSet::from(["a"]));
    assert_eq!(run.unproven(), BTreeSet::from(["b"]));
    run.step(&later([
        Is::Critical,
        Is::Critical,
        Is::Withdrawn,
        Is::Absent,
    ]));
    assert_eq!(run.ids(), BTreeSet::from(["a"]));
    assert_eq!(run.unproven(), BTreeSet::from(["b"]));
}

#[test]
fn where_all_are_unproven_who_is_deregistered_stays() {
    let all = BTreeSet::from(IDS);
    let mut run = Run::new();
    run.step(&later([Is::Critical; 4]));
    run.step(&Step::Wait(GRACE.as_secs()));
    run.step(&later([Is::Absent; 4]));
    assert_eq!(run.unproven(), all);
    run.step(&later([Is::Critical; 4]));
    run.step(&Step::Wait(GRACE.as_secs()));
    assert_eq!(run.unproven(), all);
    // Beside one that is called nobody waits for them.
    run.step(&later([
        Is::Passing,
        Is::Critical,
        Is::Critical,
        Is::Critical,
    ]));
    run.step(&later([Is::Passing, Is::Absent, Is::Absent, Is::Absent]));
    assert_eq!(run.unproven(), BTreeSet::new());
}
