//! What can be wrong with a data file.

use std::{fmt, io, path::PathBuf};

use super::PackedFault;

/// A data file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// It cannot be read, or is not UTF-8.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a binary file that cannot be used.
    #[error("{}: {fault}", path.display())]
    Packed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: PackedFault,
    },
    /// It is no JSON list.
    #[error("{file}: is not a JSON list of records: {source}")]
    Syntax {
        /// The file.
        file: String,
        /// What and where, by line and column.
        source: serde_json::Error,
    },
    /// Some of its records cannot be used.
    #[error("{}", Listing { file, faults, unlisted: *unlisted })]
    Records {
        /// The file.
        file: String,
        /// The first [`MAX_FAULTS`](super::MAX_FAULTS) faults, in the order of the file.
        faults: Vec<Fault>,
        /// How many more there are.
        unlisted: usize,
    },
}

/// What a caller is told of a file that is read while it is served.
impl From<DataError> for tonic::Status {
    fn from(error: DataError) -> Self {
        let text = error.to_string();
        match error {
            // A disk may come back, and another instance may have a better one.
            DataError::Unreadable { .. } => Self::unavailable(text),
            _ => Self::data_loss(text),
        }
    }
}

/// What is wrong with one field of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where the record stands in the list, from 0.
    pub index: usize,
    /// The line of the file on which the record begins, from 1.
    pub line: usize,
    /// The record's own id, where it has one.
    pub id: Option<String>,
    /// The path to the field; empty when the record as a whole is at fault.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] (", self.index)?;
        if let Some(id) = &self.id {
            write!(f, "id {id:?}, ")?;
        }
        write!(f, "line {}): ", self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

struct Listing<'a> {
    file: &'a str,
    faults: &'a [Fault],
    unlisted: usize,
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.faults.iter().enumerate() {
            let separator = if n == 0 { "" } else { "\n" };
            write!(f, "{separator}{}{fault}", self.file)?;
        }
        if self.unlisted > 0 {
            write!(f, "\n{}: and {} more faults", self.file, self.unlisted)?;
        }
        Ok(())
    }
}
