//! Filters bound to the names of a kind of record.

use regex::Regex;
use serde_json::Value;

use super::schema::{Field, Fields};
use super::syntax::{Expression, Operator};

/// An expression of which every name and value has been found to make sense.
#[derive(Debug)]
pub(super) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Match {
        path: Vec<(String, Field)>,
        test: Test,
        negated: bool,
    },
}

#[derive(Debug)]
pub(super) enum Test {
    Text(String),
    Number(i64),
    Flag(bool),
    Contains(String),
    Matches(Regex),
    Empty,
}

impl Condition {
    pub(super) fn new(expression: Expression, fields: Fields) -> Result<Self, String> {
        let boxed = |inner: Box<Expression>| Self::new(*inner, fields).map(Box::new);
        Ok(match expression {
            Expression::And(left, right) => Self::And(boxed(left)?, boxed(right)?),
            Expression::Or(left, right) => Self::Or(boxed(left)?, boxed(right)?),
            Expression::Not(inner) => Self::Not(boxed(inner)?),
            Expression::Match {
                selector,
                operator,
                value,
                negated,
            } => {
                let name = selector.join(".");
                let (path, field) = resolve(selector, fields)?;
                Self::Match {
                    path,
                    test: test(field, operator, value, negated, &name)?,
                    negated,
                }
            }
        })
    }

    pub(super) fn matches(&self, record: &Value) -> bool {
        match self {
            Self::And(left, right) => left.matches(record) && right.matches(record),
            Self::Or(left, right) => left.matches(record) || right.matches(record),
            Self::Not(inner) => !inner.matches(record),
            Self::Match {
                path,
                test,
                negated,
            } => walk(record, path, test, *negated),
        }
    }
}

const NO_FIELDS: Fields = &[];

/// The way to a field and what stands at its end.
fn resolve(
    selector: Vec<String>,
    mut fields: Fields,
) -> Result<(Vec<(String, Field)>, Field), String> {
    let mut path: Vec<(String, Field)> = Vec::with_capacity(selector.len());
    let mut inside_map: Option<Field> = None;
    for part in selector {
        let known = inside_map.or_else(|| {
            fields
                .iter()
                .find(|(name, _)| *name == part)
                .map(|(_, field)| *field)
        });
        let so_far = || {
            path.iter()
                .map(|(name, _)| name.as_str())
                .chain([part.as_str()])
                .collect::<Vec<_>>()
                .join(".")
        };
        let field = known.ok_or_else(|| format!("Selector \"{}\" is not valid", so_far()))?;
        path.push((part, field));
        (fields, inside_map) = match field {
            Field::Record(inner) | Field::Records(inner) => (inner, None),
            Field::Map(inner) => (NO_FIELDS, Some(*inner)),
            Field::Text | Field::Number | Field::Flag | Field::Texts => (NO_FIELDS, None),
        };
    }
    let field = path
        .last()
        .map_or(Field::Record(fields), |(_, field)| *field);
    Ok((path, field))
}

fn test(
    field: Field,
    operator: Operator,
    value: String,
    negated: bool,
    name: &str,
) -> Result<Test, String> {
    let coercion = |parser: &str| {
        format!(
            "Failed to coerce value \"{value}\" for selector \"{name}\": strconv.{parser}: parsing \"{value}\": invalid syntax"
        )
    };
    match (operator, field) {
        (Operator::Equal, Field::Text) => Ok(Test::Text(value)),
        (Operator::Equal, Field::Number) => value
            .parse()
            .map(Test::Number)
            .map_err(|_| coercion("ParseInt")),
        (Operator::Equal, Field::Flag) => value
            .parse()
            .map(Test::Flag)
            .map_err(|_| coercion("ParseBool")),
        (Operator::In, Field::Text | Field::Texts | Field::Map(_)) => Ok(Test::Contains(value)),
        (Operator::Matches, Field::Text) => Regex::new(&value)
            .map(Test::Matches)
            .map_err(|error| format!("Failed to compile regular expression \"{value}\": {error}")),
        (Operator::Empty, Field::Texts | Field::Map(_) | Field::Records(_)) => Ok(Test::Empty),
        _ => Err(format!(
            "Invalid match operator \"{}\" for selector \"{name}\"",
            title(operator, negated)
        )),
    }
}

fn title(operator: Operator, negated: bool) -> &'static str {
    match (operator, negated) {
        (Operator::Equal, false) => "Equal",
        (Operator::Equal, true) => "Not Equal",
        (Operator::In, false) => "In",
        (Operator::In, true) => "Not In",
        (Operator::Matches, false) => "Matches",
        (Operator::Matches, true) => "Not Matches",
        (Operator::Empty, false) => "Is Empty",
        (Operator::Empty, true) => "Is Not Empty",
    }
}

/// Follows the path. Of a list of records one must fit; a key that a map does not have fits only
/// what is negated; a field that the JSON leaves out has the zero of its kind.
fn walk(value: &Value, path: &[(String, Field)], test: &Test, negated: bool) -> bool {
    let Some(((name, field), rest)) = path.split_first() else {
        return holds(value, test) != negated;
    };
    let next = value.get(name).unwrap_or(&Value::Null);
    match (field, rest) {
        (Field::Records(_), [_, ..]) => next
            .as_array()
            .is_some_and(|list| list.iter().any(|item| walk(item, rest, test, negated))),
        (Field::Map(_), [(key, _), ..]) if next.get(key).is_none() => negated,
        _ => walk(next, rest, test, negated),
    }
}

fn holds(value: &Value, test: &Test) -> bool {
    let text = || value.as_str().unwrap_or_default();
    match test {
        Test::Text(wanted) => text() == wanted,
        Test::Number(wanted) => value.as_i64().unwrap_or(0) == *wanted,
        Test::Flag(wanted) => value.as_bool().unwrap_or(false) == *wanted,
        Test::Matches(pattern) => pattern.is_match(text()),
        Test::Contains(wanted) => match value {
            Value::Array(list) => list.iter().any(|item| item.as_str() == Some(wanted)),
            Value::Object(map) => map.contains_key(wanted),
            _ => text().contains(wanted.as_str()),
        },
        Test::Empty => match value {
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => true,
        },
    }
}
