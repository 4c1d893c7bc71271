//! A hash that is the same in every process.

/// FNV-1a, and the last step of SplitMix64, without which names that differ in their last letter only would stay close.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    let mut hash = bytes.iter().fold(seed ^ 0xCBF2_9CE4_8422_2325, step);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}
