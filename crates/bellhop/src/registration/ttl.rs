//! Reports that an instance is well, where Consul cannot ask.

use std::{future::pending, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};

use super::{State, spec::health_state};
use crate::{
    consul::{Consul, Error},
    outage::{Outage, Over},
};

/// How many reports there are in the time after which a silent instance counts as dead.
const REPORTS_PER_TTL: u32 = 3;

/// Reports for ever.
pub(crate) struct Reporter {
    pub(crate) consul: Consul,
    pub(crate) check: String,
    pub(crate) ttl: Duration,
    pub(crate) healthy: watch::Receiver<bool>,
    pub(crate) state: watch::Receiver<State>,
    /// Told when the agent has no such check.
    pub(crate) lost: Arc<Notify>,
}

impl Reporter {
    /// Reports at once when the health changes, and often enough otherwise, while the agent has the instance.
    pub(crate) async fn run(mut self) {
        let outage = Outage::default();
        loop {
            let registered = |state: &State| matches!(state, State::Registered);
            if self.state.wait_for(registered).await.is_err() {
                return pending().await;
            }
            let healthy = *self.healthy.borrow_and_update();
            let output = if healthy { "serving" } else { "not serving" };
            let report = self
                .consul
                .update_check(&self.check, health_state(healthy), output)
                .await;
            match report {
                Ok(()) => {
                    if let Some(over) = outage.went_well(Instant::now()) {
                        self.reported_again(over);
                    }
                }
                Err(error) => {
                    self.failed(&outage, &error);
                    if let Error::Status { .. } = error {
                        self.lost.notify_one();
                    }
                }
            }
            let next = sleep(self.ttl / REPORTS_PER_TTL);
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = &mut next => break,
                    () = changed(&mut self.healthy) => break,
                    over = outage.over() => self.reported_again(over),
                }
            }
        }
    }

    fn failed(&self, outage: &Outage, error: &Error) {
        let check = &self.check;
        match outage.failed_again(Instant::now()) {
            Some(1) => tracing::warn!(check, %error, "a report of health failed"),
            Some(failures) => {
                tracing::warn!(check, failures, %error, "reports of health still fail");
            }
            None => {}
        }
    }

    fn reported_again(&self, over: Over) {
        let (check, failures, lasted) = (&self.check, over.failures, over.lasted);
        tracing::info!(check, failures, ?lasted, "health is reported again");
    }
}

/// Waits for a change; for ever where there will be none.
async fn changed(healthy: &mut watch::Receiver<bool>) {
    if healthy.changed().await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::{heard::Heard, registration::agent::agent};

    #[tokio::test(start_paused = true)]
    async fn reports_that_fail_are_told_once_then_counted_and_their_end_soon() {
        let (heard, start) = (Heard::from_now_on(), Instant::now());
        let well = Arc::new(AtomicBool::new(false));
        let (health, healthy) = watch::channel(true);
        let (_state, state) = watch::channel(State::Registered);
        let day = Duration::from_secs(24 * 60 * 60);
        let reporter = Reporter {
            consul: agent(well.clone()).await,
            check: "service:geo".to_owned(),
            ttl: day,
            healthy,
            state,
            lost: Arc::default(),
        };
        let _reporter = tokio::spawn(reporter.run());
        let reports = async {
            loop {
                sleep(Duration::from_secs(1)).await;
                health.send_modify(|healthy| *healthy = !*healthy);
            }
        };
        tokio::select! {
            _ = heard.reached(2) => {}
            () = reports => {}
        }
        well.store(true, Ordering::Relaxed);
        health.send_modify(|healthy| *healthy = !*healthy);
        let lines = heard.reached(3).await;
        assert!(lines[0].contains("WARN") && lines[0].contains("a report of health failed"));
        assert!(lines[1].contains("reports of health still fail"));
        assert!(lines[1].contains("failures="), "{}", lines[1]);
        assert!(lines[2].contains("INFO") && lines[2].contains("health is reported again"));
        assert!(lines[2].contains("failures="), "{}", lines[2]);
        assert!(start.elapsed() < day / REPORTS_PER_TTL, "before the next");
    }
}
