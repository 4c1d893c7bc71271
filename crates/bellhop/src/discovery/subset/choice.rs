//! Which instances a caller is connected to.

use std::{cmp::Reverse, collections::BTreeSet, num::NonZeroUsize};

use crate::{
    discovery::{
        InstanceId,
        diff::{Member, Standing, Told},
    },
    hash::hash,
    split::MOST_VERSIONS,
};

/// Whoever calls: another one has another order of the instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller(u64);

impl Caller {
    /// The same for the same name, which no other caller should have.
    pub(crate) fn named(name: &str) -> Self {
        Self(hash(0, name.as_bytes()))
    }

    /// One without a name.
    pub(crate) fn anonymous() -> Self {
        Self(fastrand::u64(..))
    }

    /// Highest first: rendezvous hashing (Thaler and Ravishankar, 1998).
    fn rank(self, id: &InstanceId) -> u64 {
        hash(self.0, id.as_str().as_bytes())
    }
}

/// The first `limit` in the caller's order for whom the registry vouches, and those of the others that come before the last of
/// them, again `limit` at most. So a share of those who are ill stays at hand that is about theirs of all, and where the
/// registry vouches for nobody the set is the same as if it did for all.
///
/// Of each version that nobody of them is of, the first is there too, for traffic may be split by version.
pub(super) fn choose(all: &Told, caller: Caller, limit: NonZeroUsize) -> Told {
    let limit = limit.get();
    let mut ranked: Vec<_> = all.iter().collect();
    // Equals, which there are hardly ever, stay in the order of their ids.
    ranked.sort_by_key(|(id, _)| Reverse(caller.rank(id)));
    let (mut vouched, mut others) = (0, 0);
    let mut chosen = Told::new();
    let mut take = |id: &InstanceId, member: &Member, count: &mut usize| {
        if *count < limit {
            *count += 1;
            chosen.insert(id.clone(), member.clone());
        }
    };
    for &(id, member) in &ranked {
        if vouched == limit {
            break;
        }
        match member.standing {
            Standing::Vouched => take(id, member, &mut vouched),
            _ => take(id, member, &mut others),
        }
    }
    complete(&mut chosen, &ranked);
    chosen
}

/// Adds those who are missing for each version to have somebody who is called without need.
fn complete(chosen: &mut Told, ranked: &[(&InstanceId, &Member)]) {
    let called = |member: &&Member| member.is_called();
    let versions = chosen.values().filter(called);
    let mut versions: BTreeSet<_> = versions
        .filter_map(|member| member.instance.version.clone())
        .collect();
    let mut more = MOST_VERSIONS.saturating_sub(versions.len());
    for &(id, member) in ranked {
        let Some(version) = &member.instance.version else {
            continue;
        };
        if more > 0 && member.is_called() && versions.insert(version.clone()) {
            more -= 1;
            chosen.insert(id.clone(), member.clone());
        }
    }
}

#[cfg(test)]
mod tests;
