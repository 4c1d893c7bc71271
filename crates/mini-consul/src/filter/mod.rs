//! Filter expressions: `Service.Meta.version == "v1" and "a" in Service.Tags`.
//!
//! A filter is read against the kind of record that it is for, so that a misspelt name is refused
//! instead of matching nothing.

mod eval;
mod schema;
mod syntax;

use serde_json::Value;

use self::eval::Condition;
pub(crate) use self::schema::Schema;

/// The longest filter read.
const MAX_LENGTH: usize = 8 * 1024;

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Failed to create boolean expression evaluator: {0}")]
pub(crate) struct FilterError(String);

/// A condition on records of one kind.
#[derive(Debug)]
pub(crate) struct Filter(Option<Condition>);

impl Filter {
    /// Reads a filter; an empty one lets everything pass.
    pub(crate) fn parse(text: &str, schema: Schema) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        if text.len() > MAX_LENGTH {
            return Err(FilterError(format!("longer than {MAX_LENGTH} bytes")));
        }
        let expression = syntax::parse(text).map_err(FilterError)?;
        Condition::new(expression, schema.fields())
            .map(|condition| Self(Some(condition)))
            .map_err(FilterError)
    }

    /// Whether a record, in the JSON that callers see, fulfils the condition.
    pub(crate) fn matches(&self, record: &Value) -> bool {
        self.0
            .as_ref()
            .is_none_or(|condition| condition.matches(record))
    }

    /// The records that fulfil the condition.
    pub(crate) fn keep(&self, records: Vec<Value>) -> Value {
        Value::Array(
            records
                .into_iter()
                .filter(|record| self.matches(record))
                .collect(),
        )
    }
}
