//! One end of a hop: what serves.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use bellhop::{
    Mesh, Services, Shards,
    config::{Environment, Overlay},
};
use hotel_proto::geo::geo_server::GeoServer;
use tokio::runtime::Builder;
use tonic::transport::{Server, server::TcpIncoming};

use crate::{Failure, stub::Stub};

/// More than any table has, for each runtime of the callers.
const MAX_CONNECTIONS: &str = "100000";

/// The service's name in the registry.
pub(crate) const SERVICE: &str = "geo";

/// How it serves.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A member of the mesh, on one runtime per core.
    Bellhop,
    /// tonic on the multi-thread runtime, as everybody sets it up.
    Tonic,
    /// tonic on one runtime per core, each with a port of its own.
    TonicShards,
}

impl Kind {
    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bellhop => "bellhop",
            Self::Tonic => "tonic",
            Self::TonicShards => "tonic-shards",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        let mut all = [Self::Bellhop, Self::Tonic, Self::TonicShards].into_iter();
        let kind = all.find(|kind| kind.name() == name);
        kind.ok_or_else(|| format!("no such server: {name}").into())
    }
}

/// Serves at all addresses of this machine until the end of the input. Says "ready" and at which ports, each by one of them.
pub(crate) fn serve(kind: Kind, registry: SocketAddr) -> Result<(), Failure> {
    match kind {
        Kind::Bellhop => bellhop(registry),
        Kind::Tonic => tonic(),
        Kind::TonicShards => tonic_shards(),
    }
}

/// A process's membership, with no other settings than these and those that this process was started with.
pub(crate) fn mesh(
    service: &str,
    registry: SocketAddr,
    settings: &[(&str, &str)],
) -> Result<Mesh, Failure> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut settings: BTreeMap<_, _> = settings.iter().map(owned).collect();
    settings.insert("CONSUL_HTTP_ADDR".to_owned(), registry.to_string());
    let settings = Overlay::new(settings, Environment);
    Ok(Mesh::from_source(service, &settings)?)
}

fn bellhop(registry: SocketAddr) -> Result<(), Failure> {
    let control = Builder::new_current_thread().enable_all().build()?;
    let shards = Shards::start(Shards::cores())?;
    let address = free()?;
    control.block_on(async {
        let settings = [
            ("BELLHOP_LISTEN", &*format!("0.0.0.0:{}", address.port())),
            ("BELLHOP_ADVERTISE", &*address.to_string()),
            ("BELLHOP_MAX_CONNECTIONS", MAX_CONNECTIONS),
        ];
        let mesh = mesh(SERVICE, registry, &settings)?;
        let app = |_: &Mesh| Services::new().with(GeoServer::new(Stub::new()));
        let _serving = mesh.start_on(&shards, app).await?;
        println!("ready {address}");
        until_told().await
    })
}

/// An address that was free a moment ago.
pub(crate) fn free() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

fn tonic() -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        println!("ready {}", tonic_here()?);
        until_told().await
    })
}

fn tonic_shards() -> Result<(), Failure> {
    let shards = Shards::start(Shards::cores())?;
    let mut addresses = Vec::new();
    for handle in shards.handles() {
        let _entered = handle.enter();
        addresses.push(tonic_here()?.to_string());
    }
    println!("ready {}", addresses.join(" "));
    wait_for_end()
}

/// A plain tonic server on the runtime that this is called on; with `TCP_NODELAY`, as `serve(address)` has it by itself.
fn tonic_here() -> Result<SocketAddr, Failure> {
    let free = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let incoming = TcpIncoming::bind(free)?.with_nodelay(Some(true));
    let port = incoming.local_addr()?.port();
    let router = Server::builder().add_service(GeoServer::new(Stub::new()));
    tokio::spawn(router.serve_with_incoming(incoming));
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

pub(crate) async fn until_told() -> Result<(), Failure> {
    tokio::task::spawn_blocking(wait_for_end).await?
}

pub(crate) fn wait_for_end() -> Result<(), Failure> {
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
