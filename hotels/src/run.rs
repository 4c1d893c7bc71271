//! Runs what was planned, until it is told to stop.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use bellhop::{
    LogFilter, Neighbours, Shards, StopSignals,
    config::{Environment, File, Known, Overlay, Reader, Setting},
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::runtime::Builder;
use tracing::info;

use crate::{
    error::Error,
    members::{self, Running},
    plan::{Member, Plan},
    registry::Registry,
    screen,
    settings::{self, Settings},
};

/// How long the system may take until every hop has found the next.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or Ctrl-C; a second one stops at once.
///
/// Members tell of themselves what was `told` to the program.
pub(crate) fn run(plan: Plan, told: Vec<Setting>, logs: &LogFilter) -> Result<(), Error> {
    let began = Instant::now();
    let registry = plan
        .registry
        .map(Registry::start)
        .transpose()
        .map_err(|error| match error {
            // Who wants a registry alone has no use for that one.
            Error::ConsulIsThere { address } if plan.members.is_empty() => {
                Error::RegistryIsThere { address }
            }
            error => error,
        })?;
    let mut settings = plan.settings;
    if let Some(registry) = &registry {
        settings.extend(settings::embedded(registry.address()));
    }
    let control = Builder::new_current_thread().enable_all().build()?;
    let shards = Shards::start(shards(&settings))?;
    let known = Known::default().telling(told);
    let done = control.block_on(async {
        let mut signals = StopSignals::listen()?;
        let neighbours = plan.neighbours.as_ref();
        let mut running = tokio::select! {
            running = start_all(plan.members, &settings, &known, &shards, logs, neighbours) => running?,
            () = signals.next() => return Ok(()),
        };
        let told = async {
            if plan.is_up {
                tell(&running, registry.as_ref(), &settings, began).await;
            } else {
                announce(&running, registry.as_ref());
            }
        };
        tokio::select! {
            () = told => stop_the_unwanted(&mut running, &mut signals).await,
            () = signals.next() => {}
        }
        tokio::select! {
            () = stop_all(running) => Ok(()),
            () = signals.next() => Err(Error::Interrupted),
        }
    });
    if matches!(done, Err(Error::Interrupted)) {
        shards.abandon(control);
    } else {
        shards.end(control);
        if let Some(registry) = registry {
            registry.end();
        }
    }
    done
}

async fn start_all(
    members: Vec<Member>,
    settings: &Settings,
    known: &Known,
    shards: &Shards,
    logs: &LogFilter,
    neighbours: Option<&Neighbours>,
) -> Result<Vec<Running>, Error> {
    let mut running = Vec::with_capacity(members.len());
    for member in members {
        running.push(members::start(member, settings, known, shards, logs, neighbours).await?);
    }
    Ok(running)
}

/// Tells a person what runs, once all of it does.
async fn tell(
    running: &[Running],
    registry: Option<&Registry>,
    settings: &Settings,
    began: Instant,
) {
    let ready = match running.last() {
        Some(frontend) => screen::until_ready(frontend.address(), READY_WITHIN).await,
        None => true,
    };
    screen::show(
        running,
        registry.map(Registry::address),
        settings,
        began.elapsed(),
        ready,
    );
}

fn announce(running: &[Running], registry: Option<&Registry>) {
    for member in running {
        let admin = member.admin().map(tracing::field::display);
        member.say(|| {
            info!(service = member.service, address = %member.address(), admin, "serving");
        });
    }
    if let Some(registry) = registry {
        info!(address = %registry.address(), "registry serving");
    }
}

/// Stops members whose end somebody asks for, until a signal comes or the last of them is gone.
async fn stop_the_unwanted(running: &mut Vec<Running>, signals: &mut StopSignals) {
    loop {
        let asked = running.iter().enumerate().map(|(at, member)| async move {
            member.asked_to_stop().await;
            at
        });
        let mut asked: FuturesUnordered<_> = asked.collect();
        let at = tokio::select! {
            // A registry alone has no members: then nobody asks.
            Some(at) = asked.next() => at,
            () = signals.next() => return,
        };
        drop(asked);
        tokio::select! {
            () = running.remove(at).stop() => {}
            () = signals.next() => return,
        }
        if running.is_empty() {
            return;
        }
    }
}

/// Callers leave before those whom they call.
async fn stop_all(mut running: Vec<Running>) {
    while let Some(first) = running.iter().map(|member| member.rank).min() {
        let (leaving, staying) = running.into_iter().partition(|member| member.rank == first);
        running = staying;
        let leaving: Vec<Running> = leaving;
        futures_util::future::join_all(leaving.into_iter().map(Running::stop)).await;
    }
}

fn shards(settings: &Settings) -> NonZeroUsize {
    let source = Overlay::new(settings.clone(), Environment);
    // What is bad is told by the members, all at once.
    let (file, _) = File::named_by(&source);
    let source = Overlay::new(source, file);
    Reader::new(&source)
        .parse("BELLHOP_SHARDS", "")
        .unwrap_or_else(Shards::cores)
}
