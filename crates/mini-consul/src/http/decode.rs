//! Reading a JSON body as Go would: names in any case, absent and null alike, unknown ones refused.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Deserializer, Map, Value};

use super::reply::ApiError;
use crate::duration;

/// What is still unread of a JSON object.
#[derive(Debug)]
pub(super) struct Object {
    fields: BTreeMap<String, (String, Value)>,
    path: String,
}

/// Reads the first JSON object of a body; like Consul, it does not look at what follows.
pub(super) fn body(bytes: &[u8]) -> Result<Object, ApiError> {
    match Deserializer::from_slice(bytes).into_iter::<Value>().next() {
        None => Err(failed("EOF")),
        Some(Err(error)) => Err(failed(&error.to_string())),
        Some(Ok(Value::Object(map))) => Ok(Object::new(map, "")),
        Some(Ok(other)) => Err(failed(&format!(
            "json: cannot unmarshal {} into Go value of type struct",
            kind(&other)
        ))),
    }
}

impl Object {
    fn new(map: Map<String, Value>, path: &str) -> Self {
        let fields = map
            .into_iter()
            .map(|(name, value)| (fold(&name), (name, value)))
            .collect();
        Self {
            fields,
            path: path.to_owned(),
        }
    }

    /// Whether nothing is said at all.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value of a field, unless it is absent or null.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields
            .remove(&fold(name))
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }

    pub(super) fn string(&mut self, name: &str) -> Result<String, ApiError> {
        match self.take(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.wrong(name, &other, "string")),
        }
    }

    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        value
            .as_i64()
            .map(Some)
            .ok_or_else(|| self.wrong(name, &value, "int"))
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(self.wrong(name, &other, "bool")),
        }
    }

    pub(super) fn strings(&mut self, name: &str) -> Result<Vec<String>, ApiError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values
                .into_iter()
                .map(|value| self.text(name, value))
                .collect(),
            Some(other) => Err(self.wrong(name, &other, "[]string")),
        }
    }

    pub(super) fn string_map(&mut self, name: &str) -> Result<BTreeMap<String, String>, ApiError> {
        match self.take(name) {
            None => Ok(BTreeMap::new()),
            Some(Value::Object(map)) => map
                .into_iter()
                .map(|(key, value)| Ok((key, self.text(name, value)?)))
                .collect(),
            Some(other) => Err(self.wrong(name, &other, "map[string]string")),
        }
    }

    /// The objects under the names of a map.
    pub(super) fn object_map(&mut self, name: &str) -> Result<Vec<(String, Self)>, ApiError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Object(map)) => map
                .into_iter()
                .map(|(key, value)| Ok((key, self.nested(name, value)?)))
                .collect(),
            Some(other) => Err(self.wrong(name, &other, "map")),
        }
    }

    /// A text such as `10s`, or a number of nanoseconds.
    pub(super) fn duration(&mut self, name: &str) -> Result<Duration, ApiError> {
        match self.take(name) {
            None => Ok(Duration::ZERO),
            Some(Value::String(text)) if text.is_empty() => Ok(Duration::ZERO),
            Some(Value::String(text)) => {
                duration::parse(&text).map_err(|error| failed(&error.to_string()))
            }
            Some(Value::Number(nanos)) => Ok(Duration::from_nanos(nanos.as_u64().unwrap_or(0))),
            Some(other) => Err(self.wrong(name, &other, "time.Duration")),
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, ApiError> {
        self.take(name)
            .map(|value| self.nested(name, value))
            .transpose()
    }

    pub(super) fn objects(&mut self, name: &str) -> Result<Vec<Self>, ApiError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => {
                let values = values.into_iter().filter(|value| !value.is_null());
                values.map(|value| self.nested(name, value)).collect()
            }
            Some(other) => Err(self.wrong(name, &other, "[]object")),
        }
    }

    /// The lists of texts under the names of a map, as of HTTP headers.
    pub(super) fn string_lists(
        &mut self,
        name: &str,
    ) -> Result<Vec<(String, Vec<String>)>, ApiError> {
        let Some(mut lists) = self.object(name)? else {
            return Ok(Vec::new());
        };
        let names: Vec<_> = lists
            .fields
            .values()
            .map(|(name, _)| name.clone())
            .collect();
        names
            .into_iter()
            .map(|name| Ok((name.clone(), lists.strings(&name)?)))
            .collect()
    }

    /// Takes a field without looking at it, and says whether it said anything.
    pub(super) fn mentions(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(values)) => !values.is_empty(),
            Some(Value::Object(map)) => !map.is_empty(),
            Some(Value::Bool(flag)) => flag,
            Some(_) => true,
        }
    }

    /// Refuses what has not been read.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        match self.fields.into_values().next() {
            None => Ok(()),
            Some((name, _)) => Err(failed(&format!("json: unknown field \"{name}\""))),
        }
    }

    fn text(&self, name: &str, value: Value) -> Result<String, ApiError> {
        match value {
            Value::String(text) => Ok(text),
            Value::Null => Ok(String::new()),
            other => Err(self.wrong(name, &other, "string")),
        }
    }

    fn nested(&self, name: &str, value: Value) -> Result<Self, ApiError> {
        match value {
            Value::Object(map) => Ok(Self::new(map, name)),
            other => Err(self.wrong(name, &other, "object")),
        }
    }

    fn wrong(&self, name: &str, value: &Value, wanted: &str) -> ApiError {
        let path = &self.path;
        failed(&format!(
            "json: cannot unmarshal {} into Go struct field {path}.{name} of type {wanted}",
            kind(value)
        ))
    }
}

/// Go takes a name in any case; Consul adds the spelling of its own configuration files.
fn fold(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "")
}

fn failed(why: &str) -> ApiError {
    ApiError::bad(format!("Request decode failed: {why}"))
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(number) if number.is_f64() => format!("number {number}"),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    }
}
