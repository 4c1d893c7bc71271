//! Which log lines there are, read and changed while the program runs.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

/// The filter of a program's log lines.
///
/// Libraries speak to `tracing`; only the program knows who listens. So the program makes one of these over the handle by
/// which its subscriber can be changed, and [gives it to its members](crate::Mesh::with_log_filter). Clones are the same filter.
#[derive(Clone)]
pub struct LogFilter {
    shared: Arc<Shared>,
}

struct Shared {
    apply: Box<Apply>,
    state: Mutex<State>,
}

type Apply = dyn Fn(&str) -> Result<(), BadFilter> + Send + Sync;

struct State {
    /// What holds for good.
    lasting: String,
    /// What holds for a while.
    passing: Option<Passing>,
    changes: u64,
}

#[derive(Clone)]
struct Passing {
    filter: String,
    until: SystemTime,
    /// The number of the change that made it.
    change: u64,
}

/// A filter that cannot be understood, and why.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct BadFilter {
    reason: String,
}

/// Where a filter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) filter: String,
    /// Until when it holds, and what comes then; `None` where it holds for good.
    pub(super) then: Option<(SystemTime, String)>,
}

impl LogFilter {
    /// A filter that says `current`, and is changed by `apply`.
    pub fn new<E: fmt::Display>(
        current: impl Into<String>,
        apply: impl Fn(&str) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let apply = move |filter: &str| {
            apply(filter).map_err(|error| BadFilter {
                reason: error.to_string(),
            })
        };
        let state = State {
            lasting: current.into(),
            passing: None,
            changes: 0,
        };
        Self {
            shared: Arc::new(Shared {
                apply: Box::new(apply),
                state: Mutex::new(state),
            }),
        }
    }

    /// What holds now.
    pub fn current(&self) -> String {
        self.standing().filter
    }

    /// Changes it for good.
    ///
    /// # Errors
    /// Where the filter cannot be understood; then nothing changes.
    pub fn set(&self, filter: &str) -> Result<(), BadFilter> {
        let mut state = self.state();
        self.change(&mut state, filter)?;
        filter.clone_into(&mut state.lasting);
        state.passing = None;
        Ok(())
    }

    /// Changes it for a while. After that, [`LogFilter::lapse`] with the number that comes back ends it.
    pub(super) fn set_for(&self, filter: &str, span: Duration) -> Result<u64, BadFilter> {
        let mut state = self.state();
        self.change(&mut state, filter)?;
        let change = state.changes;
        state.passing = Some(Passing {
            filter: filter.to_owned(),
            until: SystemTime::now() + span,
            change,
        });
        Ok(change)
    }

    /// Ends a change that was for a while, unless there was another since.
    pub(super) fn lapse(&self, change: u64) {
        let mut state = self.state();
        if state
            .passing
            .as_ref()
            .is_some_and(|passing| passing.change == change)
        {
            let lasting = state.lasting.clone();
            if let Err(error) = self.change(&mut state, &lasting) {
                tracing::error!(filter = lasting, %error, "the log filter cannot be set back");
            }
            state.passing = None;
        }
    }

    pub(super) fn standing(&self) -> Standing {
        let state = self.state();
        match &state.passing {
            None => Standing {
                filter: state.lasting.clone(),
                then: None,
            },
            Some(passing) => Standing {
                filter: passing.filter.clone(),
                then: Some((passing.until, state.lasting.clone())),
            },
        }
    }

    fn change(&self, state: &mut State, filter: &str) -> Result<(), BadFilter> {
        (self.shared.apply)(filter)?;
        state.changes += 1;
        tracing::warn!(filter, "the log filter has changed");
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFilter")
            .field("standing", &self.standing())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no such level")]
    struct NoLevel;

    fn filter() -> (LogFilter, Arc<Mutex<Vec<String>>>) {
        let applied = Arc::<Mutex<Vec<String>>>::default();
        let into = applied.clone();
        let apply = move |filter: &str| match filter {
            "loud" => Err(NoLevel),
            filter => {
                into.lock().unwrap().push(filter.to_owned());
                Ok(())
            }
        };
        (LogFilter::new("warn", apply), applied)
    }

    #[test]
    fn a_bad_one_changes_nothing() {
        let (filter, applied) = filter();
        let error = filter.set("loud").unwrap_err();
        assert_eq!(error.to_string(), "no such level");
        assert_eq!(filter.current(), "warn");
        assert!(applied.lock().unwrap().is_empty());
    }

    #[test]
    fn one_for_a_while_goes_back_to_what_was_before() {
        let (filter, applied) = filter();
        filter.set("info").unwrap();
        let first = filter.set_for("debug", Duration::from_secs(60)).unwrap();
        let second = filter.set_for("trace", Duration::from_secs(60)).unwrap();
        filter.lapse(first);
        assert_eq!(filter.current(), "trace");
        assert_eq!(filter.standing().then.unwrap().1, "info");
        filter.lapse(second);
        assert_eq!(filter.current(), "info");
        assert_eq!(*applied.lock().unwrap(), ["info", "debug", "trace", "info"]);
    }

    #[test]
    fn one_for_good_outlasts_one_for_a_while() {
        let (filter, _) = filter();
        let passing = filter.set_for("debug", Duration::from_secs(60)).unwrap();
        filter.set("error").unwrap();
        filter.lapse(passing);
        assert_eq!(filter.current(), "error");
        assert_eq!(filter.standing().then, None);
    }
}
