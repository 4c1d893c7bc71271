//! A trace as Jaeger has it.

use std::collections::BTreeMap;

use serde_json::Value;

/// A span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) id: String,
    /// Empty at the root.
    pub(crate) parent: String,
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) events: Vec<String>,
    /// What each event says besides its name.
    pub(crate) said: Vec<BTreeMap<String, String>>,
    /// In microseconds.
    pub(crate) start: u64,
    pub(crate) duration: u64,
}

impl Span {
    pub(crate) fn all_of(trace: &Value) -> Vec<Self> {
        let spans = trace["spans"].as_array().cloned().unwrap_or_default();
        spans.iter().map(|span| Self::of(span, trace)).collect()
    }

    fn of(span: &Value, trace: &Value) -> Self {
        let process = span["processID"].as_str().unwrap();
        let parent = &span["references"][0]["spanID"];
        let logs = span["logs"].as_array().cloned().unwrap_or_default();
        let mut said: Vec<_> = logs.iter().map(|log| tags(&log["fields"])).collect();
        Self {
            id: text(&span["spanID"]),
            parent: text(parent),
            service: text(&trace["processes"][process]["serviceName"]),
            name: text(&span["operationName"]),
            tags: tags(&span["tags"]),
            events: said
                .iter_mut()
                .filter_map(|event| event.remove("event"))
                .collect(),
            said,
            start: span["startTime"].as_u64().unwrap(),
            duration: span["duration"].as_u64().unwrap(),
        }
    }

    pub(crate) fn tag(&self, name: &str) -> &str {
        self.tags.get(name).map_or("", String::as_str)
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.tag("span.kind") == kind
    }
}

fn tags(list: &Value) -> BTreeMap<String, String> {
    let list = list.as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|tag| (text(&tag["key"]), text(&tag["value"])))
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
