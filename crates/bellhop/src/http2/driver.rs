//! What moves a connection on.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use h2::{
    Reason,
    client::{Connection, SendRequest},
};
use tokio::{
    net::TcpStream,
    sync::oneshot,
    time::{Sleep, sleep},
};

use super::{ConnectionError, Gather, State, heard::Hearing, keep_alive::KeepAlive};

/// How long the other side has to take what there is for it when nobody uses the connection any more.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Reads and writes a connection until its end: until it breaks, or nobody uses it.
pub(crate) struct Driver {
    connection: Connection<Hearing<Gather<TcpStream>>, Bytes>,
    /// Knows whether there may be new calls; `None` when nobody can make any.
    requests: Option<SendRequest<Bytes>>,
    keep_alive: Option<KeepAlive>,
    state: Arc<State>,
    unused: oneshot::Receiver<Infallible>,
    closing: Option<oneshot::Sender<Result<(), ConnectionError>>>,
    /// When nobody waits any more for the other side to hear the end.
    end: Option<Pin<Box<Sleep>>>,
}

impl Driver {
    pub(super) fn new(
        connection: Connection<Hearing<Gather<TcpStream>>, Bytes>,
        requests: SendRequest<Bytes>,
        keep_alive: Option<KeepAlive>,
        state: Arc<State>,
        unused: oneshot::Receiver<Infallible>,
        closing: oneshot::Sender<Result<(), ConnectionError>>,
    ) -> Self {
        Self {
            connection,
            requests: Some(requests),
            keep_alive,
            state,
            unused,
            closing: Some(closing),
            end: None,
        }
    }

    /// Tells once that no new calls are taken.
    fn close(&mut self, why: Result<(), ConnectionError>) {
        self.state.closed.store(true, Ordering::Relaxed);
        if let Some(closing) = self.closing.take() {
            // Whom it is told may have lost interest.
            let _ = closing.send(why);
        }
    }

    fn poll_silent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let busy = self.state.in_flight.load(Ordering::Relaxed) > 0;
        match &mut self.keep_alive {
            Some(keep_alive) => keep_alive.poll_silent(cx, busy),
            None => Poll::Pending,
        }
    }

    /// Looks whether there may be new calls.
    fn look(&mut self, cx: &mut Context<'_>) {
        let Some(requests) = &mut self.requests else {
            return;
        };
        if let Poll::Ready(Err(error)) = requests.poll_ready(cx) {
            let in_order = error.reason() == Some(Reason::NO_ERROR);
            self.close(if in_order { Ok(()) } else { Err(error.into()) });
        }
        if Pin::new(&mut self.unused).poll(cx).is_ready() {
            self.requests = None;
            self.end = Some(Box::pin(sleep(LAST_WORDS)));
            self.close(Ok(()));
            // h2 ends a connection that nobody can use, when it is asked the next time.
            cx.waker().wake_by_ref();
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let end = Pin::new(&mut this.connection).poll(cx);
        this.look(cx);
        if let Poll::Ready(end) = end {
            this.close(end.map_err(ConnectionError::from));
            return Poll::Ready(());
        }
        if this.poll_silent(cx).is_ready() {
            this.state.silent.store(true, Ordering::Relaxed);
            this.close(Err(ConnectionError::Silent));
            return Poll::Ready(());
        }
        match &mut this.end {
            Some(end) => end.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}
