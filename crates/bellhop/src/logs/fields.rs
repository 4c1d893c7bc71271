//! The fields of an event as members of a JSON object.

use std::{error::Error, fmt};

use serde::Serialize;
use tracing::field::{Field, Visit};

/// A JSON object that is being written.
pub(super) struct Object {
    text: Vec<u8>,
    is_empty: bool,
}

impl Object {
    /// Begins one at the end of `text`.
    pub(super) fn begin(mut text: Vec<u8>) -> Self {
        text.push(b'{');
        Self {
            text,
            is_empty: true,
        }
    }

    /// Adds a member.
    pub(super) fn add<V: Serialize + ?Sized>(&mut self, name: &str, value: &V) {
        let begun = self.text.len();
        if !self.is_empty {
            self.text.push(b',');
        }
        let name = serde_json::to_writer(&mut self.text, name);
        self.text.push(b':');
        // What is no JSON is left out: a line has to stay one.
        match name.and_then(|()| serde_json::to_writer(&mut self.text, value)) {
            Ok(()) => self.is_empty = false,
            Err(_) => self.text.truncate(begun),
        }
    }

    /// Adds a member that is text.
    pub(super) fn add_displayed(&mut self, name: &str, value: &dyn fmt::Display) {
        self.add(name, &value.to_string());
    }

    /// All of it.
    pub(super) fn end(mut self) -> String {
        self.text.push(b'}');
        String::from_utf8(self.text).unwrap_or_default()
    }
}

impl Visit for Object {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(name(field), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(name(field), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        self.add(name(field), &text);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(name(field), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(name(field), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(name(field), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(name(field), &value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(name(field), &value.to_string());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(name(field), &value.to_string());
    }
}

/// Raw names are those that Rust has other uses for.
fn name(field: &Field) -> &str {
    let name = field.name();
    name.strip_prefix("r#").unwrap_or(name)
}
