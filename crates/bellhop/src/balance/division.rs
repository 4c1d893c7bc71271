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
    rota: Option<Arc<Rota>>,
    /// Counts turns of versions. It goes on over all changes, so that none that come often have anybody wait for ever.
    taken: Arc<AtomicUsize>,
}

/// A version that has a share and members.
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

    /// Gives each version with a share the turns of its own members, by their weights; one without members has no part.
    pub(super) fn divide(&mut self, members: &BTreeMap<K, u32>, versions: &BTreeMap<K, Arc<str>>) {
        let before = mem::take(&mut self.served);
        let shares = self.split.iter().flat_map(Split::shares);
        for (version, share) in shares.filter(|(_, share)| *share > 0) {
            let is_of = |key: &K| versions.get(key).is_some_and(|of| of == version);
            let own = members.iter().filter(|(key, _)| is_of(key));
            let own: BTreeMap<K, u32> = own.map(|(key, &weight)| (key.clone(), weight)).collect();
            if own.is_empty() {
                continue;
            }
            let known = before.iter().find(|served| served.version == *version);
            let schedule = match known {
                Some(served) if served.members == own => served.schedule.clone(),
                known => {
                    let last = known.and_then(|served| served.schedule.last());
                    Arc::new(Schedule::new(&own, last))
                }
            };
            self.served.push(Served {
                version: version.clone(),
                share,
                members: own,
                schedule,
            });
        }
        let of = |served: &[Served<K>]| served.iter().map(|one| one.share).collect::<Vec<_>>();
        let shares = of(&self.served);
        if of(&before) != shares {
            self.rota = Rota::new(&shares).map(Arc::new);
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
        };
        Some(Box::new(parts))
    }
}

impl<K> Default for Division<K> {
    fn default() -> Self {
        Self {
            split: None,
            served: Vec::new(),
            rota: None,
            taken: Arc::default(),
        }
    }
}
