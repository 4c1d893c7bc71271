//! How the turns are divided between versions.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, atomic::AtomicUsize},
};

use super::{
    schedule::Schedule,
    snapshot::{Group, Part, Parts},
};
use crate::split::{Rota, Split};

/// How the turns are divided between versions, where they are.
pub(super) struct Division<K> {
    split: Option<Split>,
    /// The versions that have a share and members.
    served: Vec<Served<K>>,
    /// Who is of a version that the split does not name, or of none.
    unnamed: Option<Served<K>>,
    rota: Option<Arc<Rota>>,
    /// Counts turns of versions. It goes on over all changes, so that none that come often have anybody wait for ever.
    taken: Arc<AtomicUsize>,
}

/// A version that has a share and members.
#[derive(Clone)]
struct Served<K> {
    version: Arc<str>,
    share: u32,
    members: BTreeMap<K, u32>,
    schedule: Arc<Schedule<K>>,
}

impl<K: Clone + Ord> Division<K> {
    /// Divides by another split from the next time on; whether it is another one.
    pub(super) fn set(&mut self, split: Option<Split>) -> bool {
        let before = mem::replace(&mut self.split, split);
        before != self.split
    }

    /// Gives each version with a share the turns of its own members, by their weights; one without members has no part. Where
    /// that leaves nobody, those have all that the split does not name: a share of 0 says more than a name that nobody has.
    pub(super) fn divide(&mut self, members: &BTreeMap<K, u32>, versions: &BTreeMap<K, Arc<str>>) {
        let Some(split) = &self.split else {
            (self.served, self.unnamed, self.rota) = Default::default();
            return;
        };
        let before = mem::take(&mut self.served);
        let of = |key: &K| versions.get(key);
        for (version, share) in split.shares().filter(|(_, share)| *share > 0) {
            let known = before.iter().find(|served| served.version == *version);
            let own = members.iter().filter(|(key, _)| of(key) == Some(version));
            self.served
                .extend(Served::try_new(version, share, own, known));
        }
        let is_named = |key: &K| of(key).is_some_and(|of| split.names(of));
        let unnamed = members.iter().filter(|(key, _)| !is_named(key));
        self.unnamed = Served::try_new(&"".into(), 1, unnamed, self.unnamed.as_ref());
        if self.served.is_empty() {
            self.served.extend(self.unnamed.clone());
        }
        let shares = |served: &[Served<K>]| served.iter().map(|one| one.share).collect::<Vec<_>>();
        let now = shares(&self.served);
        if shares(&before) != now {
            self.rota = Rota::new(&now).map(Arc::new);
        }
    }

    /// What a pick reads of it, with the members that `group` finds; `None` where no version has a part.
    pub(super) fn parts<S>(
        &self,
        group: impl Fn(&Arc<Schedule<K>>) -> Group<K, S>,
    ) -> Option<Box<Parts<K, S>>> {
        let part = |served: &Served<K>| Part {
            version: served.version.clone(),
            share: served.share,
            group: group(&served.schedule),
        };
        let parts = Parts {
            rota: self.rota.clone()?,
            taken: self.taken.clone(),
            sticky: self.split.as_ref().and_then(Split::sticky).cloned(),
            versions: self.served.iter().map(part).collect(),
            unnamed: self.unnamed.as_ref().map(|one| group(&one.schedule)),
        };
        Some(Box::new(parts))
    }
}

impl<K: Clone + Ord> Served<K> {
    /// With the turns of before where the members are the same; `None` where there are none.
    fn try_new<'m>(
        version: &Arc<str>,
        share: u32,
        members: impl Iterator<Item = (&'m K, &'m u32)>,
        before: Option<&Self>,
    ) -> Option<Self>
    where
        K: 'm,
    {
        let members: BTreeMap<K, u32> = members
            .map(|(key, &weight)| (key.clone(), weight))
            .collect();
        if members.is_empty() {
            return None;
        }
        let schedule = match before {
            Some(before) if before.members == members => before.schedule.clone(),
            before => {
                let last = before.and_then(|before| before.schedule.last());
                Arc::new(Schedule::new(&members, last))
            }
        };
        Some(Self {
            version: version.clone(),
            share,
            members,
            schedule,
        })
    }
}

impl<K> Default for Division<K> {
    fn default() -> Self {
        Self {
            split: None,
            served: Vec::new(),
            unnamed: None,
            rota: None,
            taken: Arc::default(),
        }
    }
}
