//! One connection, from its first byte to its end.

mod age;
mod builder;
mod farewell;
mod head;
mod patient;
mod settings;

use std::{
    fmt::Display,
    future::Future,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulConnection};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::debug;

pub(crate) use self::settings::Settings;
use self::{
    age::{Ageing, Lifetime},
    farewell::Farewell,
    head::HeadTimer,
    patient::Patient,
};
use super::{
    incoming::Call,
    stack::{Kind, Stack},
};
use crate::http2::{Heard, Reading, served::Served};

/// How far a member is on its way out.
#[derive(Clone, Debug, Default)]
pub(super) struct Departure {
    pub(super) leaving: Leaving,
    /// It takes no new calls: connections end with their last one.
    pub(super) draining: CancellationToken,
}

/// Whether a member has left the registry, and still serves whoever comes. Each request over HTTP looks: that takes no lock.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving(Arc<AtomicBool>);

impl Leaving {
    /// It has.
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves a connection until its end.
pub(super) async fn serve(
    stack: Stack,
    stream: std::net::TcpStream,
    peer: SocketAddr,
    settings: Settings,
    departure: Departure,
) {
    let heard = Heard::default();
    let heads = HeadTimer::new(heard.clone(), settings.header_timeout, settings.idle);
    let io = match register(stream) {
        Ok(stream) => Patient::new(stream, settings.header_timeout, heard.clone()),
        Err(error) => return stack.voice.run(|| debug!(%peer, %error, "connection lost")),
    };
    let lifetime = settings.lifetime();
    let ageing = Arc::new(Ageing::new(departure.leaving));
    let end = match stack.kind {
        Kind::Grpc(mut stack) => {
            ageing.set_http2();
            let call = move |request: Request<Reading>| {
                stack.call(Call::new(request.map(Into::into), Some(peer)))
            };
            let connection = Served::new(io, heard, &builder::grpc(), builder::PINGS, call);
            let shut =
                |connection: Pin<&mut Served<_, _, _, _>>| connection.get_mut().graceful_shutdown();
            drive(connection, shut, lifetime, &ageing, &departure.draining).await
        }
        Kind::Http(stack) => {
            let call = move |request: Request<Incoming>| {
                stack
                    .clone()
                    .call(Call::new(request.map(Into::into), Some(peer)))
            };
            let call = Farewell::new(service_fn(call), ageing.clone());
            let builder = builder::http(heads);
            let connection = builder.serve_connection(TokioIo::new(io), call);
            let shut = GracefulConnection::graceful_shutdown;
            drive(connection, shut, lifetime, &ageing, &departure.draining).await
        }
    };
    if let Err(error) = end {
        stack.voice.run(|| debug!(%peer, error, "connection ended"));
    }
}

/// Has a connection go on until it ends, is too old, or the member leaves.
async fn drive<C, E>(
    connection: C,
    shut: impl Fn(Pin<&mut C>),
    lifetime: Option<Lifetime>,
    ageing: &Ageing,
    draining: &CancellationToken,
) -> Result<(), String>
where
    C: Future<Output = Result<(), E>>,
    E: Display,
{
    let mut connection = pin!(connection);
    // Looked at when it is woken only: a look takes locks that all connections of the process share.
    let mut draining = FuturesUnordered::from_iter([draining.cancelled()]);
    let end = tokio::select! {
        end = connection.as_mut() => end,
        Some(()) = draining.next() => {
            shut(connection.as_mut());
            connection.await
        }
        grace = age::passed(lifetime) => {
            ageing.set_old();
            if !ageing.is_http2() {
                // Told with its next answer. One that is idle has none to come when the member leaves.
                tokio::select! {
                    end = connection.as_mut() => return end.map_err(|error| error.to_string()),
                    () = sleep(grace) => {}
                    Some(()) = draining.next() => {}
                }
            }
            shut(connection.as_mut());
            match timeout(grace, connection).await {
                Ok(end) => end,
                Err(_) => return Err(format!("too old, and not done within {grace:?}")),
            }
        }
    };
    end.map_err(|error| error.to_string())
}

/// A connection becomes one of the runtime that this is called on.
fn register(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    let stream = TcpStream::from_std(stream)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
