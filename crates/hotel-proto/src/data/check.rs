//! Gathers what is wrong with the records of one file.

use std::fmt::Display;

use super::{DataError, Fault, MAX_FAULTS};

/// The faults of a file so far, and how to tell one of the record at hand.
#[derive(Debug, Default)]
pub struct Check {
    faults: Vec<Fault>,
    unlisted: usize,
    index: usize,
    /// How many of `faults` were told before the record at hand.
    earlier: usize,
}

impl Check {
    /// Tells that a field of the record at hand cannot be used; `problem` reads on after the field's name.
    pub fn fault(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        if self.faults.len() == MAX_FAULTS {
            self.unlisted += 1;
            return;
        }
        self.faults.push(Fault {
            index: self.index,
            line: 0,
            id: None,
            field: field.into(),
            problem: problem.into(),
        });
    }

    /// Tells it unless `good`. Where it is, nobody writes down what the field is called.
    pub fn expect(&mut self, good: bool, field: impl Display, problem: &str) {
        if !good {
            self.fault(field.to_string(), problem);
        }
    }

    /// How many faults the file has so far.
    pub fn count(&self) -> usize {
        self.faults.len() + self.unlisted
    }

    /// The first of them.
    pub fn first(&self) -> Option<&Fault> {
        self.faults.first()
    }

    pub(super) fn begin(&mut self, index: usize) {
        self.index = index;
        self.earlier = self.faults.len();
    }

    /// Adds what is only worth finding out about a bad record: its line and its id.
    pub(super) fn end(&mut self, place: impl FnOnce() -> (usize, Option<String>)) {
        let told = &mut self.faults[self.earlier..];
        if told.is_empty() {
            return;
        }
        let (line, id) = place();
        for fault in told {
            fault.line = line;
            fault.id.clone_from(&id);
        }
    }

    pub(super) fn finish(self, file: &str) -> Result<(), DataError> {
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(DataError::Records {
            file: file.to_owned(),
            faults: self.faults,
            unlisted: self.unlisted,
        })
    }
}
