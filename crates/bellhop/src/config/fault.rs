//! Bad settings, all of a start at once.

use std::fmt;

/// One bad setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting's name.
    pub name: String,
    /// The value found; `***` where it is a secret.
    pub value: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// This was expected instead.
    Expected(String),
    /// Nobody asks for it.
    Unknown {
        /// The name that was probably meant.
        meant: Option<String>,
    },
}

/// Every bad setting of a start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// At least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.faults.len() == 1 { "" } else { "s" };
        write!(f, "{} bad setting{plural}:", self.faults.len())?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}: {}", self.name, self.value, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(expected) => write!(f, "expected {expected}"),
            Self::Unknown { meant: None } => f.write_str("no such setting"),
            Self::Unknown { meant: Some(meant) } => {
                write!(f, "no such setting, did you mean {meant}?")
            }
        }
    }
}
