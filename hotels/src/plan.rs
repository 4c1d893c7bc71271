//! What a command line asks for: which members, with which data, in which registry.

use std::{net::SocketAddr, path::Path};

use bellhop::Neighbours;
use geo::Geo;
use profile::Profile;
use rate::Rate;

use crate::{
    cli::{Advertise, Common, DataService, Run, Service, ServiceName, Up},
    error::Error,
    settings::{self, Settings},
};

/// What to run.
pub(crate) struct Plan {
    /// Where to start a registry of our own, if at all.
    pub(crate) registry: Option<SocketAddr>,
    /// In the order to start them: whom one calls comes before.
    pub(crate) members: Vec<Member>,
    /// What all members are told, besides what is their own.
    pub(crate) settings: Settings,
    /// Whether a screen is shown for a person.
    pub(crate) is_up: bool,
    /// Through which members call each other in memory, if they do.
    pub(crate) neighbours: Option<Neighbours>,
}

/// One member to run.
pub(crate) struct Member {
    pub(crate) role: Role,
    pub(crate) settings: Settings,
}

/// What a member does, with its data.
#[derive(Clone)]
pub(crate) enum Role {
    Geo(Geo),
    Rate(Rate),
    Profile(Profile),
    Search,
    Frontend(frontend::Settings),
}

/// Reads the data that the members need, and says what to run.
pub(crate) fn plan(run: Run) -> Result<Plan, Error> {
    Ok(match run {
        Run::Up(up) => whole(&up)?,
        Run::Registry(registry) => Plan {
            registry: Some(registry.registry),
            members: Vec::new(),
            settings: Settings::default(),
            is_up: false,
            neighbours: None,
        },
        Run::Frontend(frontend) => single(
            Role::Frontend(settings::frontend(
                frontend.http,
                &frontend.clients,
                &frontend.page,
                &frontend.common,
            )),
            frontend.http,
            &frontend.advertise,
            &frontend.common,
        ),
        Run::Geo(service) => with_data(ServiceName::Geo, &service)?,
        Run::Rate(service) => with_data(ServiceName::Rate, &service)?,
        Run::Profile(service) => with_data(ServiceName::Profile, &service)?,
        Run::Search(service) => one(Role::Search, &service),
    })
}

/// One instance of a service that has data.
fn with_data(name: ServiceName, service: &DataService) -> Result<Plan, Error> {
    let role = role(name, service.data.data.as_deref())?;
    Ok(one(role, &service.service))
}

/// One instance of a gRPC service.
fn one(role: Role, service: &Service) -> Plan {
    single(role, service.listen, &service.advertise, &service.common)
}

/// One member in a process of its own.
fn single(role: Role, listen: SocketAddr, advertise: &Advertise, common: &Common) -> Plan {
    let mut settings = settings::own(listen, Some(advertise));
    settings.extend(settings::admin(common.admin));
    Plan {
        registry: None,
        members: vec![Member { role, settings }],
        settings: settings::common(common),
        is_up: false,
        neighbours: None,
    }
}

/// The whole system in one process.
fn whole(up: &Up) -> Result<Plan, Error> {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut beside = settings::own(any_port, None);
    beside.extend(settings::admin_beside(up.common.admin));
    let mut members = Vec::new();
    for name in [
        ServiceName::Geo,
        ServiceName::Rate,
        ServiceName::Profile,
        ServiceName::Search,
    ] {
        let scale = up.scale.iter().rev().find(|scale| scale.service == name);
        // Instances of a service share its data.
        let role = role(name, up.data.data.as_deref())?;
        for _ in 0..scale.map_or(1, |scale| scale.instances) {
            members.push(Member {
                role: role.clone(),
                settings: beside.clone(),
            });
        }
    }
    let mut frontend = settings::own(up.http, None);
    frontend.extend(settings::admin(up.common.admin));
    members.push(Member {
        role: Role::Frontend(settings::frontend(
            up.http,
            &up.clients,
            &up.page,
            &up.common,
        )),
        settings: frontend,
    });
    let mut settings = settings::common(&up.common);
    if up.http.ip().is_loopback() {
        settings.extend(settings::explaining(&settings));
    }
    Ok(Plan {
        registry: up.common.consul().is_none().then_some(up.registry),
        members,
        settings,
        is_up: true,
        neighbours: (!up.no_local).then(Neighbours::default),
    })
}

fn role(name: ServiceName, data: Option<&Path>) -> Result<Role, Error> {
    Ok(match name {
        ServiceName::Geo => Role::Geo(Geo::new(
            data.map_or_else(geo::Index::embedded, geo::Index::from_dir)?,
        )),
        ServiceName::Rate => {
            let inventory =
                data.map_or_else(rate::Inventory::embedded, rate::Inventory::from_dir)?;
            Role::Rate(Rate::new(inventory))
        }
        ServiceName::Profile => {
            let catalogue =
                data.map_or_else(profile::Catalogue::embedded, profile::Catalogue::from_dir)?;
            Role::Profile(Profile::new(catalogue))
        }
        ServiceName::Search => Role::Search,
    })
}
