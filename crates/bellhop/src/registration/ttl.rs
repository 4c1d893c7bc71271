//! Reports that an instance is well, where Consul cannot ask.

use std::{future::pending, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};

use super::{State, spec::health_state};
use crate::{
    consul::{Consul, Error},
    outage::Outage,
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
                Ok(()) => self.reported(&outage),
                Err(error) => {
                    self.failed(&outage, &error);
                    if let Error::Status { .. } = error {
                        self.lost.notify_one();
                    }
                }
            }
            tokio::select! {
                () = sleep(self.ttl / REPORTS_PER_TTL) => {}
                () = changed(&mut self.healthy) => {}
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

    fn reported(&self, outage: &Outage) {
        if let Some(over) = outage.went_well(Instant::now()) {
            let (check, failures, lasted) = (&self.check, over.failures, over.lasted);
            tracing::info!(check, failures, ?lasted, "health is reported again");
        }
    }
}

/// Waits for a change; for ever where there will be none.
async fn changed(healthy: &mut watch::Receiver<bool>) {
    if healthy.changed().await.is_err() {
        pending::<()>().await;
    }
}
