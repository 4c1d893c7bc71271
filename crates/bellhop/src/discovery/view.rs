//! Who may be called, by all that a registry has said and has failed to say.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use super::{
    Change, Instance, InstanceId,
    diff::{Member, Members, Standing, Told, diff},
    floor::panics,
    hold::{Hold, Reading},
    serving::Serving,
};

/// Who may be called: those who serve by the registry's last word, and those who are kept against it while they answer,
/// because it may have forgotten them ([`Hold`]) or because it finds most of them ill ([`panics`]). Who else is ill is
/// spare, or unproven where it was never well.
#[derive(Debug)]
pub(crate) struct View {
    hold: Hold,
    /// Whether those who are ill stay because most of them are.
    panics: bool,
    /// The last word.
    said: Serving,
    told: Told,
}

impl View {
    /// Nobody is known; `grace` is how long a registry that was away may take to hear from everybody.
    pub(crate) fn new(grace: Option<Duration>) -> Self {
        Self {
            hold: Hold::new(grace),
            panics: false,
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
        let behind = reading.behind;
        self.hold.answered(now, reading, serving.instances.keys());
        if behind {
            return self.add(serving.instances);
        }
        let reaped = self.reaped(&serving);
        self.hold.reap(now, reaped);
        self.said = serving;
        self.judge();
        self.decide()
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, now: Instant) -> Vec<Change> {
        self.hold.wait(now);
        self.judge();
        self.decide()
    }

    /// When time alone changes something.
    pub(crate) fn changes_at(&self) -> Option<Instant> {
        self.hold.ends()
    }

    /// Whether instances that are ill stay because most of them are.
    pub(crate) fn panics(&self) -> bool {
        self.panics
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

    /// Whether the last answer was of an earlier time than the one before.
    pub(crate) fn was_set_back(&self) -> bool {
        self.hold.was_set_back()
    }

    /// Whether the registry has had time enough to hear from everybody.
    pub(crate) fn is_settled(&self) -> bool {
        self.hold.is_settled()
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

    /// Those who were critical and called for all that, and whom an answer does not name any more: registries deregister who is ill
    /// for long.
    fn reaped(&self, serving: &Serving) -> Vec<InstanceId> {
        let somebody = self.told.values().any(Member::is_called);
        let was_called = |id: &InstanceId| {
            let member = self.told.get(id);
            member.is_some_and(|member| member.is_called() || !somebody)
        };
        let critical = self.said.critical.keys();
        critical
            .filter(|id| was_called(id) && !serving.names(id))
            .cloned()
            .collect()
    }

    /// Looks whether health is to be believed. Who was deregistered for it is as ill as before.
    fn judge(&mut self) {
        let Serving {
            instances,
            critical,
            withdrawn,
            ..
        } = &self.said;
        let reaped = self.hold.reaped();
        let reaped = reaped.filter(|id| !critical.contains_key(id) && !withdrawn.contains(id));
        let ill = critical.keys().chain(reaped);
        let ill = ill.filter(|id| self.has_passed(id)).count();
        self.panics = panics(instances.len(), ill);
    }

    /// Whether an instance has passed since it was registered or, where it has registered anew, while it was held.
    fn has_passed(&self, id: &InstanceId) -> bool {
        let member = self.told.get(id);
        member.is_some_and(|member| member.standing != Standing::Unproven)
    }

    /// Who serves comes first, then who is held as it was, then who is critical: nobody has two turns, be it under another id.
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
        let held = self.told.iter().filter(|(id, member)| {
            let as_it_was = member.is_called() || !critical.contains_key(*id);
            as_it_was && self.hold.keeps(id) && !withdrawn.contains(*id)
        });
        add(&mut told, held.map(|(id, member)| (id, member.held())));
        let standing = |id| match self.has_passed(id) {
            true if self.panics => Standing::Kept,
            true => Standing::Spare,
            false => Standing::Unproven,
        };
        let critical = critical.iter().map(|(id, instance)| {
            let (instance, standing) = (instance.clone(), standing(id));
            (id, Member { instance, standing })
        });
        add(&mut told, critical);
        self.tell(told)
    }

    fn tell(&mut self, told: Told) -> Vec<Change> {
        let changes = diff(&self.told, &told);
        self.told = told;
        changes
    }
}

/// Adds those of whom nobody has the id or the place.
fn add<'a>(told: &mut Told, more: impl Iterator<Item = (&'a InstanceId, Member)>) {
    let place = |instance: &Instance| (instance.host.clone(), instance.port);
    let places: BTreeSet<_> = told
        .values()
        .map(|member| place(&member.instance))
        .collect();
    for (id, member) in more {
        if !told.contains_key(id) && !places.contains(&place(&member.instance)) {
            told.insert(id.clone(), member);
        }
    }
}

fn vouched(instance: Instance) -> Member {
    Member {
        instance,
        standing: Standing::Vouched,
    }
}

#[cfg(test)]
mod tests;
