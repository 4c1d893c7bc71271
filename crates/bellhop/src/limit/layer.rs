//! Adds [`ClientLimit`].

use std::sync::Arc;

use tower::Layer;

use super::{ClientAddress, ClientLimit, Limiter, TrustedProxies};

/// How many clients have a bucket of their own: some 5 MiB.
const CLIENTS: usize = 65_536;

/// Limits how often a client address may ask.
///
/// Whoever asks too often gets what `refuse` makes of it. Clones share their buckets.
#[derive(Clone, Debug)]
pub struct ClientLimitLayer<F> {
    pub(super) limiter: Arc<Limiter<Option<ClientAddress>>>,
    pub(super) proxies: Arc<TrustedProxies>,
    pub(super) refuse: F,
}

impl ClientLimitLayer<()> {
    /// So much for each client, those behind trusted proxies told apart; `refuse` is added by
    /// [`refusing`](ClientLimitLayer::refusing).
    pub fn new(rate: super::Rate, proxies: TrustedProxies) -> Self {
        Self {
            limiter: Arc::new(Limiter::new(rate, CLIENTS)),
            proxies: Arc::new(proxies),
            refuse: (),
        }
    }

    /// Answers with what `refuse` makes of it, where a client asks too often.
    pub fn refusing<F>(self, refuse: F) -> ClientLimitLayer<F> {
        let Self {
            limiter, proxies, ..
        } = self;
        ClientLimitLayer {
            limiter,
            proxies,
            refuse,
        }
    }
}

impl<S, F: Clone> Layer<S> for ClientLimitLayer<F> {
    type Service = ClientLimit<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientLimit {
            inner,
            limit: self.clone(),
        }
    }
}
