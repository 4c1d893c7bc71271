//! What a registry's silence about an instance is worth.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

use super::{InstanceId, marks::Marks};

/// Whether to believe a registry that no longer names an instance as serving.
///
/// A registry that was away, or that has lost its memory, first has to hear from everybody again. So for a grace time after
/// it is back its "no" counts only for those to whom it has said "yes" since. In quiet times a "no" counts at once, but for
/// those who were deregistered for an illness that was not believed: each of them has as long to register again and be well.
#[derive(Debug)]
pub(crate) struct Hold {
    /// `None` where every "no" counts at once.
    grace: Option<Duration>,
    phase: Phase,
    /// Who was deregistered for being ill, and until when it is waited for.
    reaped: BTreeMap<InstanceId, Instant>,
    /// That of the last answer.
    index: u64,
    /// Those of the last answer that may have named everybody.
    marks: Marks,
    set_back: bool,
}

#[derive(Debug)]
enum Phase {
    /// It does not answer, or answers without knowing.
    Away,
    /// It has answered again.
    Back {
        /// Until when registrations are waited for.
        until: Instant,
        /// Who was named as serving since.
        named: BTreeSet<InstanceId>,
    },
    Settled,
}

/// How an answer is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `X-Consul-Index`.
    pub(crate) index: Option<u64>,
    /// When what it names was written.
    pub(crate) marks: Marks,
    /// Whoever answered may be behind the others.
    pub(crate) behind: bool,
    /// Whoever answered was not allowed to name anybody, or may not have been.
    pub(crate) silenced: bool,
}

impl Hold {
    pub(crate) fn new(grace: Option<Duration>) -> Self {
        Self {
            grace,
            phase: Phase::Away,
            reaped: BTreeMap::new(),
            index: 0,
            marks: Marks::default(),
            set_back: false,
        }
    }

    /// Follows a failure.
    pub(crate) fn failed(&mut self) {
        self.phase = Phase::Away;
    }

