//! Log lines, on standard error.

use std::{error::Error, io};

use bellhop::{LogFilter, logs::Lines};
use tracing_subscriber::{EnvFilter, fmt};

use crate::cli::Log;

const DEFAULT: &str =
    "warn,hotels=info,bellhop::access=info,bellhop::split=info,bellhop::credentials=info";

/// Writes log lines from here on: those that `RUST_LOG` asks for, until the filter that comes back says something else.
pub(crate) fn init(format: Log) -> LogFilter {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let current = filter.to_string();
    let format = match format {
        Log::Text => Lines::Text,
        Log::Json => Lines::Json,
    };
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    let lines = lines.event_format(format).with_filter_reloading();
    let handle = lines.reload_handle();
    lines.init();
    LogFilter::new(current, move |filter| -> Result<(), Box<dyn Error>> {
        handle.reload(EnvFilter::try_new(filter)?)?;
        Ok(())
    })
}
