//! The chaos suite: breaks Hotels in every way that its promise names, while a load runs, and looks at every answer.
//!
//! Each case starts a system of its own: a real Consul, a process for each instance, a gate before Consul for each service. A
//! steady load, open loop, goes through the frontends; each answer is compared with one from when all was well. The case breaks
//! something, and heals it. What it comes to is a row of a table and a verdict.

mod args;
mod cases;
mod figures;
mod load;
mod pace;
mod report;
mod roles;
mod run;
mod stage;
mod suite;
mod table;

use std::process::ExitCode;

use clap::Parser;

use self::{
    args::Args,
    figures::Figures,
    load::{Load, Right},
    pace::Pace,
    report::Report,
    stage::{Shape, Stage},
    suite::Suite,
};

/// What went wrong; whoever reads it wants the text and no more.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The program: runs cases, or plays one instance of the system that a case has started.
pub fn main() -> ExitCode {
    match roles::asked() {
        Some(role) => roles::play(&role),
        None => run::run(&Args::parse()),
    }
}