    /// Follows an answer that names these as serving.
    pub(crate) fn answered<'a>(
        &mut self,
        now: Instant,
        reading: Reading,
        serving: impl IntoIterator<Item = &'a InstanceId>,
    ) {
        self.set_back = false;
        if reading.behind {
            self.phase = Phase::Away;
            return;
        }
        let backwards = reading.index.is_some_and(|index| index < self.index);
        // One that may name more than it might before, and does not say so, seems to contradict itself: those who are gone stay for a
        // grace time, while they answer.
        let contradicts = reading.marks.contradict(&self.marks);
        self.set_back = backwards || contradicts;
        self.index = reading.index.unwrap_or(self.index);
        if !reading.silenced {
            self.marks = reading.marks;
        } else if self.set_back {
            self.marks = Marks::default();
        }
        if self.set_back || reading.silenced || matches!(self.phase, Phase::Away) {
            self.phase = match self.grace {
                None => Phase::Settled,
                Some(grace) => Phase::Back {
                    until: now + grace,
                    named: BTreeSet::new(),
                },
            };
        }
        self.wait(now);
        for id in serving {
            self.reaped.remove(id);
            if let Phase::Back { named, .. } = &mut self.phase {
                named.insert(id.clone());
            }
        }
    }

    /// Follows that these were deregistered, and that their illness was not believed.
    pub(crate) fn reap(&mut self, now: Instant, ids: impl IntoIterator<Item = InstanceId>) {
        if let Some(grace) = self.grace {
            let ids = ids.into_iter().map(|id| (id, now + grace));
            self.reaped.extend(ids);
        }
    }

    /// Those of them who have not been well since.
    pub(crate) fn reaped(&self) -> impl Iterator<Item = &InstanceId> {
        self.reaped.keys()
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, now: Instant) {
        self.reaped.retain(|_, until| *until > now);
        if matches!(self.phase, Phase::Back { until, .. } if until <= now) {
            self.phase = Phase::Settled;
        }
    }

    /// When a grace time is over, where one runs.
    pub(crate) fn ends(&self) -> Option<Instant> {
        let reaped = self.reaped.values().min().copied();
        match self.phase {
            Phase::Away => None,
            Phase::Back { until, .. } => Some(reaped.map_or(until, |reaped| reaped.min(until))),
            Phase::Settled => reaped,
        }
    }

    /// Whether the last answer was of an earlier time than the one before.
    pub(crate) fn was_set_back(&self) -> bool {
        self.set_back
    }

    /// Whether the registry has had time enough to hear from everybody.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Settled)
    }

    /// Whether an instance that is not named as serving is to be kept all the same.
    pub(crate) fn keeps(&self, id: &InstanceId) -> bool {
        let doubted = match &self.phase {
            Phase::Away => self.grace.is_some(),
            Phase::Back { named, .. } => !named.contains(id),
            Phase::Settled => false,
        };
        doubted || self.reaped.contains_key(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::marks::test::marks;

    const GRACE: Duration = Duration::from_secs(60);

    fn at(index: u64) -> Reading {
        Reading {
            index: Some(index),
            ..Reading::default()
        }
    }

    /// With when those who are named were written.
    fn written(index: u64, instances: &[(&str, u64)]) -> Reading {
        Reading {
            marks: marks(index, instances),
            ..at(index)
        }
    }

    struct Try {
        hold: Hold,
        now: Instant,
    }

    impl Try {
        fn settled(grace: Option<Duration>) -> Self {
            let (hold, now) = (Hold::new(grace), Instant::now());
            let mut it = Self { hold, now };
            it.answered(at(9), &["a", "b"]);
            it.now += 2 * GRACE;
            it.hold.wait(it.now);
            it
        }

        fn answered(&mut self, reading: Reading, serving: &[&'static str]) {
            let ids: Vec<_> = serving.iter().map(|id| InstanceId::new(*id)).collect();
            self.hold.answered(self.now, reading, &ids);
        }

        fn keeps(&self, id: &'static str) -> bool {
            self.hold.keeps(&InstanceId::new(id))
        }
    }

    #[test]
    fn in_quiet_times_a_no_counts_at_once() {
        let mut it = Try::settled(Some(GRACE));
        it.answered(at(10), &["b"]);
        assert!(!it.keeps("a"));
        it.answered(at(10), &[]);
        assert!(!it.keeps("b"));
    }

    #[test]
    fn after_an_outage_it_counts_for_those_who_were_named_since() {
        let mut it = Try::settled(Some(GRACE));
        it.hold.failed();
        it.answered(at(11), &["b"]);
        assert!(it.keeps("a"));
        it.answered(at(12), &[]);
        assert!(it.keeps("a") && !it.keeps("b"));
        it.hold.wait(it.now + GRACE);
        assert!(!it.keeps("a"));
    }

    #[test]
    fn an_index_that_goes_backwards_is_an_outage_that_nobody_saw() {
        let mut it = Try::settled(Some(GRACE));
        it.answered(at(3), &[]);
        assert!(it.keeps("a") && it.keeps("b"));
        assert_eq!(it.hold.ends(), Some(it.now + GRACE));
    }

    #[test]
    fn so_is_one_that_goes_on_before_what_was_written_earlier() {
        let mut it = Try::settled(Some(GRACE));
        it.answered(written(20, &[("a", 7), ("b", 8)]), &["a", "b"]);
        assert!(!it.hold.was_set_back());
        it.answered(written(30, &[("a", 7), ("dead", 6)]), &["a", "dead"]);
        assert!(it.hold.was_set_back());
        assert!(it.keeps("b") && !it.keeps("a"));
        assert_eq!(it.hold.ends(), Some(it.now + GRACE));
        it.answered(written(31, &[("a", 7), ("dead", 6)]), &["a", "dead"]);
        assert!(!it.hold.was_set_back() && it.keeps("b"));
    }

    #[test]
    fn what_is_compared_is_the_last_answer_that_may_have_named_everybody() {
        let then = written(20, &[("a", 7)]);
        let behind = Reading {
            behind: true,
            ..written(15, &[("a", 5), ("b", 6)])
        };
        let silenced = Reading {
            silenced: true,
            ..written(20, &[])
        };
        for between in [behind, silenced.clone()] {
            let mut it = Try::settled(Some(GRACE));
            for reading in [then.clone(), between, then.clone()] {
                it.answered(reading.clone(), &[]);
                assert!(!it.hold.was_set_back(), "{reading:?}");
            }
        }
        // What was known before a registry was set back is of no use after.
        let silenced = Reading {
            index: Some(9),
            ..silenced
        };
        let mut it = Try::settled(Some(GRACE));
        it.answered(then, &["a"]);
        it.answered(silenced, &[]);
        assert!(it.hold.was_set_back());
        it.answered(written(10, &[("a", 3)]), &["a"]);
        assert!(!it.hold.was_set_back());
    }

    #[test]
    fn who_is_behind_takes_nobody_away_and_the_grace_begins_after() {
        let mut it = Try::settled(Some(GRACE));
        let behind = Reading {
            behind: true,
            ..at(20)
        };
        it.answered(behind, &[]);
        assert!(it.keeps("a"));
        assert_eq!(it.hold.ends(), None);
        it.now += GRACE;
        it.answered(at(21), &[]);
        assert_eq!(it.hold.ends(), Some(it.now + GRACE));
    }

    #[test]
    fn who_is_silenced_is_not_believed_either() {
        let mut it = Try::settled(Some(GRACE));
        let silenced = Reading {
            silenced: true,
            ..at(20)
        };
        it.answered(silenced, &[]);
        assert!(it.keeps("a"));
    }

    #[test]
    fn who_is_deregistered_for_an_illness_that_is_not_believed_has_the_grace_too() {
        let mut it = Try::settled(Some(GRACE));
        it.hold.reap(it.now, [InstanceId::new("a")]);
        assert!(it.keeps("a") && !it.keeps("b"));
        assert_eq!(it.hold.ends(), Some(it.now + GRACE));
        it.answered(at(10), &["a"]);
        assert!(!it.keeps("a"));

        it.hold.reap(it.now, [InstanceId::new("b")]);
        it.hold.wait(it.now + GRACE);
        assert!(!it.keeps("b"));
        assert_eq!(it.hold.ends(), None);
    }

    #[test]
    fn off_is_off() {
        let mut it = Try::settled(None);
        it.hold.failed();
        it.answered(at(3), &[]);
        it.hold.reap(it.now, [InstanceId::new("a")]);
        assert!(!it.keeps("a"));
    }
}
