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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn found(filter: &str) -> bool {
        let record = json!({"Service": {"ID": "web-1", "Port": 80, "Tags": ["a"], "Meta": {"version": "v1"}},
            "Checks": [{"Status": "passing"}, {"Status": "warning"}]});
        Filter::parse(filter, Schema::HealthService)
            .unwrap_or_else(|error| panic!("{filter}: {error}"))
            .matches(&record)
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert!(found(
            "Service.Port == 80 or Service.Port == 81 and Service.Port == 82"
        ));
        assert!(!found(
            "(Service.Port == 80 or Service.Port == 81) and Service.Port == 82"
        ));
        assert!(found("not Service.Port == 81 and Service.Port == 80"));
    }

    #[test]
    fn of_a_list_of_records_one_must_fit() {
        assert!(found("Checks.Status == warning"));
        assert!(found("Checks.Status != warning"));
        assert!(!found("not Checks.Status == warning"));
    }

    #[test]
    fn nesting_has_a_bound() {
        let deep = format!("{}Service.Port == 80{}", "(".repeat(60), ")".repeat(60));
        assert!(found(&deep));
        let deeper = format!("{}Service.Port == 80{}", "(".repeat(5000), ")".repeat(5000));
        assert!(Filter::parse(&deeper[..8000], Schema::HealthService).is_err());
        let chain = vec!["Service.Port == 80"; 300].join(" and ");
        assert!(
            Filter::parse(&chain, Schema::HealthService).is_err(),
            "or it would nest as deep"
        );
        assert!(Filter::parse(&"x".repeat(MAX_LENGTH + 1), Schema::HealthService).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = Filter::parse(&text, Schema::HealthService);
        }

        #[test]
        fn no_sentence_makes_it_panic(words in prop::collection::vec(prop::sample::select(vec![
            "Service", "Checks", ".", "ID", "Tags", "Meta", "[", "]", "\"a\"", "`b`", "==", "!=", "in", "not", "is",
            "empty", "contains", "matches", "and", "or", "(", ")", "80", "-", "é",
        ]), 0..20)) {
            if let Ok(filter) = Filter::parse(&words.join(" "), Schema::HealthService) {
                filter.matches(&json!({}));
            }
        }
    }
}
