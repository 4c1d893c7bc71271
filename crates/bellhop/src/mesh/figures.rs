//! What is measured of a member that serves.

use tokio::sync::watch;

use crate::{
    registration::State,
    server::Activities,
    telemetry::metrics::{REGISTERED, REGISTRATION, SERVER_ACTIVE, Snapshot, Source},
};

/// What is measured of a member that serves.
#[derive(Debug)]
pub(super) struct Figures {
    activity: Activities,
    registration: watch::Receiver<State>,
}

impl Figures {
    pub(super) fn new(activity: Activities, registration: watch::Receiver<State>) -> Self {
        Self {
            activity,
            registration,
        }
    }
}

impl Source for Figures {
    fn collect(&self, into: &mut Snapshot) {
        into.number(&SERVER_ACTIVE, [], self.activity.in_flight() as f64);
        let state = name(&self.registration.borrow());
        for known in ["registered", "missing", "unknown"] {
            let is = f64::from(u8::from(known == state));
            into.number(&REGISTERED, [(REGISTRATION, known.into())], is);
        }
    }
}

fn name(state: &State) -> &'static str {
    match state {
        State::Registered => "registered",
        State::Lost { error, .. } if !error.is_not_found() => "unknown",
        _ => "missing",
    }
}
