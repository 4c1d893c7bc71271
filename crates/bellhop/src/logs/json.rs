//! A line for machines.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatFields, FormattedFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use super::{fields::Object, place};
use crate::context::Scope;

/// Room for a line of usual length.
const LINE: usize = 512;

/// An object with what is known of every event, and beside it what this one says.
pub(super) fn write<S, N>(
    context: &FmtContext<'_, S, N>,
    mut writer: Writer<'_>,
    event: &Event<'_>,
    scope: &Scope,
) -> fmt::Result
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    let mut time = String::with_capacity(32);
    SystemTime.format_time(&mut Writer::new(&mut time))?;
    let mut line = Object::begin(Vec::with_capacity(LINE));
    let metadata = event.metadata();
    line.add("time", &time);
    line.add("level", metadata.level().as_str());
    line.add("target", metadata.target());
    place(scope, |name, value| line.add_displayed(name, value));
    event.record(&mut line);
    let spans: Vec<_> = context
        .event_scope()
        .into_iter()
        .flat_map(|scope| scope.from_root())
        .map(|span| match span.extensions().get::<FormattedFields<N>>() {
            Some(fields) if !fields.is_empty() => format!("{}{{{fields}}}", span.name()),
            _ => span.name().to_owned(),
        })
        .collect();
    if !spans.is_empty() {
        line.add("spans", &spans);
    }
    writeln!(writer, "{}", line.end())
}
