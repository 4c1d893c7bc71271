//! A span as the collector sees it.

use std::collections::BTreeMap;

use http::HeaderMap;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, status::StatusCode},
};

/// One span, who sent it and how.
#[derive(Clone, Debug)]
pub(crate) struct Exported {
    pub(crate) span: Span,
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) scope: String,
    pub(crate) headers: HeaderMap,
}

impl Exported {
    /// All spans of one export.
    pub(super) fn all(request: ExportTraceServiceRequest, headers: &HeaderMap) -> Vec<Self> {
        let mut exported = Vec::new();
        for of_resource in request.resource_spans {
            let resource = plain(&of_resource.resource.unwrap_or_default().attributes);
            for of_scope in of_resource.scope_spans {
                let scope = of_scope.scope.unwrap_or_default().name;
                exported.extend(of_scope.spans.into_iter().map(|span| Self {
                    span,
                    resource: resource.clone(),
                    scope: scope.clone(),
                    headers: headers.clone(),
                }));
            }
        }
        exported
    }

    /// Its attributes as text.
    pub(crate) fn attributes(&self) -> BTreeMap<String, String> {
        plain(&self.span.attributes)
    }

    /// Whether its status is an error; `false` where it is unset.
    pub(crate) fn failed(&self) -> bool {
        let status = self.span.status.clone().unwrap_or_default().code();
        assert_ne!(status, StatusCode::Ok, "only applications set that");
        status == StatusCode::Error
    }

    pub(crate) fn trace_id(&self) -> String {
        hex(&self.span.trace_id)
    }

    pub(crate) fn span_id(&self) -> String {
        hex(&self.span.span_id)
    }

    /// Empty for a root.
    pub(crate) fn parent_id(&self) -> String {
        hex(&self.span.parent_span_id)
    }
}

/// The span of this name and kind.
pub(crate) trait Find {
    fn named(&self, name: &str) -> &Exported;
}

impl Find for [Exported] {
    fn named(&self, name: &str) -> &Exported {
        self.iter()
            .find(|exported| exported.span.name == name)
            .unwrap_or_else(|| panic!("no span {name} in {self:#?}"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn plain(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes
        .iter()
        .map(|attribute| {
            let value = attribute.value.as_ref().and_then(|any| any.value.as_ref());
            let text = match value {
                Some(Value::StringValue(text)) => text.clone(),
                Some(Value::IntValue(number)) => number.to_string(),
                other => panic!("{}: unexpected {other:?}", attribute.key),
            };
            (attribute.key.clone(), text)
        })
        .collect()
}
