//! The task that keeps one instance registered.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{HostPort, Spec, State, remains, same::same, ttl::Reporter};
use crate::{
    backoff::{Backoff, Retries},
    consul::{AgentService, CREDENTIALS, Consul, Definition, Error, Since},
    discovery::Bucket,
    outage::Outage,
};

/// How long to wait after failures: at most a second, for an agent that comes back without memory is to be noticed within two.
pub(crate) const BACKOFF: Backoff =
    match Backoff::try_new(Duration::from_millis(100), Duration::from_secs(1)) {
        Ok(backoff) => backoff,
        Err(_) => panic!("the bounds are in order"),
    };

/// How often to look: an agent that answers at once, not knowing how to wait, is asked once a second in the end.
const BUCKET: Bucket = match Bucket::try_new(4, Duration::from_secs(1)) {
    Ok(bucket) => bucket,
    Err(_) => panic!("there is a burst and a refill"),
};

/// How long to wait at the agent for word of a change.
const WAIT: Duration = Duration::from_secs(60);

/// What the agent has after so many corrections in a row is its way of writing ours, and is let be for a while.
const MAX_CORRECTIONS: u32 = 3;
const LET_BE: Duration = Duration::from_secs(60);

/// Keeps one instance registered.
pub(crate) struct Keeper {
    pub(crate) consul: Consul,
    pub(crate) spec: Spec,
    pub(crate) id: String,
    pub(crate) address: HostPort,
    pub(crate) state: watch::Sender<State>,
    pub(crate) stop: CancellationToken,
    /// Told where the agent turns out to lack something.
    pub(crate) lost: Arc<Notify>,
    pub(crate) work: Work,
}

/// What a keeper remembers.
pub(crate) struct Work {
    retries: Retries,
    bucket: Bucket,
    /// The calls that fail.
    outage: Outage,
    /// How often in a row the agent had something else, though we had put it right.
    corrections: u32,
    /// Until when what the agent has is let be.
    let_be_until: Option<Instant>,
    /// The agent has had the instance.
    known: bool,
    /// Which token the last registration was sent with.
    token: u64,
    /// The agent lost the instance though it was there all the time: perhaps Consul reaped it, being unable to reach it.
    doubtful: bool,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            retries: Retries::new(BACKOFF),
            bucket: BUCKET,
            outage: Outage::default(),
            corrections: 0,
            let_be_until: None,
            known: false,
            token: 0,
            doubtful: false,
        }
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Register,
    Hold,
    Stop,
}

impl Keeper {
    /// Works until it is told to stop.
    pub(crate) async fn run(mut self, reporter: Option<Reporter>) {
        match reporter {
            None => self.keep().await,
            Some(reporter) => tokio::select! {
                () = self.keep() => {}
                () = reporter.run() => {}
            },
        }
    }

    async fn keep(&mut self) {
        let mut next = Next::Register;
        loop {
            next = match next {
                Next::Register => self.register().await,
                Next::Hold => self.hold().await,
                Next::Stop => return,
            };
        }
    }

    /// Registers once; never broken off, so that whoever waits for this task knows that no registration is on its way.
    async fn register(&mut self) -> Next {
        if self.stop.is_cancelled() {
            return Next::Stop;
        }
        let mut definition = self.definition();
        let token = self.consul.token_turn().await;
        let anew = token != self.work.token;
        if token > 0 {
            // An agent whose token was refused when it told the others of a check holds them for told. This is news again.
            for check in &mut definition.checks {
                check.notes = format!("registered with token {}", token + 1);
            }
        }
        match self.consul.register(&definition).await {
            Ok(()) => {
                tracing::info!(id = self.id, address = %self.address, "registered");
                if anew {
                    tracing::info!(target: CREDENTIALS, id = self.id, "registered with the new token");
                }
                self.work.token = token;
                self.work.doubtful = false;
                let first = !self.work.known;
                self.answered();
                if first && !self.stop.is_cancelled() {
                    self.clear_remains(&definition).await;
                }
                Next::Hold
            }
            Err(error) => self.failed(error, Next::Register).await,
        }
    }

    /// Once, as well as may be: else its checks fail when this instance has gone, and Consul reaps it.
    async fn clear_remains(&self, ours: &Definition) {
        if let Err(error) = remains::clear(&self.consul, ours).await {
            tracing::debug!(id = self.id, %error, "cannot tell who was at this address before");
        }
    }

    fn definition(&self) -> Definition {
        let status = self.spec.initial(self.work.doubtful);
        self.spec.definition(self.id.clone(), &self.address, status)
    }

