//! The services of Hotels by tonic and axum alone: the same handlers over plain channels, without mesh, registry, metrics or traces.

use std::net::{Ipv4Addr, SocketAddr};

use axum::serve::ListenerExt;
use frontend::Frontend;
use geo::{Geo, Index};
use profile::{Catalogue, Profile};
use rate::{Inventory, Rate};
use search::Search;
use tokio::{net::TcpListener, runtime::Builder};
use tonic::transport::{
    Channel, Endpoint, Server,
    server::{Router, TcpIncoming},
};

use crate::{Failure, server::until_told};

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

/// Serves one service, which calls those at these addresses, or all of them, until the end of the input. Says "ready" and where.
pub(crate) fn serve(
    runtime: Runtime,
    service: &str,
    callees: &[SocketAddr],
) -> Result<(), Failure> {
    let runtime = match runtime {
        Runtime::Threads => Builder::new_multi_thread().enable_all().build()?,
        Runtime::OneThread => Builder::new_current_thread().enable_all().build()?,
    };
    runtime.block_on(async {
        let address = match (service, callees) {
            ("all", []) => all().await?,
            ("geo", []) => geo()?,
            ("rate", []) => rate()?,
            ("profile", []) => profile()?,
            ("search", [geo, rate]) => search(*geo, *rate).await?,
            ("frontend", [search, profile]) => frontend(*search, *profile).await?,
            _ => return Err(format!("bare {service} of {callees:?}").into()),
        };
        println!("ready {address}");
        until_told().await
    })
}

async fn all() -> Result<SocketAddr, Failure> {
    let search = search(geo()?, rate()?).await?;
    frontend(search, profile()?).await
}

fn geo() -> Result<SocketAddr, Failure> {
    let geo = Geo::new(Index::embedded()?);
    grpc(Server::builder().add_service(geo::service(geo)))
}

fn rate() -> Result<SocketAddr, Failure> {
    let rate = Rate::new(Inventory::embedded()?);
    grpc(Server::builder().add_service(rate::service(rate)))
}

fn profile() -> Result<SocketAddr, Failure> {
    let profile = Profile::new(Catalogue::embedded()?);
    grpc(Server::builder().add_service(profile::service(profile)))
}

async fn search(geo: SocketAddr, rate: SocketAddr) -> Result<SocketAddr, Failure> {
    let search = Search::new(channel(geo).await?, channel(rate).await?);
    grpc(Server::builder().add_service(search::service(search)))
}

async fn frontend(search: SocketAddr, profile: SocketAddr) -> Result<SocketAddr, Failure> {
    let (search, profile) = (channel(search).await?, channel(profile).await?);
    let frontend = Frontend::new(search, profile, frontend::Settings::default());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    // A socket that does not take it is slower and no worse.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    tokio::spawn(axum::serve(listener, frontend.router()).into_future());
    Ok(address)
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
