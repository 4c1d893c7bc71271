//! Making a connection: resolve, connect, and hear an answer from whom it is meant for.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::uri::Authority;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, oneshot},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    ConnectError, Endpoint, Peer, Settings, Stranger, Target,
    greeting::greet,
    group,
    sender::{Beside, Sender},
};
use crate::{
    discovery::InstanceId,
    http2::{self, Closing},
    identity::Recognition,
    neighbours::Neighbours,
    server::Local,
};

/// The part of the time to connect that the rest of an answer may take, once it has begun.
const REST: u32 = 2;

/// Connections to the instances of a service that are being made at a time. Where all of ten thousand are, none is in time.
const AT_ONCE: usize = 128;

/// A connection that somebody has been heard on.
pub(super) struct Connected {
    pub(super) endpoint: Endpoint,
    pub(super) closing: Closing,
}

/// How the instances of a service are reached.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) settings: Settings,
    /// Those that need no connection.
    neighbours: Neighbours,
    at_once: Arc<Semaphore>,
}

/// For who has no neighbours.
impl From<Settings> for Connector {
    fn from(settings: Settings) -> Self {
        Self::new(settings, Neighbours::default())
    }
}

impl Connector {
    /// For a process's own connections to a service.
    pub(crate) fn new(settings: Settings, neighbours: Neighbours) -> Self {
        Self {
            settings,
            neighbours,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Connects, within the time that the settings allow from when it is its turn. Strangers are told from whom is meant, where that
    /// can be recognised.
    pub(super) async fn connect(
        &self,
        target: &Target,
        recognition: Option<&Recognition>,
    ) -> Result<Connected, ConnectError> {
        let after = self.settings.connect_timeout;
        // Nobody closes it.
        let _turn = self.at_once.acquire().await;
        match timeout(after, self.establish(target, recognition)).await {
            Ok(connected) => connected,
            Err(_) => Err(ConnectError::Timeout {
                address: target.address(),
                after,
            }),
        }
    }

    async fn establish(
        &self,
        target: &Target,
        recognition: Option<&Recognition>,
    ) -> Result<Connected, ConnectError> {
        let Opened {
            endpoint,
            closing,
            driver,
        } = match self.neighbours.find(target) {
            Some(local) => beside(target, local)?,
            None => over_tcp(target, &self.settings).await?,
        };
        // The handshake ends when our half is written. Only an answer shows that somebody is there who speaks HTTP/2.
        let service = recognition.map(Recognition::service);
        let word = greet(&endpoint, service, self.settings.connect_timeout / REST).await;
        let word = word.map_err(|error| ConnectError::Http2 {
            address: target.address(),
            source: error.source,
        })?;
        if let Some(recognition) = recognition {
            let stranger = |found| {
                ConnectError::Stranger(Box::new(Stranger {
                    address: target.address(),
                    expected: recognition.service().to_owned(),
                    found,
                }))
            };
            recognition.hear(word).map_err(stranger)?;
        }
        driver.detach();
        Ok(Connected { endpoint, closing })
    }
}

/// A connection that nobody has been heard on.
struct Opened {
    endpoint: Endpoint,
    closing: Closing,
    /// Nobody would end the connection to a peer that is never heard: an attempt that is given up takes it along.
    driver: AbortOnDropHandle<()>,
}

/// Connects to an address and hears an answer of whom is meant.
pub(crate) async fn probe(
    address: SocketAddr,
    recognition: &Recognition,
    within: Duration,
) -> Result<(), ConnectError> {
    let settings = Settings {
        connect_timeout: within,
        keepalive_interval: within,
        keepalive_timeout: within,
        group: group::Settings::default(),
    };
    let id = InstanceId::new(address.to_string());
    let target = Target {
        id,
        host: address.ip().to_string(),
        port: address.port(),
        signs: true,
        version: None,
    };
    let connector = Connector::from(settings);
    connector.connect(&target, Some(recognition)).await?;
    Ok(())
}

/// Whether an instance answers in time, be it with a refusal; an answer of somebody else is none.
pub(super) async fn answers(
    endpoint: &Endpoint,
    recognition: Option<&Recognition>,
    within: Duration,
) -> bool {
    let service = recognition.map(Recognition::service);
    let answer = timeout(within, greet(endpoint, service, within / REST));
    match (answer.await, recognition) {
        (Ok(Ok(word)), Some(recognition)) => recognition.hear(word).is_ok(),
        (answer, _) => matches!(answer, Ok(Ok(_))),
    }
}

/// Reaches an instance in this process.
fn beside(target: &Target, local: Local) -> Result<Opened, ConnectError> {
    let peer = Peer {
        id: target.id.clone(),
        address: local.address(),
        version: target.version.clone(),
    };
    let (beside, end) = Beside::new(local);
    let (closed, closing) = oneshot::channel();
    let driver = tokio::spawn(async move {
        end.await;
        // Who connected may have lost interest.
        let _ = closed.send(Ok(()));
    });
    Ok(Opened {
        endpoint: Endpoint::new(peer, None, authority(target)?, Sender::Local(beside)),
        closing,
        driver: AbortOnDropHandle::new(driver),
    })
}

async fn over_tcp(target: &Target, settings: &Settings) -> Result<Opened, ConnectError> {
    let (stream, address) = tcp(target, settings).await?;
    let local = stream.local_addr().ok();
    let begun = http2::begin(
        stream,
        settings.keepalive_interval,
        settings.keepalive_timeout,
    );
    let (sender, closing, driver) = begun.await.map_err(|source| ConnectError::Http2 {
        address: target.address(),
        source,
    })?;
    let driver = AbortOnDropHandle::new(tokio::spawn(driver));
    let peer = Peer {
        id: target.id.clone(),
        address,
        version: target.version.clone(),
    };
    Ok(Opened {
        endpoint: Endpoint::new(peer, local, authority(target)?, Sender::Http2(sender)),
        closing,
        driver,
    })
}

async fn tcp(
    target: &Target,
    settings: &Settings,
) -> Result<(TcpStream, SocketAddr), ConnectError> {
    let resolve_error = |source| ConnectError::Resolve {
        host: target.host.clone(),
        source,
    };
    let tcp_error = |source| ConnectError::Tcp {
        address: target.address(),
        source,
    };
    let addresses: Vec<_> = tokio::net::lookup_host((target.host.as_str(), target.port))
        .await
        .map_err(resolve_error)?
        .collect();
    let share = settings.connect_timeout / addresses.len().max(1) as u32;
    let stream = first_to_answer(&addresses, share)
        .await
        .map_err(tcp_error)?;
    stream.set_nodelay(true).map_err(tcp_error)?;
    let address = stream.peer_addr().map_err(tcp_error)?;
    Ok((stream, address))
}

/// One address after the other, each with its share of the time: one that swallows packets must not hide the next.
async fn first_to_answer(addresses: &[SocketAddr], share: Duration) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

fn authority(target: &Target) -> Result<Authority, ConnectError> {
    let address = target.address();
    Authority::from_maybe_shared(Bytes::from(address)).map_err(|error| ConnectError::Resolve {
        host: target.host.clone(),
        source: io::Error::new(io::ErrorKind::InvalidInput, error),
    })
}

#[cfg(test)]
mod tests;
