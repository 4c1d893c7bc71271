//! What can be wrong with a binary data file.

use super::Kind;

/// What is wrong with a binary data file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackedFault {
    /// It does not begin as such a file does.
    #[error("is no data file of Hotels")]
    Magic,
    /// It has another layout.
    #[error("has version {0} of the layout, expected {expected}: `hotels generate` makes it anew", expected = super::header::VERSION)]
    Version(u32),
    /// It holds something else.
    #[error("holds {got}, expected those of {expected}")]
    Kind {
        /// Whose records were wanted.
        expected: Kind,
        /// Whose the file says it has.
        got: String,
    },
    /// It is shorter or longer than its header says.
    #[error("is {got} bytes long, expected {expected}: it was cut short, or something was added")]
    Length {
        /// By the header.
        expected: u64,
        /// By the file system.
        got: u64,
    },
    /// Some of it is not what was written.
    #[error("is damaged: the checksum of {0} differs")]
    Damaged(String),
    /// It is what was written, but makes no sense.
    #[error("{0}")]
    Shape(String),
}
