//! How long a connection of HTTP/1 may be without a request, and how long the head of one may take.
//!
//! hyper times the wait for a head as one, from the end of the request before it. Here it is two: idle until the first byte,
//! then as long as a head may take, however slowly its bytes come.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt;
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
    alarm: Arc<Alarm>,
}

/// One timer of the runtime for all waits of a connection, of which each has its own end.
///
/// It is left as it is set where it rings before the end that is waited for, and then set to that; where it would ring later, it is set
/// back. Nearly each wait ends later than the one before, and hardly any comes to its end: a timer for each of them would cost each request
/// a system call, for the runtime has itself woken for one that is the next to ring.
#[derive(Debug, Default)]
struct Alarm(Mutex<Option<Pin<Box<Sleep>>>>);

/// A wait for a head, which ends when it has taken too long.
struct Wait {
    heard: Heard,
    header: Duration,
    begun: bool,
    /// `None` where a connection may be idle for ever.
    end: Option<Instant>,
    alarm: Arc<Alarm>,
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
            alarm: Arc::default(),
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
            end,
            alarm: self.alarm.clone(),
        }
    }
}

impl Alarm {
    /// Ready once the end has passed. One waits at a time.
    fn poll_passed(&self, end: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut sleep = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sleep = sleep.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if sleep.deadline() > end {
            sleep.as_mut().reset(end);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() == end {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(end);
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

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.begun && self.heard.take() {
            self.begun = true;
            self.end = Some(Instant::now() + self.header);
        }
        match self.end {
            Some(end) => self.alarm.poll_passed(end, cx),
            None => Poll::Pending,
        }
    }
}

impl rt::Sleep for Wait {}

#[cfg(test)]
mod tests;
