//! The first bytes of a binary data file.

use std::fmt;

use super::{PackedFault, sum::Sum};

const MAGIC: [u8; 8] = *b"HOTELS\x1A\n";
pub(super) const VERSION: u32 = 3;
pub(super) const SECTIONS: usize = 4;
pub(super) const LENGTH: usize = 8 + 4 + 4 + 8 + SECTIONS * 16 + 8;

/// Whose records a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Where hotels are.
    Geo,
    /// What hotels sell.
    Rate,
    /// What hotels are like.
    Profile,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Geo, Self::Rate, Self::Profile];

    fn number(self) -> u32 {
        match self {
            Self::Geo => 1,
            Self::Rate => 2,
            Self::Profile => 3,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Geo => "geo",
            Self::Rate => "rate",
            Self::Profile => "profile",
        })
    }
}

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) rows: u64,
    pub(super) sections: [Section; SECTIONS],
}

/// A part of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) length: u64,
    pub(super) sum: u64,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.kind.number().to_le_bytes());
        bytes.extend(self.rows.to_le_bytes());
        for section in self.sections {
            bytes.extend(section.length.to_le_bytes());
            bytes.extend(section.sum.to_le_bytes());
        }
        let sum = Sum::of(&bytes);
        bytes.extend(sum.to_le_bytes());
        let mut header = [0; LENGTH];
        header.copy_from_slice(&bytes);
        header
    }

    /// Reads the header of a file that should be of this kind and is `length` bytes long.
    pub(super) fn decode(
        bytes: &[u8; LENGTH],
        kind: Kind,
        length: u64,
    ) -> Result<Self, PackedFault> {
        if bytes[..8] != MAGIC {
            return Err(PackedFault::Magic);
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(PackedFault::Version(version));
        }
        if Sum::of(&bytes[..LENGTH - 8]) != u64_at(bytes, LENGTH - 8) {
            return Err(PackedFault::Damaged("the header".to_owned()));
        }
        let number = u32_at(bytes, 12);
        if number != kind.number() {
            let known = Kind::ALL.into_iter().find(|kind| kind.number() == number);
            let got = known.map_or_else(
                || "records of nobody".to_owned(),
                |kind| format!("the records of {kind}"),
            );
            return Err(PackedFault::Kind {
                expected: kind,
                got,
            });
        }
        let header = Self {
            kind,
            rows: u64_at(bytes, 16),
            sections: std::array::from_fn(|n| Section {
                length: u64_at(bytes, 24 + n * 16),
                sum: u64_at(bytes, 32 + n * 16),
            }),
        };
        header.check_length(length)?;
        Ok(header)
    }

    /// All that is allocated for a file is bounded by its length, once this holds.
    fn check_length(&self, got: u64) -> Result<(), PackedFault> {
        let lengths = self.sections.iter().map(|section| section.length);
        let expected = lengths.fold(LENGTH as u64, u64::saturating_add);
        if expected != got {
            return Err(PackedFault::Length { expected, got });
        }
        if self.rows >= u64::from(u32::MAX) {
            let problem = format!("says that it has {} hotels", self.rows);
            return Err(PackedFault::Shape(problem));
        }
        Ok(())
    }
}

fn u32_at(bytes: &[u8; LENGTH], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|n| bytes[at + n]))
}

fn u64_at(bytes: &[u8; LENGTH], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|n| bytes[at + n]))
}
