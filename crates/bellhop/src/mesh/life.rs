//! How far a member has come, for those who look at it from outside.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use tokio::{runtime::Handle, sync::watch};

use crate::{
    registration::{Place, State},
    server::{Activities, Sockets},
};

/// How far a member has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// It calls others, if anybody, and does not serve.
    #[default]
    Idle,
    /// It listens, and does not answer at its own address yet.
    Starting,
    /// It serves.
    Serving,
    /// It leaves: whoever comes is still served, until nobody does.
    Draining,
}

/// What is known of a member that serves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    pub(crate) phase: Phase,
    pub(crate) place: Option<Place>,
    /// Where it listens.
    pub(crate) bound: Option<SocketAddr>,
    /// The connections to it.
    pub(crate) sockets: Sockets,
    pub(crate) activity: Activities,
    /// Where its admin endpoint listens.
    pub(crate) admin: Option<SocketAddr>,
    /// The runtimes that it serves on.
    pub(crate) shards: Vec<Handle>,
    pub(crate) well: Option<watch::Receiver<bool>>,
    pub(crate) registration: Option<watch::Receiver<State>>,
}

/// The life of a member, written by itself.
#[derive(Default)]
pub(crate) struct Diary(Mutex<Life>);

/// Why a member is not to be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unready {
    #[error("it does not serve")]
    Idle,
    #[error("it does not serve yet")]
    Starting,
    #[error("it is leaving")]
    Draining,
    #[error("it is not well")]
    Unwell,
    #[error("it is not registered yet{}", because(.0))]
    Unregistered(Option<String>),
    #[error("the registry has lost it, it registers again: {0}")]
    Lost(String),
}

fn because(said: &Option<String>) -> String {
    let because = |said| format!(": {said}");
    said.as_ref().map(because).unwrap_or_default()
}

impl Diary {
    pub(crate) fn write(&self, change: impl FnOnce(&mut Life)) {
        change(&mut self.lock());
    }

    pub(crate) fn read(&self) -> Life {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Life> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    /// Whether calls are welcome.
    pub(crate) fn ready(&self) -> Result<(), Unready> {
        match self.phase {
            Phase::Idle => return Err(Unready::Idle),
            Phase::Starting => return Err(Unready::Starting),
            Phase::Draining => return Err(Unready::Draining),
            Phase::Serving => {}
        }
        if !self.is_well() {
            return Err(Unready::Unwell);
        }
        match self.registration() {
            State::Registering => Err(Unready::Unregistered(None)),
            State::Deregistered => Err(Unready::Draining),
            // A registry that says nothing takes nobody out of service.
            State::Lost {
                error,
                known: false,
            } => Err(Unready::Unregistered(Some(error.to_string()))),
            State::Lost { error, .. } if !error.is_not_found() => Ok(()),
            State::Lost { error, .. } => Err(Unready::Lost(error.to_string())),
            State::Registered => Ok(()),
        }
    }

    pub(crate) fn is_well(&self) -> bool {
        self.well.as_ref().is_some_and(|well| *well.borrow())
    }

    pub(crate) fn registration(&self) -> State {
        match &self.registration {
            Some(registration) => registration.borrow().clone(),
            None => State::Registering,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Draining => "draining",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::consul::{Call, Error};

    fn life(phase: Phase, well: bool, registration: State) -> Life {
        Life {
            phase,
            well: Some(watch::channel(well).1),
            registration: Some(watch::channel(registration).1),
            ..Life::default()
        }
    }

    fn call() -> Call {
        Call {
            method: http::Method::GET,
            path: "/v1/agent/service/geo-1".to_owned(),
        }
    }

    fn lost(error: Error, known: bool) -> State {
        let error = Arc::new(error);
        State::Lost { error, known }
    }

    fn silence() -> Error {
        Error::Timeout {
            call: call(),
            after: std::time::Duration::from_secs(5),
        }
    }

    #[test]
    fn only_one_that_serves_and_is_well_and_known_is_ready() {
        let serving = |registration| life(Phase::Serving, true, registration).ready();
        assert_eq!(serving(State::Registered), Ok(()));
        assert_eq!(
            serving(State::Registering),
            Err(Unready::Unregistered(None))
        );
        assert_eq!(serving(State::Deregistered), Err(Unready::Draining));
        let unwell = life(Phase::Serving, false, State::Registered);
        assert_eq!(unwell.ready(), Err(Unready::Unwell));
        for (phase, why) in [
            (Phase::Idle, Unready::Idle),
            (Phase::Starting, Unready::Starting),
            (Phase::Draining, Unready::Draining),
        ] {
            assert_eq!(life(phase, true, State::Registered).ready(), Err(why));
        }
    }

    #[test]
    fn a_silent_registry_takes_nobody_out_of_service() {
        let serving = |registration| life(Phase::Serving, true, registration).ready();
        assert_eq!(serving(lost(silence(), true)), Ok(()));
        let never = serving(lost(silence(), false));
        assert!(
            matches!(never, Err(Unready::Unregistered(Some(_)))),
            "{never:?}"
        );
        let gone = Error::status(call(), http::StatusCode::NOT_FOUND, b"unknown service");
        let gone = serving(lost(gone, true));
        assert!(matches!(gone, Err(Unready::Lost(_))), "{gone:?}");
    }
}
