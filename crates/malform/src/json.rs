//! Changes to JSON that leave it JSON, or nearly so.

use fastrand::Rng;
use serde_json::Value;

use crate::malformed_text;

const MOST_CHANGES: usize = 3;
/// How deep a value is buried: beyond what parsers follow.
const DEEP: usize = 300;
/// How often an item is repeated.
const MANY: usize = 50;

/// What stands in the place of a value, as it is written.
const OTHERS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1",
    "1.5",
    "70000",
    "4294967296",
    "9007199254740993",
    "18446744073709551616",
    "-9223372036854775809",
    "1e400",
    "1e-400",
    "01",
    "NaN",
    "\"\"",
    "\"passing\"",
    "\"critical\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\x\"",
    "\"7\"",
    "[]",
    "{}",
    "[[]]",
    "{\"\":{}}",
    "",
];

/// A tree whose objects may have a field twice, and whose leaves may be no JSON.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// A sample of JSON with one to three changes: fields dropped, repeated and renamed, values of other types, numbers out of all
/// range, lists that are longer, values buried deeply; one in four is changed as [text](malformed_text) on top.
///
/// A sample that is no JSON is changed as text alone.
pub fn malformed_json(rng: &mut Rng, sample: &[u8], other: &[u8]) -> Vec<u8> {
    let Ok(value) = serde_json::from_slice::<Value>(sample) else {
        return malformed_text(rng, sample, other);
    };
    let mut tree = Tree::from(value);
    for _ in 0..rng.usize(1..=MOST_CHANGES) {
        tree.change_somewhere(rng);
    }
    let mut text = String::new();
    tree.write(&mut text);
    match rng.u8(..4) {
        0 => malformed_text(rng, text.as_bytes(), other),
        _ => text.into_bytes(),
    }
}

impl Tree {
    /// Walks down at random and changes what it comes to.
    fn change_somewhere(&mut self, rng: &mut Rng) {
        let stop = rng.u8(..4) == 0;
        match self {
            Self::List(items) if !stop && !items.is_empty() => {
                let at = rng.usize(..items.len());
                items[at].change_somewhere(rng);
            }
            Self::Map(fields) if !stop && !fields.is_empty() => {
                let at = rng.usize(..fields.len());
                fields[at].1.change_somewhere(rng);
            }
            _ => self.change(rng),
        }
    }

    fn change(&mut self, rng: &mut Rng) {
        match (self, rng.u8(..8)) {
            (Self::Map(fields), 0..5) if !fields.is_empty() => change_fields(rng, fields),
            (Self::List(items), 0..5) if !items.is_empty() => change_items(rng, items),
            (tree, 7) => tree.bury(rng),
            (tree, _) => {
                let other = rng.choice(OTHERS).copied().unwrap_or_default();
                *tree = Self::Leaf(other.to_owned());
            }
        }
    }

    fn bury(&mut self, rng: &mut Rng) {
        let is_list = rng.bool();
        for _ in 0..rng.usize(1..=DEEP) {
            let inner = std::mem::replace(self, Self::List(Vec::new()));
            *self = if is_list {
                Self::List(vec![inner])
            } else {
                Self::Map(vec![("Deep".to_owned(), inner)])
            };
        }
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Leaf(leaf) => text.push_str(leaf),
            Self::List(items) => {
                text.push('[');
                for (n, item) in items.iter().enumerate() {
                    text.push_str(if n == 0 { "" } else { "," });
                    item.write(text);
                }
                text.push(']');
            }
            Self::Map(fields) => {
                text.push('{');
                for (n, (name, value)) in fields.iter().enumerate() {
                    text.push_str(if n == 0 { "" } else { "," });
                    text.push_str(&Value::from(name.as_str()).to_string());
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }
}

fn change_fields(rng: &mut Rng, fields: &mut Vec<(String, Tree)>) {
    let (at, other) = (rng.usize(..fields.len()), rng.usize(..fields.len()));
    match rng.u8(..6) {
        0 => drop(fields.remove(at)),
        1 => fields.push(fields[at].clone()),
        2 => fields[at].0 = fields[at].0.to_lowercase(),
        3 => fields[at].0 = fields[other].0.clone(),
        4 => fields.push(("Unknown".to_owned(), fields[at].1.clone())),
        _ => {
            let name = std::mem::take(&mut fields[at].0);
            fields[at].0 = std::mem::replace(&mut fields[other].0, name);
        }
    }
}

fn change_items(rng: &mut Rng, items: &mut Vec<Tree>) {
    let at = rng.usize(..items.len());
    match rng.u8(..3) {
        0 => drop(items.remove(at)),
        1 => items.reverse(),
        _ => {
            let more = vec![items[at].clone(); rng.usize(1..=MANY)];
            items.extend(more);
        }
    }
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => Self::Map(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect(),
            ),
            leaf => Self::Leaf(leaf.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_is_written_as_it_was() {
        let sample = r#"[{"a":[1,2.5,null,true],"b":{"c \" é":"d\n"}},[],{}]"#;
        let mut text = String::new();
        Tree::from(serde_json::from_str::<Value>(sample).unwrap()).write(&mut text);
        assert_eq!(text, sample);
    }

    #[test]
    fn most_is_still_json_and_some_is_not() {
        let mut rng = Rng::with_seed(1);
        let sample = br#"[{"ID":"a","Port":1,"Tags":["x"]}]"#;
        let is_json = |bytes: &Vec<u8>| serde_json::from_slice::<Value>(bytes).is_ok();
        let made: Vec<_> = (0..1000)
            .map(|_| malformed_json(&mut rng, sample, sample))
            .collect();
        let good = made.iter().filter(|bytes| is_json(bytes)).count();
        assert!((400..900).contains(&good), "{good}");
    }
}
