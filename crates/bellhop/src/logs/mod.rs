//! Log lines that say which member wrote them, and about which request.
//!
//! [`Lines`] is how `tracing-subscriber` writes an event: one line, as text for people or as a JSON object for machines. Beside
//! what the event says, a line says who speaks and where the event belongs, as the running task's
//! [`Scope`] knows it. The names are those of OpenTelemetry:
//!
//! | name | is |
//! |---|---|
//! | `time` | UTC, as in RFC 3339 |
//! | `level` | `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR` |
//! | `target` | the module that speaks |
//! | `message` | what it says |
//! | `service.name`, `service.instance.id` | the member, by its names in the registry, also where the line is about no call |
//! | `trace_id`, `span_id` | the call that was served, where it has a trace |
//! | `request_id` | the id of the request that all this is about |
//!
//! ```
//! use bellhop::logs::Lines;
//! # let lines = tracing_subscriber::fmt();
//! # let _subscriber =
//! lines.event_format(Lines::Json)
//! # .finish();
//! ```

mod fields;
mod json;
mod text;

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use crate::context::Scope;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        Scope::with(|scope| match self {
            Self::Text => text::write(context, writer, event, scope),
            Self::Json => json::write(context, writer, event, scope),
        })
    }
}

/// Where an event belongs, in the order in which lines tell it.
fn place(scope: &Scope, mut tell: impl FnMut(&'static str, &dyn fmt::Display)) {
    if let Some(member) = &scope.member {
        tell("service.name", &member.service);
        tell("service.instance.id", &member.instance);
    }
    if scope.span.is_valid() {
        tell("trace_id", &scope.span.trace_id());
        tell("span_id", &scope.span.span_id());
    }
    if let Some(id) = scope.baggage.request_id() {
        tell("request_id", &id);
    }
}

#[cfg(test)]
mod tests;
