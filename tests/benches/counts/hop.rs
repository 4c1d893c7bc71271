//! One hop, with both ends on one thread.

use std::{
    collections::BTreeMap,
    env,
    net::{Ipv4Addr, SocketAddr},
    process::Command,
};

use bellhop::{
    Mesh, Services,
    config::{Environment, Overlay},
};
use e2e::{Registry, until};
use hotel_proto::geo::{geo_client::GeoClient, geo_server::GeoServer};
use tokio::runtime::Builder;
use tonic::{
    body::Body,
    client::GrpcService,
    codegen::{self, StdError},
    transport::{Endpoint, Server, server::TcpIncoming},
};

use crate::{
    Failure,
    callgrind::{self, Counts, begin_counting, end_counting},
    stub::{self, Stub},
};

const SERVICE: &str = "geo";
/// Where the registry is: in the process that counts, where it is not counted itself.
const REGISTRY: &str = "CONSUL_HTTP_ADDR";
/// Calls before the first that counts: connections, buffers and tables grow to what they need.
const WARM_UP: u32 = 100;
const TIMES: u32 = 500;

/// Who is at one end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Tonic,
    Bellhop,
}

/// Counts in a process of its own.
pub(crate) fn count(prepare: impl FnOnce(&mut Command)) -> Result<Counts, Failure> {
    let runtime = Builder::new_current_thread().build()?;
    let registry = runtime.block_on(Registry::mini());
    let address = registry.address().to_string();
    callgrind::count(&[], TIMES, |command| {
        prepare(command);
        command.env(REGISTRY, address);
    })
}

/// Calls, to be counted.
pub(crate) fn work(caller: End, server: End) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = match server {
            End::Tonic => Serving::Tonic(serve()?),
            End::Bellhop => {
                let services = || Services::new().with(GeoServer::new(Stub::new()));
                Serving::Bellhop(Box::new(mesh(SERVICE)?.start(|_: &Mesh| services()).await?))
            }
        };
        match caller {
            End::Tonic => {
                let endpoint = Endpoint::from_shared(format!("http://{}", server.address()))?;
                call(GeoClient::new(endpoint.connect().await?)).await
            }
            End::Bellhop => call(GeoClient::new(mesh("caller")?.channel(SERVICE))).await,
        }
    })
}

enum Serving {
    Tonic(SocketAddr),
    Bellhop(Box<bellhop::Serving>),
}

impl Serving {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Tonic(address) => *address,
            Self::Bellhop(serving) => serving.address(),
        }
    }
}

fn serve() -> Result<SocketAddr, Failure> {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let incoming = TcpIncoming::bind(free)?.with_nodelay(Some(true));
    let address = incoming.local_addr()?;
    let router = Server::builder().add_service(GeoServer::new(Stub::new()));
    tokio::spawn(router.serve_with_incoming(incoming));
    Ok(address)
}

fn mesh(service: &str) -> Result<Mesh, Failure> {
    let settings = [(REGISTRY.to_owned(), env::var(REGISTRY)?)];
    let settings = Overlay::new(BTreeMap::from(settings), Environment);
    Ok(Mesh::from_source(service, &settings)?)
}

async fn call<C>(mut client: GeoClient<C>) -> Result<(), Failure>
where
    C: GrpcService<Body> + Clone + Send + 'static,
    C::ResponseBody: codegen::Body<Data = codegen::Bytes> + Send + 'static,
    C::Error: Into<StdError>,
    <C::ResponseBody as codegen::Body>::Error: Into<StdError> + Send,
{
    until("a call that is answered", || {
        let mut client = client.clone();
        async move { client.nearby(stub::question()).await.ok() }
    })
    .await;
    for _ in 0..WARM_UP {
        client.nearby(stub::question()).await?;
    }
    begin_counting();
    for _ in 0..TIMES {
        client.nearby(stub::question()).await?;
    }
    end_counting();
    Ok(())
}
