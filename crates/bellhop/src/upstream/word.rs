//! What a registry has said of a service.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use tokio::time::Instant;

use super::Cause;
use crate::{
    consul::{self, Sight},
    discovery::{About, Event, InstanceId, Notes},
};

/// What a registry has said of a service, but for the instances themselves.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// Whether it ever answered.
    answered: bool,
    /// Whether an instance was ever registered, in whatever state.
    seen: bool,
    /// When it last answered.
    confirmed: Option<Instant>,
    /// How often it did not answer.
    failures: u64,
    registered: usize,
    /// Why it does not answer, where it does not.
    failure: Option<Arc<consul::Error>>,
    notes: Notes,
    critical: Vec<InstanceId>,
    about: BTreeMap<InstanceId, About>,
    /// When that was written down which is used in place of an answer.
    remembered: Option<SystemTime>,
}

impl Word {
    /// Follows what discovery says.
    pub(super) fn follow(&mut self, event: &Event) {
        match event {
            Event::Unreachable { error } => {
                self.failure = Some(error.clone());
                self.failures += 1;
            }
            Event::Remembered { saved, .. } => self.remembered = Some(*saved),
            Event::Subset { .. } => {}
            Event::Notes(notes) => self.notes = *notes,
            Event::Critical(critical) => self.critical.clone_from(critical),
            Event::About(about) => self.about.clone_from(about),
            Event::Answer { registered, .. } => {
                self.answered = true;
                self.confirmed = Some(Instant::now());
                self.failure = None;
                self.remembered = None;
                self.registered = *registered;
                self.seen |= *registered > 0;
            }
        }
    }

    /// Why nobody is there, as far as the registry says.
    pub(super) fn cause(&self) -> Cause {
        let Some(error) = &self.failure else {
            return self.last();
        };
        if error.is_denied() {
            return Cause::Hidden {
                said: Some(error.clone()),
            };
        }
        Cause::Unreachable {
            error: error.clone(),
            before: self.answered.then(|| Box::new(self.last())),
        }
    }

    fn last(&self) -> Cause {
        let unsure = self.notes.sight == Sight::Unsure;
        if self.registered > 0 {
            Cause::NotPassing {
                registered: self.registered,
            }
        } else if self.notes.sight == Sight::Denied {
            Cause::Hidden { said: None }
        } else if self.seen {
            Cause::Deregistered { unsure }
        } else {
            Cause::NeverSeen { unsure }
        }
    }

    /// When it last answered.
    pub(super) fn confirmed(&self) -> Option<Instant> {
        self.confirmed
    }

    /// How often it did not answer.
    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    pub(super) fn failure(&self) -> Option<&Arc<consul::Error>> {
        self.failure.as_ref()
    }

    pub(super) fn notes(&self) -> Notes {
        self.notes
    }

    /// Those that it finds critical, and that are not called for that.
    pub(super) fn critical(&self) -> &[InstanceId] {
        &self.critical
    }

    /// What it says of each, for people.
    pub(super) fn about(&self) -> &BTreeMap<InstanceId, About> {
        &self.about
    }

    pub(super) fn remembered(&self) -> Option<SystemTime> {
        self.remembered
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, StatusCode};

    use super::*;
    use crate::consul::{Call, Error};

    fn call() -> Call {
        Call {
            method: Method::GET,
            path: "/v1/health/service/geo".to_owned(),
        }
    }

    fn answer(registered: usize) -> Event {
        Event::Answer {
            changes: Vec::new(),
            registered,
        }
    }

    fn silence() -> Event {
        let error = Error::Timeout {
            call: call(),
            after: std::time::Duration::from_secs(5),
        };
        Event::Unreachable {
            error: Arc::new(error),
        }
    }

    fn denial() -> Event {
        let error = Error::status(call(), StatusCode::FORBIDDEN, b"ACL not found");
        Event::Unreachable {
            error: Arc::new(error),
        }
    }

    fn sight(sight: Sight) -> Event {
        Event::Notes(Notes {
            sight,
            ..Notes::default()
        })
    }

    #[track_caller]
    fn is(events: &[Event], name: &str, text: &str) {
        let mut word = Word::default();
        for event in events {
            word.follow(event);
        }
        let cause = word.cause();
        assert_eq!((cause.name(), &*cause.to_string()), (name, text));
    }

    #[test]
    fn five_causes_have_five_messages() {
        is(
            &[answer(0)],
            "never seen",
            "no instance was ever registered",
        );
        is(
            &[answer(2), answer(0)],
            "all deregistered",
            "all instances have deregistered",
        );
        is(
            &[answer(2)],
            "all critical",
            "none of the 2 registered instances is passing",
        );
        is(
            &[answer(0), sight(Sight::Denied)],
            "hidden by ACL",
            "the registry's ACLs hide it: the token may not read the service, or not the nodes that it runs on",
        );
        is(
            &[silence()],
            "registry unreachable",
            "the registry does not answer: GET /v1/health/service/geo: no answer within 5s; no instance was ever seen",
        );
    }

    #[test]
    fn where_it_cannot_be_told_both_are_named() {
        is(
            &[answer(0), sight(Sight::Unsure)],
            "never seen",
            "no instance was ever registered, or the registry's ACLs hide them: it does not tell which",
        );
        is(
            &[answer(1), answer(0), sight(Sight::Unsure)],
            "all deregistered",
            "all instances have deregistered, or the registry's ACLs hide them: it does not tell which",
        );
    }

    #[test]
    fn a_refusal_is_no_silence() {
        is(
            &[answer(0), denial()],
            "hidden by ACL",
            "the registry's ACLs hide it: GET /v1/health/service/geo: Consul answered 403 Forbidden: ACL not found",
        );
    }

    #[test]
    fn silence_is_told_with_the_last_word_before_it() {
        is(
            &[answer(1), answer(0), silence()],
            "registry unreachable",
            "the registry does not answer: GET /v1/health/service/geo: no answer within 5s; before that, all instances \
             have deregistered",
        );
        is(
            &[silence(), answer(0)],
            "never seen",
            "no instance was ever registered",
        );
    }
}
