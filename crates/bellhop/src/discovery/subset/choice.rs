//! Which instances a caller is connected to.

use std::{cmp::Reverse, num::NonZeroUsize};

use crate::discovery::{
    InstanceId,
    diff::{Member, Standing, Told},
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
    for (id, member) in ranked {
        if vouched == limit {
            break;
        }
        match member.standing {
            Standing::Vouched => take(id, member, &mut vouched),
            _ => take(id, member, &mut others),
        }
    }
    chosen
}

/// FNV-1a, and the last step of SplitMix64, without which names that differ in their last letter only would stay close.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    let mut hash = bytes.iter().fold(seed ^ 0xCBF2_9CE4_8422_2325, step);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests;
