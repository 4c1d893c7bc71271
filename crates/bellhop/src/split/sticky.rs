//! Which version a value is for: the same for the same value, in every process.

use http::HeaderName;

use crate::hash::hash;

/// How what travels begins, so that it is not taken for somebody's own value.
const MARK: &str = "bellhop.";

/// Headers of a connection, of a message's shape or of the way it takes: they say nothing of who asks.
const OF_THE_WAY: [&str; 16] = [
    "accept-encoding",
    "baggage",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "uber-trace-id",
    "upgrade",
];

/// What a value stands for.
pub(crate) fn key(value: &[u8]) -> u64 {
    hash(0, value)
}

/// What travels for a value: short and plain whatever it is, and it tells nobody on the way what it was.
pub(super) fn travelling(value: &[u8]) -> String {
    format!("{MARK}{:016x}", key(value))
}

/// What stands for a value that came along with a request, be it as [`travelling`] has it or as somebody else put it there.
pub(super) fn arrived(value: &str) -> u64 {
    let digits = value.strip_prefix(MARK).filter(|rest| rest.len() == 16);
    let sent = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    sent.unwrap_or_else(|| key(value.as_bytes()))
}

/// Whether traffic can be sticky by a header.
pub(super) fn is_of_who_asks(name: &HeaderName) -> bool {
    let name = name.as_str();
    let own = ["grpc-", "x-bellhop-"];
    !own.iter().any(|own| name.starts_with(own)) && !OF_THE_WAY.contains(&name)
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
    fn what_travels_stands_for_the_same() {
        for value in [
            "alice".as_bytes(),
            "ä, b;c".as_bytes(),
            &[b'x'; 9000],
            &[0xE4],
        ] {
            let sent = travelling(value);
            assert_eq!(arrived(&sent), key(value), "{sent}");
            assert!(sent.len() == 24 && sent.is_ascii());
        }
        assert_eq!(travelling(b"alice"), "bellhop.c5d1556d66774a5c", "for ever");
        for own in ["alice", "bellhop.1", "bellhop.0123456789abcdeg"] {
            assert_eq!(arrived(own), key(own.as_bytes()));
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
