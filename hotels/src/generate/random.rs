//! Numbers that look like chance, and are the same on every machine.

/// A stream of numbers: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of one thing among many.
    pub(super) fn of(seed: u64, thing: u64) -> Self {
        let mut random = Self(seed);
        let start = random.next();
        Self(start ^ thing.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// At least 0, less than 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Less than `end`, which is not 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        let product = u128::from(self.next()) * u128::from(end);
        (product >> 64) as u32
    }

    /// One of some.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u32) as usize]
    }
}
