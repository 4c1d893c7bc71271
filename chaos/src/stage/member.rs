//! One instance.

use std::net::SocketAddr;

use e2e::{Launch, Process};

use crate::{Suite, roles::Control};

/// One instance, in a process of its own, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) service: &'static str,
    /// As it stands in the registry.
    pub(crate) id: String,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
}

impl Member {
    /// Starts an instance, and waits until it serves.
    pub(super) async fn start(service: &'static str, launch: &Launch, suite: &Suite) -> Self {
        let mut arguments = vec![service];
        if service == "frontend" {
            arguments.extend(["--http", "127.0.0.1:0"]);
        }
        let process = launch.start(&arguments);
        suite.keep(service, process.log());
        let (address, id) = process.serving(service).await;
        Self {
            service,
            id,
            address,
            process,
        }
    }

    /// How to tell it what to do, where it is one that can be told.
    pub(crate) async fn control(&self) -> Control {
        Control::of(self.process.log()).await
    }

    /// Stops as an orchestrator stops it, and waits for its end.
    ///
    /// # Panics
    /// When it does not end, or not well.
    pub(crate) async fn leave(self) {
        self.process.terminate();
        self.ended().await;
    }

    /// Waits for its end, once it was told to stop.
    ///
    /// # Panics
    /// When it does not end, or not well.
    pub(crate) async fn ended(mut self) {
        let end = self.process.end().await;
        assert!(end.success(), "{} of {}: {end}", self.id, self.service);
    }
}
