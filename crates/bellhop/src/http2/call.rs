//! A call over a connection.

use std::{future::poll_fn, task::Poll};

use http::{Request, Response};
use http_body::Body;
use tokio_util::task::AbortOnDropHandle;

use super::{Answer, ConnectionError, Sender, Unsent, head::strip, pipe::Pipe};
use crate::endpoint::RequestBody;

/// So much of a request is handed down before the other side has made room for it: those that are kept are no larger.
pub(super) const AT_ONCE: usize = 64 * 1024;

impl Sender {
    /// Sends a request and waits for the head of the answer. Who drops this resets the stream.
    pub(crate) async fn send(
        self,
        request: Request<RequestBody>,
    ) -> Result<Response<Answer>, Unsent> {
        // Before the connection is woken: it looks at this.
        let in_flight = self.in_flight();
        let (answer, rest) = {
            // One of its own, since it is changed; it is not held while the answer is awaited.
            let mut requests = self.0.requests.clone();
            if let Err(error) = poll_fn(|cx| requests.poll_ready(cx)).await {
                return Err(Unsent {
                    error: ConnectionError::Closed(Box::new(error)),
                    request: Some(request),
                });
            }
            let (mut head, body) = request.into_parts();
            strip(&mut head.headers);
            let whole = body.is_end_stream();
            let (answer, stream) = requests
                .send_request(Request::from_parts(head, ()), whole)
                .map_err(|error| self.refused(error))?;
            (answer, (!whole).then(|| Pipe::new(body, stream, AT_ONCE)))
        };
        let sending = match rest {
            Some(rest) => begin(rest).await,
            None => None,
        };
        match answer.await {
            Ok(answer) => Ok(answer.map(|body| Answer::new(body, in_flight, sending))),
            Err(error) => Err(self.failure(error).into()),
        }
    }

    /// Why a call was not taken: somebody has left since it was asked, or the request cannot be sent to anybody.
    fn refused(&self, error: h2::Error) -> ConnectionError {
        match error.is_io() || error.is_go_away() {
            true => ConnectionError::Closed(Box::new(error)),
            false => error.into(),
        }
    }

    /// What a failure on this connection is.
    pub(super) fn failure(&self, error: h2::Error) -> ConnectionError {
        match self.is_silent() {
            true => ConnectionError::Silent,
            false => error.into(),
        }
    }
}

/// Sends what is there of a body, mostly all of it. What is not has a task of its own, that goes on while the answer is read.
async fn begin(mut pipe: Pipe<RequestBody>) -> Option<AbortOnDropHandle<()>> {
    let is_over = poll_fn(|cx| Poll::Ready(pipe.poll_sent(cx).is_ready())).await;
    let rest = || tokio::spawn(async move { poll_fn(|cx| pipe.poll_sent(cx)).await });
    (!is_over).then(|| AbortOnDropHandle::new(rest()))
}
