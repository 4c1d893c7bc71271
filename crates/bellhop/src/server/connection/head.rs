//! How long a connection of HTTP/1 may be without a request, and how long the head of one may take.
//!
//! hyper times the wait for a head as one, from the end of the request before it. Here it is two: idle until the first byte,
//! then as long as a head may take, however slowly its bytes come.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::http2::Heard;

/// What hyper times the heads of one connection by.
#[derive(Debug)]
pub(super) struct HeadTimer {
    heard: Heard,
    header: Duration,
    idle: Option<Duration>,
    accepted: Instant,
    /// Whether there was a head before.
    used: AtomicBool,
}

pin_project! {
    /// A wait for a head, which ends when it has taken too long.
    struct Wait {
        heard: Heard,
        header: Duration,
        begun: bool,
        // None where a connection may be idle for ever.
        #[pin]
        end: Option<Sleep>,
    }
}

impl HeadTimer {
    /// For a connection that was accepted now.
    pub(super) fn new(heard: Heard, header: Duration, idle: Option<Duration>) -> Self {
        Self {
            heard,
            header,
            idle,
            accepted: Instant::now(),
            used: AtomicBool::new(false),
        }
    }

    /// How long a head may take.
    pub(super) fn header(&self) -> Duration {
        self.header
    }

    fn wait(&self) -> Wait {
        let begun = !self.used.swap(true, Ordering::Relaxed);
        self.heard.take();
        let end = if begun {
            Some(self.accepted + self.header)
        } else {
            self.idle.map(|idle| Instant::now() + idle)
        };
        Wait {
            heard: self.heard.clone(),
            header: self.header,
            begun,
            end: end.map(sleep_until),
        }
    }
}

impl rt::Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(self.wait())
    }

    /// The bounds are ours, whatever hyper makes of the one that it was given.
    fn sleep_until(&self, _: std::time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(self.wait())
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into()
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if !*this.begun && this.heard.take() {
            *this.begun = true;
            this.end
                .set(Some(sleep_until(Instant::now() + *this.header)));
        }
        match this.end.as_pin_mut() {
            Some(end) => end.poll(cx),
            None => Poll::Pending,
        }
    }
}

impl rt::Sleep for Wait {}

#[cfg(test)]
mod tests;
