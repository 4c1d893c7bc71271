//! The rules of a view once more, by way of its whole history.

use super::*;

/// The rules once more, as they are told: slow, and with nothing remembered but what was said.
#[derive(Default)]
pub(super) struct Model {
    /// When, and what: the states where somebody answered who knows.
    history: Vec<(u64, Step)>,
    pub(super) told: BTreeSet<&'static str>,
    pub(super) spare: BTreeSet<&'static str>,
    pub(super) unproven: BTreeSet<&'static str>,
    /// Since they were registered, or since before they were held.
    passed: BTreeSet<&'static str>,
    panics: bool,
    /// When they were deregistered for an illness that was not believed.
    reaped: BTreeMap<&'static str, u64>,
    now: u64,
}

impl Model {
    pub(super) fn step(&mut self, step: &Step) {
        if let Step::Wait(seconds) = step {
            self.now += seconds;
        }
        self.reap(step);
        self.history.push((self.now, step.clone()));
        let knows = match step {
            Step::Fail => return,
            Step::Answer {
                behind: true,
                states,
                ..
            } => {
                self.told.extend(passing(*states));
                self.passed.extend(passing(*states));
                self.spare.retain(|id| !self.told.contains(id));
                self.unproven.retain(|id| !self.told.contains(id));
                return;
            }
            Step::Answer { .. } => true,
            Step::Wait(_) => !self.is_away(),
        };
        if knows && self.last().is_some() {
            self.judge();
            let of = |is: fn(&Self, &'static str) -> bool| {
                let ids = IDS.into_iter().filter(|id| is(self, id));
                ids.collect::<BTreeSet<_>>()
            };
            let (told, spare) = (of(Self::serves), of(Self::is_spare));
            let unproven = of(Self::is_unproven);
            (self.told, self.spare, self.unproven) = (told, spare, unproven);
        }
    }

    /// Before the step is history.
    fn reap(&mut self, step: &Step) {
        let Step::Answer {
            behind: false,
            states,
            ..
        } = step
        else {
            return;
        };
        let before = self.last().unwrap_or([Is::Absent; 4]);
        for (at, id) in IDS.into_iter().enumerate() {
            let called = self.told.contains(id)
                || self.told.is_empty() && (self.spare.contains(id) || self.unproven.contains(id));
            let stayed = before[at] == Is::Critical && called;
            if stayed && states[at] == Is::Absent {
                self.reaped.insert(id, self.now);
            } else if states[at] == Is::Passing {
                self.reaped.remove(id);
            }
        }
    }

    fn judge(&mut self) {
        let (mut well, mut ill) = (0, 0);
        let mut passed = BTreeSet::new();
        for (id, is) in IDS.into_iter().zip(self.last().unwrap()) {
            let passed_before = self.passed.contains(id);
            let has_passed = match is {
                Is::Passing => true,
                Is::Critical => passed_before,
                Is::Absent => passed_before && self.is_held(id),
                Is::Withdrawn => false,
            };
            let is_ill = is == Is::Critical || is == Is::Absent && self.is_reaped(id);
            well += usize::from(is == Is::Passing);
            ill += usize::from(has_passed && is_ill);
            passed.extend(has_passed.then_some(id));
        }
        self.passed = passed;
        self.panics = 2 * well < well + ill;
    }

    /// The last answer of somebody who knows.
    fn last(&self) -> Option<[Is; 4]> {
        self.history.iter().rev().find_map(|(_, step)| match step {
            Step::Answer {
                behind: false,
                states,
                ..
            } => Some(*states),
            _ => None,
        })
    }

    /// Whether the last that was heard was no good.
    fn is_away(&self) -> bool {
        let heard = self
            .history
            .iter()
            .rev()
            .find(|(_, step)| !matches!(step, Step::Wait(_)));
        !matches!(heard, Some((_, Step::Answer { behind: false, .. })))
    }

    /// Where in the history the registry came back the last time.
    fn back(&self) -> Option<usize> {
        let (mut away, mut back) = (true, None);
        // Whether there is something to compare what is named with.
        let mut compares = false;
        for (at, (_, step)) in self.history.iter().enumerate() {
            match step {
                Step::Wait(_) => {}
                Step::Fail | Step::Answer { behind: true, .. } => away = true,
                Step::Answer {
                    time,
                    silenced,
                    states,
                    ..
                } => {
                    let set_back = match time {
                        Time::Later => false,
                        Time::Earlier => true,
                        // That shows in what it names alone.
                        Time::EarlierAndOn => compares && *states != [Is::Absent; 4],
                    };
                    compares = !silenced || compares && !set_back;
                    if away || set_back || *silenced {
                        back = Some(at);
                    }
                    away = false;
                }
            }
        }
        back
    }

    fn serves(&self, id: &'static str) -> bool {
        let index = IDS.iter().position(|known| *known == id).unwrap();
        let states = self.last().unwrap();
        match states[index] {
            Is::Passing => true,
            Is::Withdrawn => false,
            Is::Absent => self.told.contains(id) && self.is_held(id),
            Is::Critical => {
                self.told.contains(id) && self.is_held(id)
                    || self.panics && self.passed.contains(id)
            }
        }
    }

    /// Critical, after it has passed, and not called for all that; or held as that.
    fn is_spare(&self, id: &'static str) -> bool {
        let critical = self.is_critical(id) && self.passed.contains(id) && !self.serves(id);
        critical || self.spare.contains(id) && self.is_unnamed(id)
    }

    /// Critical, and has never passed; or held as that.
    fn is_unproven(&self, id: &'static str) -> bool {
        let critical = self.is_critical(id) && !self.passed.contains(id);
        critical || self.unproven.contains(id) && self.is_unnamed(id)
    }

    fn is_critical(&self, id: &'static str) -> bool {
        let index = IDS.iter().position(|known| *known == id).unwrap();
        self.last().unwrap()[index] == Is::Critical
    }

    /// Not named in any state, and held.
    fn is_unnamed(&self, id: &'static str) -> bool {
        let index = IDS.iter().position(|known| *known == id).unwrap();
        self.last().unwrap()[index] == Is::Absent && self.is_held(id)
    }

    fn is_known(&self, id: &'static str) -> bool {
        let known = [&self.told, &self.spare, &self.unproven];
        known.iter().any(|ids| ids.contains(id))
    }

    /// Either deregistered for an illness that was not believed, or known before the registry came back and not named as serving
    /// since; and the grace runs.
    fn is_held(&self, id: &'static str) -> bool {
        if self.is_reaped(id) {
            return true;
        }
        let Some(back) = self.back() else {
            return false;
        };
        let since = &self.history[back..];
        let named = since.iter().any(|(_, step)| {
            matches!(step, Step::Answer { states, behind: false, .. } if passing(*states).contains(id))
        });
        self.is_known(id) && !named && self.now < self.history[back].0 + GRACE.as_secs()
    }

    /// Called when it was deregistered for being critical, and it has not been well since; and the grace runs.
    fn is_reaped(&self, id: &'static str) -> bool {
        let reaped = self.reaped.get(id);
        self.is_known(id) && reaped.is_some_and(|at| self.now < at + GRACE.as_secs())
    }
}

fn passing(states: [Is; 4]) -> BTreeSet<&'static str> {
    let ids = IDS.into_iter().zip(states);
    ids.filter(|(_, is)| *is == Is::Passing)
        .map(|(id, _)| id)
        .collect()
}
