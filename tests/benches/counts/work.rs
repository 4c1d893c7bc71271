//! What is done over and over.

use std::{
    env,
    process::{Command, ExitCode},
};

use crate::{
    Failure,
    bare::Handlers,
    callgrind::{self, Counts},
    hop::{self, End},
    request,
};

/// Says which of them this process is to do.
const VARIABLE: &str = "COUNTS_WORK";

/// One row.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Hop { caller: End, server: End },
    Request { calls: Calls },
}

/// How members of one process call each other.
#[derive(Clone, Copy)]
pub(crate) enum Calls {
    /// By tonic alone, over sockets.
    Bare(Handlers),
    OverSockets,
    InMemory,
}

impl Work {
    /// The yardstick comes first.
    pub(crate) const ALL: [Self; 7] = [
        Self::hop(End::Tonic, End::Tonic),
        Self::hop(End::Tonic, End::Bellhop),
        Self::hop(End::Bellhop, End::Bellhop),
        Self::Request {
            calls: Calls::Bare(Handlers::Plain),
        },
        Self::Request {
            calls: Calls::Bare(Handlers::Own),
        },
        Self::Request {
            calls: Calls::OverSockets,
        },
        Self::Request {
            calls: Calls::InMemory,
        },
    ];

    const fn hop(caller: End, server: End) -> Self {
        Self::Hop { caller, server }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hop { caller, server } => match (caller, server) {
                (End::Tonic, End::Tonic) => "hop: tonic to tonic",
                (End::Tonic, End::Bellhop) => "hop: tonic to bellhop",
                (End::Bellhop, _) => "hop: bellhop to bellhop",
            },
            Self::Request { calls } => match calls {
                Calls::Bare(Handlers::Plain) => "/hotels: bare tonic",
                Calls::Bare(Handlers::Own) => "/hotels: our handlers on tonic",
                Calls::OverSockets => "/hotels: one process, over sockets",
                Calls::InMemory => "/hotels: one process, in memory",
            },
        }
    }

    /// What this process was started to do, if it was.
    pub(crate) fn told() -> Option<Self> {
        Self::named(&env::var(VARIABLE).ok()?)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.name() == name)
    }

    /// Does it, to be counted.
    pub(crate) fn run(self) -> ExitCode {
        match self {
            Self::Hop { caller, server } => match hop::work(caller, server) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("counts: {}: {error}", self.name());
                    ExitCode::FAILURE
                }
            },
            Self::Request {
                calls: Calls::Bare(handlers),
            } => request::work_bare(handlers),
            Self::Request { .. } => request::work(),
        }
    }

    /// Has it done in a process of its own. What one of it takes.
    pub(crate) fn count(self) -> Result<Counts, Failure> {
        let prepare = |command: &mut Command| {
            command.env(VARIABLE, self.name());
            // Which traces are recorded is a matter of chance otherwise.
            command.env("OTEL_TRACES_SAMPLER", "parentbased_always_off");
            // So many a second are kept, whatever a second has room for.
            command.env("BELLHOP_KEEP_TRACES", "off");
            // How often the registry asks depends on how long it all takes.
            command.env("BELLHOP_CHECK_INTERVAL", "1h");
        };
        match self {
            Self::Hop { .. } => hop::count(prepare),
            Self::Request {
                calls: Calls::Bare(_),
            } => callgrind::count(&[], request::TIMES, prepare),
            Self::Request { calls } => {
                let mut args = request::ARGS.to_vec();
                if matches!(calls, Calls::OverSockets) {
                    args.push(request::NO_LOCAL);
                }
                callgrind::count(&args, request::TIMES, prepare)
            }
        }
        .map_err(|error| format!("{}: {error}", self.name()).into())
    }
}
