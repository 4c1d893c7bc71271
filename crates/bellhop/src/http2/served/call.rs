//! A call on its stream.

use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, server::SendResponse};
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::task::coop::poll_proceed;

use crate::http2::{head::strip, pipe::Pipe};

/// So much of an answer is handed down before the other side has made room for it.
pub(super) const AT_ONCE: usize = 16 * 1024;

pin_project! {
    /// Has a call answered, and sends the answer. Its handler is dropped when the caller leaves.
    ///
    /// What panics ends the call and not the connection, with all others on it. Handlers are caught where they are called; here
    /// it is what they leave behind to be dropped.
    pub(super) struct Call<A, B> {
        #[pin]
        stage: Stage<A, B>,
    }

    impl<A, B> PinnedDrop for Call<A, B> {
        fn drop(this: Pin<&mut Self>) {
            this.end();
        }
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<A, B> {
        Handled {
            #[pin]
            answer: A,
            respond: SendResponse<Bytes>,
        },
        Sent { pipe: Pipe<B> },
        Over,
    }
}

impl<A, B> Call<A, B> {
    pub(super) fn new(answer: A, respond: SendResponse<Bytes>) -> Self {
        Self {
            stage: Stage::Handled { answer, respond },
        }
    }

    fn end(self: Pin<&mut Self>) {
        // The hook has told of it.
        let _ = catch_unwind(AssertUnwindSafe(|| self.project().stage.set(Stage::Over)));
    }
}

impl<A, B> Future for Call<A, B>
where
    A: Future<Output = Result<Response<B>, Infallible>>,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Where many have a turn, the runtime looks at its sockets in between.
        ready!(poll_proceed(cx)).made_progress();
        let step = catch_unwind(AssertUnwindSafe(|| self.as_mut().step(cx)));
        step.unwrap_or_else(|_| {
            self.end();
            Poll::Ready(())
        })
    }
}

impl<A, B> Call<A, B>
where
    A: Future<Output = Result<Response<B>, Infallible>>,
    B: Body<Data = Bytes> + Unpin,
{
    fn step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut stage = self.project().stage;
        loop {
            let pipe = match stage.as_mut().project() {
                StageProjection::Handled { answer, respond } => match answer.poll(cx) {
                    Poll::Ready(Ok(response)) => begin(respond, response),
                    Poll::Pending => {
                        ready!(respond.poll_reset(cx)).ok();
                        None
                    }
                },
                StageProjection::Sent { pipe } => return pipe.poll_sent(cx),
                StageProjection::Over => return Poll::Ready(()),
            };
            match pipe {
                Some(pipe) => stage.set(Stage::Sent { pipe }),
                None => return Poll::Ready(()),
            }
        }
    }
}

/// Sends the head of an answer. Its body, where there is one and somebody to take it.
fn begin<B: Body<Data = Bytes> + Unpin>(
    respond: &mut SendResponse<Bytes>,
    response: Response<B>,
) -> Option<Pipe<B>> {
    let (mut head, body) = response.into_parts();
    strip(&mut head.headers);
    let whole = body.is_end_stream();
    match respond.send_response(Response::from_parts(head, ()), whole) {
        Ok(stream) => (!whole).then(|| Pipe::new(body, stream, AT_ONCE)),
        Err(_) => {
            // Nobody is there any more, or the head is none that can be sent.
            respond.send_reset(Reason::INTERNAL_ERROR);
            None
        }
    }
}