    /// Waits at the agent until something is amiss.
    async fn hold(&mut self) -> Next {
        let mut known: Option<AgentService> = None;
        loop {
            let turn = self.work.bucket.take(Instant::now());
            let since = known.as_ref().map(|service| Since {
                hash: &service.hash,
                wait: WAIT,
            });
            let read = async {
                sleep(turn).await;
                self.consul.agent_service(&self.id, since).await
            };
            let read = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Next::Stop,
                () = self.lost.notified() => return Next::Register,
                // An agent tells the others of an instance by the token that it was registered with.
                () = self.consul.token_after(self.work.token) => return Next::Register,
                read = read => read,
            };
            match read {
                Ok(service) if self.is_ours(&service) => {
                    self.answered();
                    known = Some(service);
                }
                Ok(_) => return Next::Register,
                Err(error) if error.is_not_found() => {
                    tracing::warn!(id = self.id, "the agent has lost this instance");
                    self.work.doubtful = !self.work.outage.is_running();
                    self.lost(error);
                    return Next::Register;
                }
                Err(error) => return self.failed(error, Next::Hold).await,
            }
        }
    }

    /// Whether the agent has what was registered, as far as that can be had.
    fn is_ours(&mut self, service: &AgentService) -> bool {
        let now = Instant::now();
        let ours = same(&self.definition(), service);
        let stubborn = self.work.corrections == MAX_CORRECTIONS;
        if ours || stubborn {
            self.work.corrections = 0;
            self.work.let_be_until = stubborn.then(|| now + LET_BE);
        }
        if ours || self.work.let_be_until.is_some_and(|until| now < until) {
            return true;
        }
        tracing::warn!(id = self.id, found = ?service, "the agent has something else under this id");
        self.work.corrections += 1;
        false
    }

    fn answered(&mut self) {
        self.work.known = true;
        self.work.retries.succeeded();
        if let Some(over) = self.work.outage.ended() {
            let (failures, lasted) = (over.failures, over.lasted);
            tracing::info!(id = self.id, failures, ?lasted, "the agent answers again");
        }
        self.state.send_if_modified(|state| {
            let changed = !matches!(state, State::Registered);
            *state = State::Registered;
            changed
        });
    }

    async fn failed(&mut self, error: Error, next: Next) -> Next {
        let id = &self.id;
        match self.work.outage.failed_again(Instant::now()) {
            Some(1) => {
                tracing::warn!(id, %error, "cannot tell whether this instance is registered")
            }
            Some(failures) => {
                tracing::warn!(id, failures, %error, "still cannot tell whether it is registered");
            }
            None => {}
        }
        self.lost(error);
        let pause = self.work.retries.failed(fastrand::f64());
        tokio::select! {
            () = self.stop.cancelled() => Next::Stop,
            () = sleep(pause) => next,
        }
    }

    fn lost(&self, error: Error) {
        self.state.send_replace(State::Lost {
            error: Arc::new(error),
            known: self.work.known,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::{
        heard::Heard,
        registration::{Place, Protocol, Settings, agent::agent, start_at},
    };

    #[tokio::test(start_paused = true)]
    async fn an_agent_that_fails_is_told_of_once_then_counted_and_its_end() {
        let heard = Heard::from_now_on();
        let well = Arc::new(AtomicBool::new(false));
        let (_health, healthy) = watch::channel(true);
        let bound = "127.0.0.1:80".parse().unwrap();
        let spec = Spec {
            service: "geo".to_owned(),
            protocol: Protocol::Http {
                health: "/".to_owned(),
            },
            bound,
            settings: Settings::default(),
            healthy,
        };
        let place = Place {
            id: "geo-1".to_owned(),
            address: bound.into(),
        };
        let _registered = start_at(agent(well.clone()).await, spec, place);
        heard.reached(2).await;
        well.store(true, Ordering::Relaxed);
        let lines = heard.reached(4).await;
        assert!(
            lines[0].contains("WARN") && lines[0].contains("cannot tell whether this instance")
        );
        assert!(lines[1].contains("WARN") && lines[1].contains("still cannot tell"));
        assert!(lines[1].contains("failures="), "{}", lines[1]);
        assert!(lines[2].contains("INFO") && lines[2].contains("registered"));
        assert!(lines[3].contains("INFO") && lines[3].contains("the agent answers again"));
        assert!(lines[3].contains("failures="), "{}", lines[3]);
    }
}
