//! Who may be called, by all that a registry has said and has failed to say.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use super::{
    Change, InstanceId,
    diff::{Member, Members, Standing, Told, diff},
    floor::Floor,
    hold::{Hold, Reading},
    serving::Serving,
};

/// Who may be called: those who serve by the registry's last word, and those who are kept against it while they answer,
/// because it may have forgotten them ([`Hold`]) or because it finds most of them ill ([`Floor`]). Who else is ill is spare.
#[derive(Debug)]
pub(crate) struct View {
    hold: Hold,
    floor: Floor,
    /// The last word.
    said: Serving,
    told: Told,
}

impl View {
    /// Nobody is known; `grace` is how long a registry that was away may take to hear from everybody.
    pub(crate) fn new(grace: Option<Duration>) -> Self {
        Self {
            hold: Hold::new(grace),
            floor: Floor::default(),
            said: Serving::default(),
            told: Told::new(),
        }
    }

    /// Takes over what was known before this process began.
    pub(crate) fn remember(&mut self, instances: Members) -> Vec<Change> {
        let told = instances
            .into_iter()
            .map(|(id, instance)| (id, vouched(instance)))
            .collect();
        self.tell(told)
    }

    /// Follows a failure: who is known stays.
    pub(crate) fn failed(&mut self) {
        self.hold.failed();
    }

    /// Follows an answer.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        reading: Reading,
        serving: Serving,
    ) -> Vec<Change> {
        self.hold.answered(now, reading, serving.instances.keys());
        if reading.behind {
            return self.add(serving.instances);
        }
        self.floor.answered(&serving.instances, &serving.critical);
        self.said = serving;
        self.decide()
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, now: Instant) -> Vec<Change> {
        self.hold.wait(now);
        self.decide()
    }

    /// When time alone changes something.
    pub(crate) fn changes_at(&self) -> Option<Instant> {
        self.hold.ends()
    }

    /// Whether instances that are ill stay because most of them are.
    pub(crate) fn panics(&self) -> bool {
        self.floor.panics()
    }

    /// Those who are not to be called for being critical.
    pub(crate) fn critical(&self) -> impl Iterator<Item = &InstanceId> {
        let ids = self.said.critical.keys();
        ids.filter(|id| !self.told.get(*id).is_some_and(Member::is_called))
    }

    /// Whoever may be called.
    pub(crate) fn told(&self) -> &Told {
        &self.told
    }

    /// The last word, less those that are no instances.
    pub(crate) fn registered(&self) -> usize {
        self.said.registered
    }

    /// What somebody says who may be behind is good for nothing but new names.
    fn add(&mut self, instances: Members) -> Vec<Change> {
        let mut told = self.told.clone();
        for (id, instance) in instances {
            if !told.get(&id).is_some_and(Member::is_called) {
                told.insert(id, vouched(instance));
            }
        }
        self.tell(told)
    }

    fn decide(&mut self) -> Vec<Change> {
        let Serving {
            instances,
            critical,
            withdrawn,
            ..
        } = &self.said;
        let mut told: Told = instances
            .iter()
            .map(|(id, instance)| (id.clone(), vouched(instance.clone())))
            .collect();
        for (id, instance) in critical {
            if self.floor.keeps(id) {
                told.insert(id.clone(), kept(instance.clone()));
            }
        }
        // One that has come back under another id is not to have two turns.
        let places: BTreeSet<_> = told
            .values()
            .map(|member| (&*member.instance.host, member.instance.port))
            .collect();
        let held: Vec<(InstanceId, Member)> = self
            .told
            .iter()
            .filter(|(id, member)| {
                let Member { instance, .. } = member;
                member.is_called()
                    && self.hold.keeps(id)
                    && !withdrawn.contains(id)
                    && !told.contains_key(id)
                    && !places.contains(&(&*instance.host, instance.port))
            })
            .map(|(id, member)| (id.clone(), kept(member.instance.clone())))
            .collect();
        let spare: Vec<(InstanceId, Member)> = critical
            .iter()
            .filter(|(id, instance)| {
                self.floor.has_passed(id)
                    && !told.contains_key(*id)
                    && !places.contains(&(&*instance.host, instance.port))
            })
            .map(|(id, instance)| (id.clone(), spare(instance.clone())))
            .collect();
        drop(places);
        told.extend(spare);
        told.extend(held);
        self.tell(told)
    }

    fn tell(&mut self, told: Told) -> Vec<Change> {
        let changes = diff(&self.told, &told);
        self.told = told;
        changes
    }
}

fn vouched(instance: super::Instance) -> Member {
    Member {
        instance,
        standing: Standing::Vouched,
    }
}

fn spare(instance: super::Instance) -> Member {
    Member {
        instance,
        standing: Standing::Spare,
    }
}

fn kept(instance: super::Instance) -> Member {
    Member {
        instance,
        standing: Standing::Kept,
    }
}

#[cfg(test)]
mod tests;
