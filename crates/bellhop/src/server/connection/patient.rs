//! A connection whose other side may be slow, but not for ever.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::http2::Heard;

/// With these bytes every HTTP/2 connection begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Whoever takes nothing for so long of what it asked for does not want it.
const WRITE_STALL: Duration = Duration::from_secs(30);

/// Bounds how long a connection may take to begin, and to take what is written to it.
///
/// In between hyper is watchful itself: HTTP/1 has a [time limit](super::head) on the head of each request, HTTP/2 sends pings,
/// which cannot be answered in the middle of a frame.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    heard: Heard,
    opening: Option<Opening>,
    stall: Stall,
}

/// The beginning of a connection.
#[derive(Debug)]
struct Opening {
    /// As much of the preface as has come.
    seen: usize,
    end: Pin<Box<Sleep>>,
}

/// Since when nothing can be written.
#[derive(Debug, Default)]
struct Stall(Option<Pin<Box<Sleep>>>);

impl<S> Patient<S> {
    /// The other side has so long to say what it speaks.
    pub(super) fn new(stream: S, opening: Duration, heard: Heard) -> Self {
        let end = Box::pin(sleep_until(Instant::now() + opening));
        Self {
            stream,
            heard,
            opening: Some(Opening { seen: 0, end }),
            stall: Stall::default(),
        }
    }
}

impl Opening {
    /// Whether it is over: all of the preface has come, or something else.
    fn is_over_with(&mut self, bytes: &[u8]) -> bool {
        let expected = &PREFACE[self.seen..];
        let length = bytes.len().min(expected.len());
        self.seen += length;
        bytes[..length] != expected[..length] || self.seen == PREFACE.len()
    }
}

impl Stall {
    /// What an attempt to write came to, where one that came to nothing is not repeated for ever.
    fn bound<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.0 = None;
            return written;
        }
        let end = || Box::pin(sleep_until(Instant::now() + WRITE_STALL));
        ready!(self.0.get_or_insert_with(end).as_mut().poll(cx));
        Poll::Ready(Err(late("nothing was taken for long")))
    }
}

fn late(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        if Pin::new(&mut this.stream).poll_read(cx, buffer)?.is_ready() {
            let bytes = &buffer.filled()[before..];
            if !bytes.is_empty() {
                this.heard.note();
            }
            this.opening.take_if(|opening| opening.is_over_with(bytes));
            return Poll::Ready(Ok(()));
        }
        let Some(opening) = &mut this.opening else {
            return Poll::Pending;
        };
        ready!(opening.end.as_mut().poll(cx));
        Poll::Ready(Err(late("the connection did not begin in time")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.stall.bound(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.stall.bound(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const OPENING: Duration = Duration::from_secs(10);

    fn pair() -> (DuplexStream, Patient<DuplexStream>) {
        let (ours, theirs) = duplex(64);
        (ours, Patient::new(theirs, OPENING, Heard::default()))
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_not_waited_for() {
        let start = Instant::now();
        let (_caller, mut stream) = pair();
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), OPENING);
    }

    #[tokio::test(start_paused = true)]
    async fn a_preface_in_drops_is_cut_off() {
        let (mut caller, mut stream) = pair();
        tokio::spawn(async move {
            for byte in PREFACE {
                caller.write_u8(*byte).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let mut taken = Vec::new();
        let error = stream.read_to_end(&mut taken).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(PREFACE.starts_with(&taken), "{taken:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_begun_has_all_the_time_of_the_world() {
        for first in [PREFACE, b"GET / HTTP/1.0\r\n\r\n", b"PUT"] {
            let (mut caller, mut stream) = pair();
            let mut taken = vec![0; first.len()];
            caller.write_all(first).await.unwrap();
            stream.read_exact(&mut taken).await.unwrap();
            let waiting = tokio::time::timeout(10 * OPENING, stream.read_u8()).await;
            assert!(waiting.is_err(), "{waiting:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_given_up() {
        let start = Instant::now();
        let (_caller, mut stream) = pair();
        let error = stream.write_all(&[0; 65]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), WRITE_STALL);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_little_now_and_then_is_borne_with() {
        let (mut caller, mut stream) = pair();
        tokio::spawn(async move {
            let mut taken = [0; 10];
            while caller.read_exact(&mut taken).await.is_ok() {
                tokio::time::sleep(WRITE_STALL / 2).await;
            }
        });
        stream.write_all(&[0; 200]).await.unwrap();
    }
}
