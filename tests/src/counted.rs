//! A server that is no member: it knows the calls, and nothing of health or of names.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hotel_proto::geo::{
    Request as Ask, Result as Answer,
    geo_server::{Geo, GeoServer},
};
use tokio::{net::TcpListener, task::AbortHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

use crate::until;

/// A geo that answers with nothing and counts its calls, until this is dropped.
#[derive(Debug)]
pub struct Counted {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    task: AbortHandle,
}

struct Counting(Arc<AtomicUsize>);

#[tonic::async_trait]
impl Geo for Counting {
    async fn nearby(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Response::new(Answer::default()))
    }
}

impl Counted {
    /// At an address as soon as it is free.
    ///
    /// # Panics
    /// When it does not become free.
    pub async fn start(address: SocketAddr) -> Self {
        let listener = until("a port", || async { TcpListener::bind(address).await.ok() }).await;
        let address = listener.local_addr().expect("an address");
        let calls = Arc::<AtomicUsize>::default();
        let server = Server::builder()
            .add_service(GeoServer::new(Counting(calls.clone())))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async { server.await.expect("a server") }).abort_handle();
        Self {
            address,
            calls,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it was called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.task.abort();
    }
}
