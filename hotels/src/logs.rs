//! Log lines, on standard error.

use std::io;

use bellhop::logs::Lines;
use tracing_subscriber::{EnvFilter, fmt};

use crate::cli::Log;

const DEFAULT: &str = "warn,hotels=info,bellhop::access=info";

/// Writes log lines from here on: those that `RUST_LOG` asks for.
pub(crate) fn init(format: Log) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    let format = match format {
        Log::Text => Lines::Text,
        Log::Json => Lines::Json,
    };
    lines.event_format(format).init();
}
