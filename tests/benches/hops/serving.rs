//! A process that serves one of the [bare](crate::bare) services, or all of them.

use std::net::SocketAddr;

use tokio::runtime::Builder;

use crate::{Failure, bare::Handlers, server::until_told};

/// What it runs on.
#[derive(Clone, Copy)]
pub(crate) enum Runtime {
    /// tokio's multi-thread runtime, as everybody has it.
    Threads,
    /// The current-thread runtime.
    OneThread,
}

impl Runtime {
    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::OneThread => "one-thread",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        let mut all = [Self::Threads, Self::OneThread].into_iter();
        let runtime = all.find(|runtime| runtime.name() == name);
        runtime.ok_or_else(|| format!("no such runtime: {name}").into())
    }
}

impl Handlers {
    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Plain => "plain",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        let mut all = [Self::Own, Self::Plain].into_iter();
        let handlers = all.find(|handlers| handlers.name() == name);
        handlers.ok_or_else(|| format!("no such handlers: {name}").into())
    }
}

/// Serves one service, which calls those at these addresses, or all of them, until the end of the input. Says "ready" and where.
pub(crate) fn serve(
    runtime: Runtime,
    handlers: Handlers,
    service: &str,
    callees: &[SocketAddr],
) -> Result<(), Failure> {
    let runtime = match runtime {
        Runtime::Threads => Builder::new_multi_thread().enable_all().build()?,
        Runtime::OneThread => Builder::new_current_thread().enable_all().build()?,
    };
    runtime.block_on(async {
        let address = match (service, callees) {
            ("all", []) => handlers.all().await?,
            ("geo", []) => handlers.geo()?,
            ("rate", []) => handlers.rate()?,
            ("profile", []) => handlers.profile()?,
            ("search", [geo, rate]) => handlers.search(*geo, *rate).await?,
            ("frontend", [search, profile]) => handlers.frontend(*search, *profile).await?,
            _ => return Err(format!("bare {service} of {callees:?}").into()),
        };
        println!("ready {address}");
        until_told().await
    })
}
