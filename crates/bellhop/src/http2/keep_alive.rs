//! Whether the other side is still there.

mod watch;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep_until};

use self::watch::{Watch, Word};
use super::heard::Heard;

/// Asks a silent connection for a sign of life while calls wait for it, and tells when none comes.
pub(super) struct KeepAlive {
    watch: Watch,
    heard: Heard,
    pings: PingPong,
    /// When to look again; `None` while nobody waits.
    look: Option<Pin<Box<Sleep>>>,
}

impl KeepAlive {
    pub(super) fn new(
        pings: PingPong,
        heard: Heard,
        interval: Duration,
        timeout: Duration,
    ) -> Self {
        Self {
            watch: Watch::new(interval, timeout),
            heard,
            pings,
            look: None,
        }
    }

    /// Is ready when the other side has been silent for too long. To be polled after the connection, which hears.
    pub(super) fn poll_silent(&mut self, cx: &mut Context<'_>, busy: bool) -> Poll<()> {
        if self.heard.take() {
            self.watch.heard(Instant::now());
        }
        loop {
            match &mut self.look {
                Some(look) => ready!(look.as_mut().poll(cx)),
                None if !busy => return Poll::Pending,
                None => {}
            }
            match self.watch.look(Instant::now(), busy) {
                Word::Rest => {
                    self.look = None;
                    return Poll::Pending;
                }
                Word::Ask(until) => {
                    // What came of an earlier one is of no interest: whatever is heard is a sign of life.
                    let _ = self.pings.poll_pong(cx);
                    let _ = self.pings.send_ping(Ping::opaque());
                    self.look_at(until);
                }
                Word::Wait(until) => self.look_at(until),
                Word::Silent => return Poll::Ready(()),
            }
        }
    }

    fn look_at(&mut self, until: Instant) {
        match &mut self.look {
            Some(look) => look.as_mut().reset(until),
            None => self.look = Some(Box::pin(sleep_until(until))),
        }
    }
}
