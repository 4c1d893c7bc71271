//! The command line.

use std::{num::NonZeroU32, path::PathBuf};

use clap::Parser;

/// Breaks Hotels while a load runs, and looks at every answer.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// A few seconds of load for each case (the default)
    #[arg(long, conflicts_with = "long")]
    pub(crate) short: bool,

    /// The times that the promise names, such as a minute without Consul
    #[arg(long)]
    pub(crate) long: bool,

    /// Only this case, or those whose names begin so; may be repeated
    #[arg(long = "case", value_name = "NAME")]
    pub(crate) cases: Vec<String>,

    /// Requests a second, at even intervals whatever the answers do
    #[arg(long, value_name = "N", default_value = "500")]
    pub(crate) rate: NonZeroU32,

    /// Name the cases, run none
    #[arg(long)]
    pub(crate) list: bool,

    /// Pass over the cases that need network namespaces, and say so
    #[arg(long)]
    pub(crate) without_netns: bool,

    /// Where the logs of failed cases go
    #[arg(long, value_name = "DIR", default_value = "target/chaos")]
    pub(crate) logs: PathBuf,
}
