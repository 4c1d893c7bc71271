//! Starts members and stops them.

use std::net::SocketAddr;

use bellhop::{
    LogFilter, Mesh, Neighbours, Serving, Shards,
    config::{Environment, Known, Overlay, Source},
};

use crate::{
    error::{Error, taken},
    plan::{Member, Role},
    settings::Settings,
};

const VERSION: &str = "BELLHOP_VERSION";

/// A member that serves.
pub(crate) struct Running {
    pub(crate) service: &'static str,
    /// How many calls away from the people outside; callers have a lower one than those whom they call.
    pub(crate) rank: u8,
    serving: Serving,
}

impl Role {
    pub(crate) fn service(&self) -> &'static str {
        match self {
            Self::Geo(_) => geo::NAME,
            Self::Rate(_) => rate::NAME,
            Self::Profile(_) => profile::NAME,
            Self::Search => search::NAME,
            Self::Frontend(_) => frontend::NAME,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Frontend(_) => 0,
            Self::Search => 1,
            Self::Geo(_) | Self::Rate(_) | Self::Profile(_) => 2,
        }
    }

    /// The option of the command line that says where it listens.
    fn option(&self) -> &'static str {
        match self {
            Self::Frontend(_) => "--http",
            _ => "--listen",
        }
    }
}

/// Starts one member; `common` is what all members of this process are told, `known` what it knows of settings.
pub(crate) async fn start(
    member: Member,
    common: &Settings,
    known: &Known,
    shards: &Shards,
    logs: &LogFilter,
    neighbours: Option<&Neighbours>,
) -> Result<Running, Error> {
    let Member { role, mut settings } = member;
    let (service, rank, option) = (role.service(), role.rank(), role.option());
    settings.extend(common.clone());
    let failed = |source| taken(&source, option).unwrap_or(Error::Member { service, source });
    let mesh = mesh(service, settings, known.clone()).map_err(failed)?;
    let mesh = mesh.with_log_filter(logs.clone());
    let mesh = match neighbours {
        Some(neighbours) => mesh.beside(neighbours),
        None => mesh,
    };
    let serving = match role {
        Role::Geo(geo) => geo::serve(&mesh, shards, geo).await,
        Role::Rate(rate) => rate::serve(&mesh, shards, rate).await,
        Role::Profile(profile) => profile::serve(&mesh, shards, profile).await,
        Role::Search => search::serve(&mesh, shards).await,
        Role::Frontend(settings) => frontend::serve(&mesh, shards, settings).await,
    };
    Ok(Running {
        service,
        rank,
        serving: serving.map_err(failed)?,
    })
}

/// A member with these settings, and those of the environment where these say nothing.
fn mesh(service: &str, mut settings: Settings, known: Known) -> Result<Mesh, bellhop::Error> {
    if Environment.get(VERSION).is_none() {
        settings.insert(VERSION, env!("CARGO_PKG_VERSION"));
    }
    // One file may be for all members: what counts is whom any of them calls.
    let callees = [geo::NAME, rate::NAME, profile::NAME, search::NAME];
    let known = callees.into_iter().fold(known, Known::called);
    Mesh::knowing(service, &Overlay::new(settings, Environment), known)
}

impl Running {
    /// Says something about it.
    pub(crate) fn say(&self, line: impl FnOnce()) {
        self.serving.scope().run(line);
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// Where its admin endpoint listens, where it has one.
    pub(crate) fn admin(&self) -> Option<SocketAddr> {
        self.serving.admin_address()
    }

    /// Returns once somebody has asked for its end.
    pub(crate) async fn asked_to_stop(&self) {
        self.serving.asked_to_stop().await;
    }

    /// Leaves without losing a call.
    pub(crate) async fn stop(self) {
        self.serving.stop().await;
    }
}
