//! One bucket for each client address.

use std::sync::Arc;

use http::Request;

use super::{ClientAddress, ClientLimitLayer, Limiter, Rate, TooMany, TrustedProxies};
use crate::server::RemoteAddr;

/// How many clients have a bucket of their own: some 4 MiB at most.
const CLIENTS: usize = 65_536;

/// One bucket for each client address. Clones share them.
///
/// A flood of addresses costs bounded memory: where too many are known, those not known yet share one bucket.
#[derive(Clone, Debug)]
pub struct ClientLimiter(Arc<Shared>);

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

    /// Takes one from the bucket of the client that a request comes from.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), TooMany> {
        let Shared { limiter, proxies } = &*self.0;
        let peer = request.extensions().get();
        let client = peer.map(|RemoteAddr(peer)| proxies.client(peer.ip(), request.headers()));
        limiter.check(&client.map(ClientAddress::from))
    }
}
