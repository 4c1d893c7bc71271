//! Adds [`ClientLimit`].

use tower::Layer;

use super::{ClientLimit, ClientLimiter};

/// Limits how often a client address may ask; made by [`ClientLimiter::layer`].
#[derive(Clone, Debug)]
pub struct ClientLimitLayer<F> {
    pub(super) limiter: ClientLimiter,
    pub(super) refuse: F,
}

impl<S, F: Clone> Layer<S> for ClientLimitLayer<F> {
    type Service = ClientLimit<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientLimit {
            inner,
            limiter: self.limiter.clone(),
            refuse: self.refuse.clone(),
        }
    }
}
