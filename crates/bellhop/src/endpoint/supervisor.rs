//! Keeps one instance connected for as long as it is known.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use tracing::{debug, info, warn};

use super::{
    ConnectError, Endpoint, Group, Settings, Target,
    connect::{Connected, connect},
    group::Member,
};
use crate::{
    backoff::{Backoff, Retries},
    balance::Shard,
    discovery::InstanceId,
};

/// A connection that held this long was a good one: the next attempt after it starts the backoff anew.
const GOOD: Duration = Duration::from_secs(5);

/// One that was ended in order after this long is made anew at once: its server bounds the age of connections, or restarts.
const LIVED: Duration = Duration::from_millis(50);

/// Between attempts to connect.
const RECONNECT: Backoff = match Backoff::try_new(Duration::from_millis(20), Duration::from_secs(2))
{
    Ok(backoff) => backoff,
    Err(_) => panic!("the bounds are in order"),
};

/// Why instances cannot be connected, by id; the last failure of each.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<BTreeMap<InstanceId, Arc<ConnectError>>>);

impl Failures {
    /// The failure of one of those who are known.
    pub(crate) fn of(
        &self,
        known: &dyn Fn(&InstanceId) -> bool,
    ) -> Option<(InstanceId, Arc<ConnectError>)> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = failures.iter().find(|(id, _)| known(id));
        failure.map(|(id, error)| (id.clone(), error.clone()))
    }

    /// Forgets an instance.
    pub(crate) fn clear(&self, id: &InstanceId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }

    fn set(&self, id: &InstanceId, error: Arc<ConnectError>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), error);
    }
}

/// Connects, puts the endpoint in turn, waits for its end, and does so again, for ever.
///
/// Whoever drops this future takes the endpoint out of turn; calls in flight finish over the connection that they have.
pub(crate) fn supervise(
    target: Arc<Target>,
    weight: watch::Receiver<u32>,
    shard: Shard<InstanceId, Endpoint>,
    group: Arc<Group>,
    failures: Arc<Failures>,
    settings: Settings,
) -> impl Future<Output = ()> + Send + use<> {
    // At once, and not when the future first runs: the instance may be forgotten by then.
    let member = group.member(&target);
    let seat = Seat {
        target,
        shard,
        group,
        member,
    };
    seat.keep_connected(weight, failures, settings)
}

/// One instance in one shard.
struct Seat {
    target: Arc<Target>,
    shard: Shard<InstanceId, Endpoint>,
    group: Arc<Group>,
    member: Arc<Member>,
}

impl Seat {
    async fn keep_connected(
        self,
        mut weight: watch::Receiver<u32>,
        failures: Arc<Failures>,
        settings: Settings,
    ) {
        let target = &self.target;
        let mut retries = Retries::new(RECONNECT);
        let mut warned = false;
        loop {
            match connect(target, &settings).await {
                Ok(connected) => {
                    let since = Instant::now();
                    info!(instance = %target.id, address = target.address(), "connected");
                    failures.clear(&target.id);
                    warned = false;
                    let end = self.take_turns(&mut weight, connected).await;
                    if since.elapsed() >= GOOD {
                        retries.succeeded();
                    }
                    if end.is_ok() && since.elapsed() >= LIVED {
                        continue;
                    }
                }
                Err(error) => {
                    if !warned {
                        let error = &error as &(dyn std::error::Error + 'static);
                        warn!(instance = %target.id, error, "cannot connect, will go on trying");
                        warned = true;
                    }
                    self.group.troubled(&self.member);
                    failures.set(&target.id, Arc::new(error));
                }
            }
            tokio::time::sleep(retries.failed(fastrand::f64())).await;
        }
    }

    /// Has the endpoint in turn until its connection ends. An end that the other side announced is no failure.
    async fn take_turns(
        &self,
        weight: &mut watch::Receiver<u32>,
        connected: Connected,
    ) -> Result<(), hyper::Error> {
        let Connected {
            endpoint,
            mut driver,
        } = connected;
        let id = &self.target.id;
        let connection = self.group.connected(&self.member);
        let endpoint = endpoint.behind(self.member.gate());
        let share = *weight.borrow_and_update();
        let turns = self.shard.join(id.clone(), share, endpoint);
        let end = loop {
            tokio::select! {
                end = &mut driver => break end,
                Ok(()) = weight.changed() => turns.set_weight(*weight.borrow_and_update()),
            }
        };
        debug!(instance = %id, ?end, "connection ended");
        drop((turns, connection));
        if !matches!(end, Ok(Ok(()))) {
            self.group.troubled(&self.member);
        }
        end.unwrap_or(Ok(()))
    }
}
