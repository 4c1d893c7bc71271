//! One bucket for each client address.

use std::{net::IpAddr, sync::Arc};

use http::Request;

use super::{ClientAddress, ClientLimitLayer, Limiter, Rate, TooMany, TrustedProxies};
use crate::server::RemoteAddr;

/// How many clients have a bucket of their own: some 4 MiB at most.
const CLIENTS: usize = 65_536;

/// Who asks by way of a proxy that is trusted: an extension of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BehindProxy(pub(crate) IpAddr);

/// One bucket for each client address. Clones share them.
///
/// A flood of addresses costs bounded memory: where too many are known, those not known yet share one bucket.
#[derive(Clone, Debug)]
pub struct ClientLimiter(Arc<Shared>);

/// The other end of the connection, and who asks through it.
pub(super) type Client = Option<(IpAddr, IpAddr)>;

#[derive(Debug)]
struct Shared {
    limiter: Limiter<Option<ClientAddress>>,
    proxies: TrustedProxies,
}

impl ClientLimiter {
    /// So much for each client; those behind trusted proxies are told apart.
    pub fn new(rate: Rate, proxies: TrustedProxies) -> Self {
        let limiter = Limiter::new(rate, CLIENTS);
        Self(Arc::new(Shared { limiter, proxies }))
    }

    /// The layer that answers with what `refuse` makes of it, where a client asks too often.
    pub fn layer<F>(&self, refuse: F) -> ClientLimitLayer<F> {
        ClientLimitLayer {
            limiter: self.clone(),
            refuse,
        }
    }

    /// Whom a request comes from, as far as that is known.
    pub(super) fn client<B>(&self, request: &Request<B>) -> Client {
        let RemoteAddr(peer) = request.extensions().get().copied()?;
        Some((
            peer.ip(),
            self.0.proxies.client(peer.ip(), request.headers()),
        ))
    }

    /// Takes one from the bucket of a client.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn check(&self, client: Client) -> Result<(), TooMany> {
        let address = client.map(|(_, client)| ClientAddress::from(client));
        self.0.limiter.check(&address)
    }
}
