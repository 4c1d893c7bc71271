//! Bad settings, all of a start at once.

use std::fmt;

/// One bad setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting's name.
    pub name: String,
    /// The value found; `***` where it is a secret.
    pub value: String,
    /// What was expected instead.
    pub expected: String,
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
        for Fault {
            name,
            value,
            expected,
        } in &self.faults
        {
            write!(f, "\n  {name}={value:?}: expected {expected}")?;
        }
        Ok(())
    }
}
