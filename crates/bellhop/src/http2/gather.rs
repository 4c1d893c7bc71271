//! One write for all that a connection says in one round of its thread.
//!
//! A message comes down in pieces: the head of a request before its body, the trailers of an answer behind a message of more
//! than 256 bytes. Each piece would be a write of its own, and a system call is the dearest part of a hop. So what is said is
//! kept until the task of the connection has its next turn, by which time the rest has come, and what others on the same
//! connection had to say as well. Where all who have something to say are part of that task, it is kept until none of them has more.
//!
//! Only for HTTP/2: its connections read each time they are polled and then flush, which is how a turn is told.

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::yield_now;

/// So much is kept at most.
const LIMIT: usize = 32 * 1024;
/// A buffer that has grown larger is given back.
const IDLE: usize = 4 * 1024;

/// Keeps what is written to a stream until the next turn of whoever writes.
#[derive(Debug)]
pub(crate) struct Gather<S> {
    stream: S,
    wait: Wait,
    kept: Vec<u8>,
    /// How much of it has been written.
    written: usize,
    flush: Flush,
}

/// What a flush waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Until whoever else can run on this thread has run.
    Round,
    /// Until the task has another look, which it has at once where it is [woken in its turn](super::served).
    Turn,
}

/// How far a flush has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    /// Nobody has asked.
    Idle,
    /// The next turn writes.
    Asked,
    /// It is that turn.
    Due,
}

impl<S> Gather<S> {
    pub(super) fn new(stream: S, wait: Wait) -> Self {
        Self {
            stream,
            wait,
            kept: Vec::new(),
            written: 0,
            flush: Flush::Idle,
        }
    }

    /// Keeps as much as there is room for.
    fn keep(&mut self, bytes: &[u8]) -> usize {
        let room = LIMIT - self.kept.len();
        let taken = room.min(bytes.len());
        self.kept.extend_from_slice(&bytes[..taken]);
        taken
    }
}

impl<S: AsyncWrite + Unpin> Gather<S> {
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.kept.len() {
            let rest = &self.kept[self.written..];
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        self.kept.clear();
        self.kept.shrink_to(IDLE);
        self.written = 0;
        self.flush = Flush::Idle;
        Poll::Ready(Ok(()))
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.kept.len() < LIMIT {
            true => Poll::Ready(Ok(())),
            false => self.poll_written(cx),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gather<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(cx))?;
        Poll::Ready(Ok(self.keep(bytes)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(cx))?;
        let taken = slices.iter().map(|bytes| self.keep(bytes)).sum();
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Says that it is done before it is: who waited could say no more until then.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.flush {
            Flush::Due => ready!(self.poll_written(cx))?,
            Flush::Idle if !self.kept.is_empty() => {
                self.flush = Flush::Asked;
                match self.wait {
                    Wait::Round => when_others_have_had_their_turn(cx),
                    Wait::Turn => cx.waker().wake_by_ref(),
                }
                return Poll::Ready(Ok(()));
            }
            Flush::Asked => return Poll::Ready(Ok(())),
            Flush::Idle => {}
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_written(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gather<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.flush == Flush::Asked {
            self.flush = Flush::Due;
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

/// Wakes when whoever else can run on this thread has run, and the sockets have been looked at.
fn when_others_have_had_their_turn(cx: &mut Context<'_>) {
    // Polled once it has kept the waker; whoever is woken does not ask it.
    let _ = pin!(yield_now()).poll(cx);
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        future::poll_fn,
        task::{Waker, ready},
    };

    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Takes so many bytes at each write as it is told, of which 0 is none for now; all of them when it is told no more.
    #[derive(Debug, Default)]
    struct Socket {
        takes: VecDeque<usize>,
        writes: Vec<Vec<u8>>,
        shut: bool,
    }

    impl AsyncWrite for Socket {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let takes = self.takes.pop_front().unwrap_or(usize::MAX);
            if takes == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let taken = takes.min(bytes.len());
            self.writes.push(bytes[..taken].to_vec());
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.shut = true;
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncRead for Socket {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    /// A turn of a connection: it reads, says something, and flushes after each piece.
    fn turn(
        gather: &mut Gather<Socket>,
        cx: &mut Context<'_>,
        pieces: &[&[u8]],
    ) -> Poll<io::Result<()>> {
        let mut nothing = [0; 8];
        let mut buffer = ReadBuf::new(&mut nothing);
        assert!(
            Pin::new(&mut *gather)
                .poll_read(cx, &mut buffer)
                .is_pending()
        );
        for piece in pieces {
            assert!(matches!(
                Pin::new(&mut *gather).poll_write(cx, piece),
                Poll::Ready(Ok(taken)) if taken == piece.len()
            ));
            ready!(Pin::new(&mut *gather).poll_flush(cx))?;
        }
        Pin::new(gather).poll_flush(cx)
    }

    #[test]
    fn what_is_said_until_the_next_turn_is_one_write() {
        let mut gather = Gather::new(Socket::default(), Wait::Round);
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(turn(&mut gather, cx, &[b"head "]).is_ready());
        assert!(gather.stream.writes.is_empty());
        assert!(turn(&mut gather, cx, &[b"body "]).is_ready());
        assert_eq!(gather.stream.writes, [b"head body "]);
        assert!(turn(&mut gather, cx, &[b"data ", b"trailers"]).is_ready());
        assert!(turn(&mut gather, cx, &[]).is_ready());
        assert_eq!(gather.stream.writes[1..], [b"data trailers"]);
        assert!(turn(&mut gather, cx, &[]).is_ready());
        assert_eq!(gather.stream.writes.len(), 2);
    }

    #[tokio::test]
    async fn nothing_is_kept_behind_the_end() {
        let mut gather = Gather::new(Socket::default(), Wait::Round);
        gather.write_all(b"last words").await.unwrap();
        gather.shutdown().await.unwrap();
        assert_eq!(gather.stream.writes, [b"last words"]);
        assert!(gather.stream.shut);
    }

    proptest! {
        #[test]
        fn all_is_written_once_and_in_order(
            takes in prop::collection::vec(0..LIMIT, 0..20),
            lengths in prop::collection::vec(0..2 * LIMIT, 0..12),
        ) {
            let socket = Socket { takes: takes.into(), ..Socket::default() };
            let mut gather = Gather::new(socket, Wait::Turn);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut expected = Vec::new();
            runtime.block_on(async {
                for (n, length) in lengths.into_iter().enumerate() {
                    let said = vec![n as u8; length];
                    gather.write_all(&said).await.unwrap();
                    expected.extend(said);
                    poll_fn(|cx| turn(&mut gather, cx, &[])).await.unwrap();
                    prop_assert!(gather.kept.len() <= LIMIT);
                }
                gather.shutdown().await.unwrap();
                Ok(())
            })?;
            prop_assert_eq!(gather.stream.writes.concat(), expected);
        }
    }
}
