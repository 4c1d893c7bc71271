//! The fault of a request.

use std::fmt;

/// The longest part of a bad value that is repeated to its sender, in characters.
const SEEN: usize = 40;

/// A field of a request that cannot be used.
///
/// Reads as `outDate: expected a date after inDate, got "2015-04-09"`; over gRPC it is `INVALID_ARGUMENT` with that message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, got {}", Seen(value))]
pub struct Invalid {
    /// The field, as the sender spells it.
    pub field: &'static str,
    /// What the field should have held, as words that follow "expected".
    pub expected: &'static str,
    /// What it held, cut to a bounded length.
    pub value: String,
}

impl Invalid {
    /// Names a bad field; `value` is cut to its first 40 characters.
    pub fn new(field: &'static str, expected: &'static str, value: &str) -> Self {
        let value = match value.char_indices().nth(SEEN) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value.to_owned(),
        };
        Self {
            field,
            expected,
            value,
        }
    }
}

impl From<Invalid> for tonic::Status {
    fn from(invalid: Invalid) -> Self {
        Self::invalid_argument(invalid.to_string())
    }
}

struct Seen<'a>(&'a str);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("nothing"),
            // Debug escapes what would break a log line or a header.
            value => write!(f, "{value:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_field_and_cuts_the_value() {
        let long = Invalid::new("inDate", "a date", &"é".repeat(1000));
        assert_eq!(long.value.chars().count(), SEEN + 1);
        assert_eq!(
            Invalid::new("inDate", "a date", "a\nb").to_string(),
            r#"inDate: expected a date, got "a\nb""#
        );
        assert_eq!(
            Invalid::new("inDate", "a date", "").to_string(),
            "inDate: expected a date, got nothing"
        );
    }

    #[test]
    fn is_an_invalid_argument() {
        let status = tonic::Status::from(Invalid::new("lat", "degrees", "91"));
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert_eq!(status.message(), r#"lat: expected degrees, got "91""#);
    }
}
