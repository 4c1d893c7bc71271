//! The services of Hotels by tonic and axum alone, over plain channels, without mesh, registry, metrics or traces: with the handlers of
//! Hotels, or with those that one writes who has only these two.

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

use crate::{Failure, plain, server::until_told};

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

/// Whose handlers are asked.
#[derive(Clone, Copy)]
pub(crate) enum Handlers {
    /// Those of Hotels, which read and write messages in place.
    Own,
    /// As everybody writes them.
    Plain,
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

/// Each serves, and says where.
impl Handlers {
    async fn all(self) -> Result<SocketAddr, Failure> {
        let search = self.search(self.geo()?, self.rate()?).await?;
        self.frontend(search, self.profile()?).await
    }

    fn geo(self) -> Result<SocketAddr, Failure> {
        let mut server = Server::builder();
        grpc(match self {
            Self::Own => server.add_service(geo::service(Geo::new(Index::embedded()?))),
            Self::Plain => server.add_service(plain::geo::service()?),
        })
    }

    fn rate(self) -> Result<SocketAddr, Failure> {
        let mut server = Server::builder();
        grpc(match self {
            Self::Own => server.add_service(rate::service(Rate::new(Inventory::embedded()?))),
            Self::Plain => server.add_service(plain::rate::service()?),
        })
    }

    fn profile(self) -> Result<SocketAddr, Failure> {
        let mut server = Server::builder();
        grpc(match self {
            Self::Own => {
                let profile = Profile::new(Catalogue::embedded()?);
                server.add_service(profile::service(profile))
            }
            Self::Plain => server.add_service(plain::profile::service()?),
        })
    }

    async fn search(self, geo: SocketAddr, rate: SocketAddr) -> Result<SocketAddr, Failure> {
        let (geo, rate) = (channel(geo).await?, channel(rate).await?);
        let mut server = Server::builder();
        grpc(match self {
            Self::Own => server.add_service(search::service(Search::new(geo, rate))),
            Self::Plain => server.add_service(plain::search::service(geo, rate)),
        })
    }

    async fn frontend(
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
