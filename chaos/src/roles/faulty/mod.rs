//! An instance of geo, rate or profile that does what it is told: is slow, refuses a share of its calls, counts them.

mod control;
mod service;
mod state;

use std::{convert::Infallible, sync::Arc};

use bellhop::{Mesh, Services};
use geo::Geo;
use hotel_proto::FILE_DESCRIPTOR_SET;
use http::{Request, Response};
use hyper::body::Incoming;
use profile::Profile;
use rate::Rate;
use tonic::{body::Body, server::NamedService};
use tower::Service;

pub(crate) use self::control::Control;
use self::{service::Faulty, state::State};
use crate::Failure;

/// Serves until told to stop. Says first where it takes orders.
pub(super) fn play(service: Option<&str>) -> Result<(), Failure> {
    let state = Arc::<State>::default();
    control::listen(state.clone())?;
    match service {
        Some(geo::NAME) => {
            let geo = Geo::new(geo::Index::embedded()?);
            serve(geo::NAME, Faulty::new(geo::service(geo), state))
        }
        Some(rate::NAME) => {
            let rate = Rate::new(rate::Inventory::embedded()?);
            serve(rate::NAME, Faulty::new(rate::service(rate), state))
        }
        Some(profile::NAME) => {
            let profile = Profile::new(profile::Catalogue::embedded()?);
            serve(profile::NAME, Faulty::new(profile::service(profile), state))
        }
        other => Err(format!("a faulty instance of {other:?}?").into()),
    }
}

fn serve<S>(name: &str, service: S) -> Result<(), Failure>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    S: NamedService + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let app = |_: &Mesh| {
        Services::new()
            .with(service.clone())
            .describe(FILE_DESCRIPTOR_SET)
    };
    Ok(Mesh::from_env(name)?.run(app)?)
}
