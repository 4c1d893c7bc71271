//! Keeps one instance connected for as long as it is known.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tracing::{debug, info, warn};

use super::{
    ConnectError, Endpoint, Group, Settings, Target,
    connect::{Connected, Connector, answers},
    group::Member,
    tally::Tally,
};
use crate::{
    backoff::{Backoff, Retries},
    balance::Shard,
    discovery::InstanceId,
    http2::ConnectionError,
    outage::Outage,
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

/// Between attempts to connect, at least, where requests find nobody.
const WANTED: Duration = Duration::from_millis(500);

/// How often an instance that the registry does not vouch for is asked whether it is there.
const KEPT_INTERVAL: Duration = Duration::from_secs(1);

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

    /// The failure of an instance.
    pub(crate) fn get(&self, id: &InstanceId) -> Option<Arc<ConnectError>> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(id).cloned()
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

/// Why an instance is to be connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Vouch {
    /// The registry vouches for it.
    #[default]
    Passing,
    /// The registry finds it critical.
    Critical,
    /// The registry finds it critical, and has never named it otherwise.
    Unproven,
    /// The registry does not name it, but may have forgotten it.
    Kept,
}

impl Vouch {
    /// Whether the registry finds it critical.
    pub(super) fn is_critical(self) -> bool {
        matches!(self, Self::Critical | Self::Unproven)
    }
}

/// Connects, puts the endpoint in turn, waits for its end, and does so again, for ever: who does not answer, or whose place
/// somebody else has taken, may only be restarting, and trying on costs nobody a turn.
///
/// Whoever drops this future takes the endpoint out of turn; calls in flight finish over the connection that they have.
pub(crate) fn supervise(
    target: Arc<Target>,
    weight: watch::Receiver<u32>,
    vouch: watch::Receiver<Vouch>,
    shard: Shard<InstanceId, Endpoint>,
    group: Arc<Group>,
    failures: Arc<Failures>,
    connector: Connector,
) -> impl Future<Output = ()> + Send + use<> {
    // At once, and not when the future first runs: the instance may be forgotten by then.
    let member = group.member(&target, *vouch.borrow());
    let tally = member.tally();
    let seat = Seat {
        target,
        shard,
        group,
        member,
        tally,
    };
    seat.keep_connected(weight, vouch, failures, connector)
}

/// One instance in one shard.
struct Seat {
    target: Arc<Target>,
    shard: Shard<InstanceId, Endpoint>,
    group: Arc<Group>,
    member: Arc<Member>,
    tally: Arc<Tally>,
}

/// What the log has of an instance that cannot be connected: it may fail first and be a stranger later.
#[derive(Default)]
struct Told {
    failure: Outage,
    stranger: Outage,
}

impl Told {
    /// Counts a failure. How many there are to tell of.
    fn failed(&self, error: &ConnectError, now: Instant) -> Option<u64> {
        match error {
            ConnectError::Stranger(_) => self.stranger.failed_again(now),
            _ => self.failure.failed_again(now),
        }
    }

    /// How often it failed until now, where it did.
    fn ended(&self) -> Option<u64> {
        let ends = [self.failure.ended(), self.stranger.ended()];
        ends.into_iter()
            .flatten()
            .map(|over| over.failures)
            .reduce(|a, b| a + b)
    }
}

impl Seat {
    async fn keep_connected(
        self,
        mut weight: watch::Receiver<u32>,
        mut vouch: watch::Receiver<Vouch>,
        failures: Arc<Failures>,
        connector: Connector,
    ) {
        let target = &self.target;
        let mut retries = Retries::new(RECONNECT);
        let told = Told::default();
        loop {
            match connector.connect(target, self.member.recognition()).await {
                Ok(connected) => {
                    let since = Instant::now();
                    let failures_before = told.ended();
                    info!(instance = %target.id, address = target.address(), failures = failures_before, "connected");
                    failures.clear(&target.id);
                    let endpoint = connected.endpoint.clone();
                    let announced = tokio::select! {
                        end = self.take_turns(&mut weight, connected) => end.is_ok(),
                        () = self.silence(&endpoint, &mut vouch, &connector.settings) => {
                            self.group.troubled(&self.member);
                            false
                        }
                    };
                    if since.elapsed() >= GOOD {
                        retries.succeeded();
                    }
                    if announced && since.elapsed() >= LIVED {
                        continue;
                    }
                }
                Err(error) => {
                    self.cannot(&told, &error);
                    self.group.unreachable(&self.member);
                    failures.set(&target.id, Arc::new(error));
                }
            }
            pause(&self.shard, retries.failed(fastrand::f64())).await;
        }
    }

    fn cannot(&self, told: &Told, error: &ConnectError) {
        let told = told.failed(error, Instant::now());
        let instance = &self.target.id;
        let error = error as &(dyn std::error::Error + 'static);
        match told {
            Some(1) => warn!(%instance, error, "cannot connect, will go on trying"),
            Some(failures) => warn!(%instance, failures, error, "still cannot connect"),
            None => {}
        }
    }

    /// Has the endpoint in turn, as far as it is to be, until its connection ends. An end that the other side announced is no failure.
    async fn take_turns(
        &self,
        weight: &mut watch::Receiver<u32>,
        connected: Connected,
    ) -> Result<(), ConnectionError> {
        let Connected {
            endpoint,
            mut closing,
        } = connected;
        let id = &self.target.id;
        let connection = self.group.connected(&self.member);
        let endpoint = endpoint.behind(self.member.gate(), self.tally.clone());
        let mut turn = self.member.turn();
        let join = |share| {
            let version = self.target.version.clone();
            let shard = &self.shard;
            shard.join_as(id.clone(), version, share, endpoint.clone())
        };
        let mut turns = None;
        let end = loop {
            let share = *weight.borrow_and_update();
            match (*turn.borrow_and_update(), &turns) {
                (true, None) => {
                    turns = Some(join(share));
                    self.group.found();
                }
                (true, Some(turns)) => turns.set_weight(share),
                (false, _) => turns = None,
            }
            tokio::select! {
                end = &mut closing => break end,
                Ok(()) = weight.changed() => {}
                Ok(()) = turn.changed() => {}
            }
        };
        debug!(instance = %id, ?end, "connection ended");
        drop((turns, connection));
        if !matches!(end, Ok(Ok(()))) {
            self.group.troubled(&self.member);
        }
        end.unwrap_or(Ok(()))
    }

    /// Resolves when an instance that the registry does not vouch for does not answer.
    async fn silence(
        &self,
        endpoint: &Endpoint,
        vouch: &mut watch::Receiver<Vouch>,
        settings: &Settings,
    ) {
        while vouch
            .wait_for(|vouch| *vouch != Vouch::Passing)
            .await
            .is_ok()
        {
            let recognition = self.member.recognition();
            if !answers(endpoint, recognition, settings.keepalive_timeout).await {
                return;
            }
            sleep(KEPT_INTERVAL).await;
        }
        std::future::pending().await
    }
}

/// Waits before another attempt, no longer than a little where a request finds nobody meanwhile.
async fn pause<K, S>(shard: &Shard<K, S>, delay: Duration) {
    let wanted = shard.wanted();
    tokio::select! {
        () = sleep(delay) => {}
        ((), ()) = async { tokio::join!(sleep(WANTED), wanted) } => {}
    }
}

#[cfg(test)]
mod tests;
