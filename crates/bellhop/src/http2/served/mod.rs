//! A server's end of an HTTP/2 connection.
//!
//! hyper's server has a task for each call. Here the calls of a connection are part of its own task where its runtime has one thread:
//! what has come is read, handled and answered in one turn, and what the answers have to say is one write.

mod bell;
mod call;
#[cfg(test)]
mod tests;
mod turn;

mod atomic {
    pub(super) use std::sync::atomic::{AtomicU8, Ordering};
}

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use h2::server::{Builder, Connection, Handshake};
use http::{Request, Response};
use http_body::Body;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::{Handle, RuntimeFlavor},
};

use self::{call::Call, turn::Turns};
use super::{ConnectionError, Gather, Heard, KeepAlive, Reading, Wait};

/// A connection that serves until its end: it breaks, the other side ends it, or it was asked to end and its last call is done.
pub(crate) struct Served<S, C, A, B> {
    turns: Turns,
    serving: Serving<S, C, A, B>,
}

struct Serving<S, C, A, B> {
    stage: Stage<S>,
    call: C,
    calls: Calls<A, B>,
    heard: Heard,
    pings: Pings,
    /// It takes no new calls.
    ends: bool,
}

/// When the other side is asked for a sign of life, and how long that may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pings {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

enum Stage<S> {
    Greeting(Handshake<Gather<S>, Bytes>),
    Open {
        connection: Connection<Gather<S>, Bytes>,
        keep_alive: Option<KeepAlive>,
    },
}

/// Where calls are handled.
enum Calls<A, B> {
    /// In the task of their connection.
    Here(FuturesUnordered<Call<A, B>>),
    /// Each in one of its own, for other threads to take.
    Apart,
}

impl<S, C, A, B> Served<S, C, A, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Serves with these bounds: each request is answered by `call`. The stream notes when it has heard something.
    pub(crate) fn new(stream: S, heard: Heard, bounds: &Builder, pings: Pings, call: C) -> Self {
        let calls = Calls::on(Handle::current().runtime_flavor());
        let wait = match calls {
            Calls::Here(_) => Wait::Turn,
            Calls::Apart => Wait::Round,
        };
        let serving = Serving {
            stage: Stage::Greeting(bounds.handshake(Gather::new(stream, wait))),
            call,
            calls,
            heard,
            pings,
            ends: false,
        };
        Self {
            turns: Turns::new(),
            serving,
        }
    }

    /// Takes no new calls, and ends with the last of those under way.
    pub(crate) fn graceful_shutdown(&mut self) {
        self.serving.ends = true;
        if let Stage::Open { connection, .. } = &mut self.serving.stage {
            connection.graceful_shutdown();
        }
    }
}

impl<A, B> Calls<A, B> {
    fn on(flavor: RuntimeFlavor) -> Self {
        match flavor {
            RuntimeFlavor::CurrentThread => Self::Here(FuturesUnordered::new()),
            _ => Self::Apart,
        }
    }
}

impl<S, C, A, B> Serving<S, C, A, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: FnMut(Request<Reading>) -> A,
    A: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
{
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        let Self {
            stage,
            call,
            calls,
            heard,
            pings,
            ends,
        } = self;
        if let Stage::Greeting(greeting) = stage {
            let mut connection = ready!(Pin::new(greeting).poll(cx))?;
            let keep_alive = connection.ping_pong().map(|ping_pong| {
                KeepAlive::new(ping_pong, heard.clone(), pings.interval, pings.timeout)
            });
            if *ends {
                connection.graceful_shutdown();
            }
            *stage = Stage::Open {
                connection,
                keep_alive,
            };
        }
        let Stage::Open {
            connection,
            keep_alive,
        } = stage
        else {
            return Poll::Pending;
        };
        while let Poll::Ready(taken) = connection.poll_accept(cx) {
            let Some((request, respond)) = taken.transpose()? else {
                return Poll::Ready(Ok(()));
            };
            let answer = call(request.map(Reading::new));
            calls.begin(Call::new(answer, respond));
        }
        if let Calls::Here(calls) = calls {
            while let Poll::Ready(Some(())) = calls.poll_next_unpin(cx) {}
        }
        if let Some(keep_alive) = keep_alive {
            // Even where nobody calls: who is gone is not to be kept for ever.
            ready!(keep_alive.poll_silent(cx, true));
            return Poll::Ready(Err(ConnectionError::Silent));
        }
        Poll::Pending
    }
}

impl<A, B> Calls<A, B>
where
    A: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
{
    fn begin(&self, call: Call<A, B>) {
        match self {
            Self::Here(calls) => calls.push(call),
            Self::Apart => {
                tokio::spawn(call);
            }
        }
    }
}

impl<S, C, A, B> Future for Served<S, C, A, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: FnMut(Request<Reading>) -> A + Unpin,
    A: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
{
    type Output = Result<(), ConnectionError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { turns, serving } = &mut *self;
        turns.take(cx, |cx| serving.step(cx))
    }
}
