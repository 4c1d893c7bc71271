//! The services of Hotels by tonic and axum alone, over plain channels, without mesh, registry, metrics or traces: with the handlers of
//! Hotels, or with those that one writes who has only these two.

use std::net::{Ipv4Addr, SocketAddr};

use axum::serve::ListenerExt;
use frontend::Frontend;
use geo::{Geo, Index};
use profile::{Catalogue, Profile};
use rate::{Inventory, Rate};
use search::Search;
use tokio::net::TcpListener;
use tonic::transport::{
    Channel, Endpoint, Server,
    server::{Router, TcpIncoming},
};

use crate::{Failure, plain};

/// Whose handlers are asked.
#[derive(Clone, Copy)]
pub(crate) enum Handlers {
    /// Those of Hotels, which read and write messages in place.
    Own,
    /// As everybody writes them.
    Plain,
}

/// Each serves, and says where.
impl Handlers {
    /// All of them, on this runtime. Where the frontend is.
    pub(crate) async fn all(self) -> Result<SocketAddr, Failure> {
        let search = self.search(self.geo()?, self.rate()?).await?;
        self.frontend(search, self.profile()?).await
    }

    pub(crate) fn geo(self) -> Result<SocketAddr, Failure> {
        let mut server = Server::builder();
        grpc(match self {
            Self::Own => server.add_service(geo::service(Geo::new(Index::embedded()?))),
            Self::Plain => server.add_service(plain::geo::service()?),
        })
    }

    pub(crate) fn rate(self) -> Result<SocketAddr, Failure> {
        let mut server = Server::builder();
        grpc(match self {
            Self::Own => server.add_service(rate::service(Rate::new(Inventory::embedded()?))),
            Self::Plain => server.add_service(plain::rate::service()?),
        })
    }

    pub(crate) fn profile(self) -> Result<SocketAddr, Failure> {
        let mut server = Server::builder();
        grpc(match self {
            Self::Own => {
                let profile = Profile::new(Catalogue::embedded()?);
                server.add_service(profile::service(profile))
            }
            Self::Plain => server.add_service(plain::profile::service()?),
        })
    }

    pub(crate) async fn search(
        self,
        geo: SocketAddr,
        rate: SocketAddr,
    ) -> Result<SocketAddr, Failure> {
        let (geo, rate) = (channel(geo).await?, channel(rate).await?);
        let mut server = Server::builder();
        grpc(match self {
            Self::Own => server.add_service(search::service(Search::new(geo, rate))),
            Self::Plain => server.add_service(plain::search::service(geo, rate)),
        })
    }

    pub(crate) async fn frontend(
        self,
        search: SocketAddr,
        profile: SocketAddr,
    ) -> Result<SocketAddr, Failure> {
        let (search, profile) = (channel(search).await?, channel(profile).await?);
        let router = match self {
            Self::Own => Frontend::new(search, profile, frontend::Settings::default()).router(),
            Self::Plain => plain::frontend::router(search, profile),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // A socket that does not take it is slower and no worse.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(address)
    }
}

/// tonic's `serve(address)` on a free port, with `TCP_NODELAY` as that has it.
fn grpc(router: Router) -> Result<SocketAddr, Failure> {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let incoming = TcpIncoming::bind(free)?.with_nodelay(Some(true));
    let address = incoming.local_addr()?;
    tokio::spawn(router.serve_with_incoming(incoming));
    Ok(address)
}

async fn channel(address: SocketAddr) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    Ok(endpoint.connect().await?)
}
