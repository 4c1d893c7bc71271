//! Connections that cannot be accepted, such as for want of file descriptors.

use std::io;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::outage::Outage;

/// Tells of the first failure, each minute of how many there were since, and of the end.
#[derive(Debug)]
pub(crate) struct Accepting {
    /// What is accepted, for people.
    what: &'static str,
    outage: Outage,
}

impl Accepting {
    /// Of connections of this kind.
    pub(crate) fn of(what: &'static str) -> Self {
        Self {
            what,
            outage: Outage::default(),
        }
    }

    /// One could not be accepted.
    pub(crate) fn failed(&self, error: &io::Error) {
        let what = self.what;
        match self.outage.failed_again(Instant::now()) {
            Some(1) => warn!(%error, "cannot accept {what}"),
            Some(failures) => warn!(failures, %error, "still cannot accept {what}"),
            None => {}
        }
    }

    /// One was.
    pub(crate) fn went_well(&self) {
        if !self.outage.is_running() {
            return;
        }
        if let Some(over) = self.outage.went_well(Instant::now()) {
            let (failures, lasted) = (over.failures, over.lasted);
            info!(failures, ?lasted, "{} can be accepted again", self.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;
    use crate::heard::Heard;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_failures_is_three_lines_of_log() {
        let heard = Heard::from_now_on();
        let (accepting, full) = (Accepting::of("a connection"), io::Error::other("full"));
        accepting.went_well();
        for _ in 0..=60 {
            accepting.failed(&full);
            accepting.failed(&full);
            accepting.went_well();
            advance(Duration::from_secs(1)).await;
        }
        advance(Duration::from_secs(10)).await;
        accepting.went_well();
        accepting.went_well();

        let lines = heard.lines();
        let [first, later, last] = &lines[..] else {
            panic!("{lines:#?}")
        };
        assert!(first.contains("WARN") && first.ends_with("cannot accept a connection error=full"));
        assert!(
            later.contains("WARN") && later.contains("failures=120"),
            "{later}"
        );
        assert!(
            last.contains("INFO") && last.contains("failures=122"),
            "{last}"
        );
    }
}
