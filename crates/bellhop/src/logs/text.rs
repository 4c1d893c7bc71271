//! A line for people.

use std::fmt::{self, Write};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatFields, FormattedFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use super::place;
use crate::context::Scope;

const RESET: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";

/// `TIME LEVEL TARGET: MESSAGE NAME=VALUE …`
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
    let (dim, reset) = match writer.has_ansi_escapes() {
        true => (DIM, RESET),
        false => ("", ""),
    };
    let metadata = event.metadata();
    writer.write_str(dim)?;
    SystemTime.format_time(&mut writer)?;
    write!(writer, "{reset} ")?;
    write_level(&mut writer, metadata.level())?;
    write!(writer, " {dim}{}:{reset} ", metadata.target())?;
    for span in context
        .event_scope()
        .into_iter()
        .flat_map(|scope| scope.from_root())
    {
        write!(writer, "{}", span.name())?;
        if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
            && !fields.is_empty()
        {
            write!(writer, "{{{fields}}}")?;
        }
        writer.write_str(": ")?;
    }
    context
        .field_format()
        .format_fields(writer.by_ref(), event)?;
    writer.write_str(dim)?;
    let mut told = Ok(());
    place(scope, |name, value| {
        if told.is_ok() {
            told = write!(Tame(&mut writer), " {name}={value}");
        }
    });
    told?;
    writeln!(writer, "{reset}")
}

fn write_level(writer: &mut Writer<'_>, level: &Level) -> fmt::Result {
    if !writer.has_ansi_escapes() {
        return write!(writer, "{level:>5}");
    }
    let colour = match *level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    };
    write!(writer, "\x1b[{colour}m{level:>5}{RESET}")
}

/// Lets nothing through that would begin a line or change a terminal: ids come from strangers.
struct Tame<'w, 'a>(&'w mut Writer<'a>);

impl Write for Tame<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars()
            .try_for_each(|character| match character.is_control() {
                true => write!(self.0, "{}", character.escape_default()),
                false => self.0.write_char(character),
            })
    }
}
