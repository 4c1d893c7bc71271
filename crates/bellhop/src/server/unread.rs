//! What is left of a request that nobody is going to read.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::Body;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

/// How long the rest of a request is waited for. Whoever sends all of it is told at once.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many bytes of it are read.
const MOST: usize = 64 * 1024;

pin_project! {
    /// An answer that is given once its request has come to its end, within bounds.
    ///
    /// HTTP/2 has to reset a stream that is answered earlier, and what then arrives on it counts as a mistake: some hundreds of
    /// them end the connection, with all calls on it.
    pub(super) struct Unread<B, R> {
        #[pin]
        request: B,
        left: usize,
        #[pin]
        patience: Option<Sleep>,
        answer: Option<R>,
    }
}

impl<B, R> Unread<B, R> {
    /// Gives this answer after that request. On the heap: few calls come to this, and the others need not carry it.
    pub(super) fn before(answer: R, request: B) -> Pin<Box<Self>> {
        Box::pin(Self {
            request,
            left: MOST,
            patience: None,
            answer: Some(answer),
        })
    }
}

impl<B: Body, R> Future for Unread<B, R> {
    type Output = Result<R, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        while *this.left > 0 {
            let Poll::Ready(frame) = this.request.as_mut().poll_frame(cx) else {
                if this.patience.is_none() {
                    this.patience.set(Some(sleep(PATIENCE)));
                }
                let patience = this.patience.as_mut().as_pin_mut();
                ready!(patience.expect("it has just begun").poll(cx));
                break;
            };
            let Some(Ok(frame)) = frame else { break };
            let read = frame.data_ref().map_or(0, bytes::Buf::remaining);
            *this.left = this.left.saturating_sub(read.max(1));
        }
        Poll::Ready(Ok(this.answer.take().expect("polled after its end")))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};
    use http_body::Frame;
    use http_body_util::{Empty, StreamBody};
    use tokio::time::Instant;

    use super::*;

    /// How long the answer to a request takes whose parts come at these times.
    async fn takes(parts: &[(u64, usize)], ends: bool) -> Duration {
        let start = Instant::now();
        let parts = stream::iter(parts.to_vec()).then(move |(millis, size)| async move {
            tokio::time::sleep_until(start + Duration::from_millis(millis)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; size])))
        });
        let rest = if ends {
            stream::empty().boxed()
        } else {
            stream::pending().boxed()
        };
        let request = StreamBody::new(Box::pin(parts.chain(rest)));
        assert_eq!(Unread::before("no", request).await, Ok("no"));
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_comes_after_its_request() {
        let at = Duration::from_millis;
        assert_eq!(Unread::before("no", Empty::<Bytes>::new()).await, Ok("no"));
        assert_eq!(takes(&[(0, 5)], true).await, at(0));
        assert_eq!(takes(&[(3, 5), (7, 5)], true).await, at(7));
        assert_eq!(takes(&[(3, 5), (70, 5)], true).await, PATIENCE, "too slow");
        assert_eq!(takes(&[(3, 5)], false).await, PATIENCE, "without an end");
        assert_eq!(takes(&[(3, MOST)], false).await, at(3), "too large");
    }
}
