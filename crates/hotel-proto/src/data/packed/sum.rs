//! A checksum against cut and damaged files; not against somebody who means harm.

/// Odd, so that no change of a single word is lost on the way; the golden ratio, as in Fibonacci hashing.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// Eight bytes at a time, fast enough that reading from memory takes longer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    state: u64,
    length: u64,
    /// The first bytes of a word that is not complete.
    begun: [u8; 8],
}

impl Sum {
    pub(crate) fn of(bytes: &[u8]) -> u64 {
        let mut sum = Self::default();
        sum.add(bytes);
        sum.finish()
    }

    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        let held = (self.length % 8) as usize;
        self.length += bytes.len() as u64;
        if held > 0 {
            let (first, rest) = bytes.split_at(bytes.len().min(8 - held));
            self.begun[held..held + first.len()].copy_from_slice(first);
            if held + first.len() < 8 {
                return;
            }
            self.word(self.begun);
            bytes = rest;
        }
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.word(*word);
        }
        self.begun = [0; 8];
        self.begun[..rest.len()].copy_from_slice(rest);
    }

    pub(crate) fn finish(mut self) -> u64 {
        self.word(self.begun);
        self.word(self.length.to_le_bytes());
        // The high bits have seen all of the input, the low ones little.
        self.state ^ (self.state >> 32)
    }

    fn word(&mut self, word: [u8; 8]) {
        self.state = (self.state.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_make_no_difference(bytes: Vec<u8>, cuts: Vec<u8>) {
            let mut sum = Sum::default();
            let mut rest = &bytes[..];
            for cut in cuts {
                let (piece, after) = rest.split_at(rest.len().min(cut.into()));
                sum.add(piece);
                rest = after;
            }
            sum.add(rest);
            prop_assert_eq!(sum.finish(), Sum::of(&bytes));
        }

        #[test]
        fn any_change_of_a_byte_shows(mut bytes in proptest::collection::vec(any::<u8>(), 1..100), at: usize, by in 1..=255u8) {
            let before = Sum::of(&bytes);
            let at = at % bytes.len();
            bytes[at] ^= by;
            prop_assert_ne!(Sum::of(&bytes), before);
        }
    }

    #[test]
    fn zeros_count() {
        assert_ne!(Sum::of(&[0; 7]), Sum::of(&[0; 8]));
        assert_ne!(Sum::of(&[]), Sum::of(&[0]));
    }
}
