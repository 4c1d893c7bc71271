//! Which version a value is for: the same for the same value, in every process.

use crate::hash::hash;

/// What a value stands for.
pub(crate) fn key(value: &[u8]) -> u64 {
    hash(0, value)
}

/// The version that a key is for among those that are there, by their shares: rendezvous hashing with weights (Schindelhauer
/// and Schomaker, 2005). When shares change, a key moves only to a version whose share has grown beside that of its own; when
/// a version goes, only its own keys move.
pub(crate) fn preferred<'v>(
    key: u64,
    versions: impl IntoIterator<Item = (&'v str, u32)>,
) -> Option<usize> {
    let scores = versions.into_iter().map(|(version, share)| {
        let bits = hash(key, version.as_bytes()) >> 11;
        // Above 0 and below 1, as evenly as the hash is.
        let place = (bits as f64 + 0.5) / (1_u64 << 53) as f64;
        f64::from(share) / -place.ln()
    });
    let best = scores.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const NAMES: [&str; 4] = ["v1", "v2", "v3", "2026.11.22-canary"];

    fn of(key: u64, shares: &[u32]) -> usize {
        let versions = NAMES.into_iter().zip(shares.iter().copied());
        preferred(key, versions).unwrap()
    }

    fn counts(shares: &[u32], keys: u64) -> Vec<usize> {
        let mut counts = vec![0; shares.len()];
        for number in 0..keys {
            let user = format!("user-{number}");
            counts[of(key(user.as_bytes()), shares)] += 1;
        }
        counts
    }

    #[test]
    fn keys_are_spread_by_share() {
        let counts = counts(&[70, 20, 10], 20_000);
        for (count, share) in counts.iter().zip([70, 20, 10]) {
            let expected = share * 200;
            assert!(count.abs_diff(expected) < 400, "{counts:?}");
        }
    }

    #[test]
    fn the_choice_is_written_down_for_ever() {
        let chosen: Vec<_> = ["alice", "bob", "carol", "dave", "erin"]
            .map(|user| of(key(user.as_bytes()), &[50, 50]))
            .into();
        assert_eq!(chosen, CHOSEN);
    }

    const CHOSEN: [usize; 5] = [0, 1, 1, 0, 0];

    proptest! {
        #[test]
        fn only_who_must_moves(
            before in vec(1..100_u32, 2..=4),
            after in vec(1..100_u32, 2..=4),
            key: u64,
        ) {
            let versions = before.len().min(after.len());
            let (was, is) = (of(key, &before[..versions]), of(key, &after[..versions]));
            let has_grown = after[is] * before[was] > before[is] * after[was];
            prop_assert!(was == is || has_grown, "{} to {}", was, is);
        }

        #[test]
        fn who_loses_a_version_spreads_only_its_keys(shares in vec(1..100_u32, 2..=4), key: u64) {
            let was = of(key, &shares);
            let last = shares.len() - 1;
            let is = of(key, &shares[..last]);
            prop_assert!(was == is || was == last);
        }
    }
}
