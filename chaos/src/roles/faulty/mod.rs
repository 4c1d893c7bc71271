//! An instance of geo, rate, profile or search that does what it is told: is slow, refuses a share of its calls, counts them.

mod control;
mod service;
mod state;

use std::{convert::Infallible, env, sync::Arc};

use bellhop::{Mesh, Services, server::RequestBody};
use geo::Geo;
use hotel_proto::FILE_DESCRIPTOR_SET;
use http::{Request, Response};
use profile::Profile;
use rate::Rate;
use search::Search;
use tonic::{body::Body, server::NamedService};
use tower::Service;

pub(crate) use self::control::Control;
use self::{service::Faulty, state::State};
use super::WORKERS;
use crate::Failure;

/// Serves until told to stop. Says first where it takes orders.
pub(super) fn play(service: Option<&str>) -> Result<(), Failure> {
    let workers = env::var(WORKERS).ok();
    let workers = workers.map(|workers| workers.parse()).transpose()?;
    let state = Arc::new(State::new(workers));
    control::listen(state.clone())?;
    match service {
        Some(geo::NAME) => {
            let geo = Geo::new(geo::Index::embedded()?);
            serve(geo::NAME, state, move |_| geo::service(geo.clone()))
        }
        Some(rate::NAME) => {
            let rate = Rate::new(rate::Inventory::embedded()?);
            serve(rate::NAME, state, move |_| rate::service(rate.clone()))
        }
        Some(profile::NAME) => {
            let profile = Profile::new(profile::Catalogue::embedded()?);
            let service = move |_: &Mesh| profile::service(profile.clone());
            serve(profile::NAME, state, service)
        }
        Some(search::NAME) => serve(search::NAME, state, |mesh| {
            let channel = |service| mesh.channel(service).describe(FILE_DESCRIPTOR_SET);
            search::service(Search::new(channel(geo::NAME), channel(rate::NAME)))
        }),
        other => Err(format!("a faulty instance of {other:?}?").into()),
    }
}

/// Serves what is made once for each shard.
fn serve<S>(
    name: &str,
    state: Arc<State>,
    service: impl Fn(&Mesh) -> S + Send + Sync + 'static,
) -> Result<(), Failure>
where
    S: Service<Request<RequestBody>, Response = Response<Body>, Error = Infallible>,
    S: NamedService + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let app = move |mesh: &Mesh| {
        Services::new()
            .with(Faulty::new(service(mesh), state.clone()))
            .describe(FILE_DESCRIPTOR_SET)
    };
    Ok(Mesh::from_env(name)?.run(app)?)
}
