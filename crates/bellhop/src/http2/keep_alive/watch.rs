//! When to ask for a sign of life, and when to give up.

use std::time::Duration;

use tokio::time::Instant;

/// The rules of it. Knows nothing of connections.
#[derive(Debug)]
pub(super) struct Watch {
    interval: Duration,
    timeout: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nobody waits.
    Resting,
    /// Something was heard then, or somebody began to wait.
    Heard(Instant),
    /// A sign of life is due then.
    Asked(Instant),
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing, until somebody waits.
    Rest,
    /// Look again then.
    Wait(Instant),
    /// Ask, and look again then.
    Ask(Instant),
    /// Nobody is there.
    Silent,
}

impl Watch {
    /// Asks when nothing has been heard for an interval, and gives up when nothing is heard for this long after.
    pub(super) fn new(interval: Duration, timeout: Duration) -> Self {
        Self {
            interval,
            timeout,
            state: State::Resting,
        }
    }

    /// Something has been heard.
    pub(super) fn heard(&mut self, now: Instant) {
        if !matches!(self.state, State::Resting) {
            self.state = State::Heard(now);
        }
    }

    /// What to do now, while calls wait or not.
    pub(super) fn look(&mut self, now: Instant, busy: bool) -> Word {
        if !busy {
            self.state = State::Resting;
            return Word::Rest;
        }
        match self.state {
            State::Resting => {
                self.state = State::Heard(now);
                Word::Wait(now + self.interval)
            }
            State::Heard(at) if now < at + self.interval => Word::Wait(at + self.interval),
            State::Heard(_) => {
                let until = now + self.timeout;
                self.state = State::Asked(until);
                Word::Ask(until)
            }
            State::Asked(until) if now < until => Word::Wait(until),
            State::Asked(_) => Word::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);
    const TIMEOUT: Duration = Duration::from_secs(2);

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Heard,
        Looked { busy: bool },
    }

    fn event() -> impl Strategy<Value = (u64, Event)> {
        let event = prop_oneof![
            Just(Event::Heard),
            prop::bool::weighted(0.8).prop_map(|busy| Event::Looked { busy }),
        ];
        (0..8_000_u64, event)
    }

    #[test]
    fn who_is_silent_is_asked_once_and_then_given_up() {
        let begin = Instant::now();
        let at = |secs| begin + Duration::from_secs(secs);
        let mut watch = Watch::new(INTERVAL, TIMEOUT);
        assert_eq!(watch.look(at(0), false), Word::Rest);
        assert_eq!(watch.look(at(10), true), Word::Wait(at(15)));
        watch.heard(at(12));
        assert_eq!(watch.look(at(15), true), Word::Wait(at(17)));
        assert_eq!(watch.look(at(17), true), Word::Ask(at(19)));
        assert_eq!(watch.look(at(18), true), Word::Wait(at(19)));
        assert_eq!(watch.look(at(19), true), Word::Silent);
    }

    #[test]
    fn any_sign_of_life_is_one_and_nobody_is_asked_in_vain() {
        let begin = Instant::now();
        let at = |secs| begin + Duration::from_secs(secs);
        let mut watch = Watch::new(INTERVAL, TIMEOUT);
        assert_eq!(watch.look(at(0), true), Word::Wait(at(5)));
        assert_eq!(watch.look(at(5), true), Word::Ask(at(7)));
        watch.heard(at(6));
        assert_eq!(watch.look(at(7), true), Word::Wait(at(11)));
        assert_eq!(watch.look(at(11), false), Word::Rest);
        assert_eq!(watch.look(at(99), true), Word::Wait(at(104)));
    }

    proptest! {
        #[test]
        fn it_gives_up_only_after_both_times_in_silence(events in prop::collection::vec(event(), 1..40)) {
            let mut now = Instant::now();
            let mut silent_since = now;
            let mut watch = Watch::new(INTERVAL, TIMEOUT);
            for (millis, event) in events {
                now += Duration::from_millis(millis);
                match event {
                    Event::Heard => {
                        watch.heard(now);
                        silent_since = now;
                    }
                    Event::Looked { busy } => {
                        let word = watch.look(now, busy);
                        let silence = now - silent_since;
                        match word {
                            Word::Silent => prop_assert!(silence >= INTERVAL + TIMEOUT),
                            Word::Ask(_) => prop_assert!(silence >= INTERVAL),
                            Word::Wait(until) => prop_assert!(until > now && until <= now + INTERVAL),
                            Word::Rest => prop_assert!(!busy),
                        }
                        if word == Word::Rest {
                            silent_since = now;
                        }
                        if word == Word::Silent {
                            break;
                        }
                    }
                }
            }
        }
    }
}
