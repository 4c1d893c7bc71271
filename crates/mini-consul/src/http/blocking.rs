//! Blocking queries: an answer that waits until there is news.

use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, timeout_at};

use super::params::Params;
use super::reply::ApiError;
use crate::app::App;
use crate::state::State;

/// How long a query waits that does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(5 * 60);
/// The longest a query may wait.
const MAX_WAIT: Duration = Duration::from_secs(10 * 60);
/// Up to this part of the wait is added at random, so that queries do not all end together.
const JITTER_PART: u32 = 16;

/// Answers at once, or where the request names an index, when the query's index has passed it or
/// the wait is over. The answer and its index are of one moment.
pub(super) async fn query<T>(
    app: &App,
    params: &Params,
    index: impl Fn(&State) -> u64,
    answer: impl FnOnce(&State) -> T,
) -> Result<(u64, T), ApiError> {
    params.check_reach(app)?;
    let seen = params.index()?;
    let wait = params.wait()?;
    if seen > 0 {
        until(app, wait, |state| index(state) > seen).await?;
    }
    // Clients take 0 for "do not wait" and would spin on it.
    Ok(app.read(|state| (index(state).max(1), answer(state))))
}

/// Waits until the registry is as wanted, but not for ever.
pub(super) async fn until(
    app: &App,
    wait: Option<Duration>,
    wanted: impl Fn(&State) -> bool,
) -> Result<(), ApiError> {
    let busy = |_| {
        ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many blocking queries wait already",
        )
    };
    let _permit = app.waiting.try_acquire().map_err(busy)?;
    let deadline = Instant::now() + jittered(wait);
    let mut changes = app.changes();
    loop {
        // Marked before looking: a change between the two is seen on the next round.
        changes.mark_unchanged();
        if app.read(&wanted) {
            return Ok(());
        }
        tokio::select! {
            changed = timeout_at(deadline, changes.changed()) => if changed.is_err() { return Ok(()) },
            () = app.closing.cancelled() => return Err(ApiError::internal("The agent is shutting down")),
        }
    }
}

fn jittered(wait: Option<Duration>) -> Duration {
    let wait = wait
        .filter(|wait| !wait.is_zero())
        .unwrap_or(DEFAULT_WAIT)
        .min(MAX_WAIT);
    wait + (wait / JITTER_PART).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_bounded_and_spread() {
        let cases = [
            (None, DEFAULT_WAIT),
            (Some(Duration::ZERO), DEFAULT_WAIT),
            (Some(Duration::from_secs(1)), Duration::from_secs(1)),
            (Some(Duration::from_secs(3600)), MAX_WAIT),
        ];
        for (wait, least) in cases {
            let spread = jittered(wait);
            assert!(
                spread >= least && spread <= least + least / JITTER_PART,
                "{wait:?}: {spread:?}"
            );
        }
    }
}
