//! Blocking queries: "answer when it changed since, or after a while".

use std::time::Duration;

use super::transport::Answer;

/// The longest wait that Consul grants.
pub const WAIT_MAX: Duration = Duration::from_secs(10 * 60);

/// How a query waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Wait for something newer than this index; 0 asks for an answer at once.
    pub index: u64,
    /// How long to wait at most; cut to [`WAIT_MAX`].
    pub wait: Duration,
}

impl Query {
    /// Asks for an answer at once.
    pub const NOW: Self = Self {
        index: 0,
        wait: Duration::ZERO,
    };
}

/// An answer and the index that it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed<T> {
    /// `X-Consul-Index`; `None` where the answer has none that is a number.
    pub index: Option<u64>,
    /// Whoever answered has no leader, or has not heard from it for a while: others may know better.
    pub behind: bool,
    /// Some of the answer was left out, for the token may not see it. Consul says so from 1.11 on.
    pub filtered: bool,
    /// The answer.
    pub value: T,
}

impl<T> Indexed<T> {
    /// The same about something else.
    pub(crate) fn map<U>(self, read: impl FnOnce(T) -> U) -> Indexed<U> {
        Indexed {
            index: self.index,
            behind: self.behind,
            filtered: self.filtered,
            value: read(self.value),
        }
    }
}

/// How long ago a server may have heard from its leader and still count as up to date. Followers hear from it several times
/// a second.
const LAST_CONTACT_MAX: u64 = 5_000;

impl Answer {
    /// What was read of the answer, with what its headers say of that.
    pub(crate) fn indexed<T>(&self, value: T) -> Indexed<T> {
        let says = |name, word: &str| {
            self.header(name)
                .is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        let last_contact = self
            .header("x-consul-lastcontact")
            .and_then(|millis| millis.parse::<u64>().ok());
        Indexed {
            index: self.index(),
            behind: says("x-consul-knownleader", "false")
                || last_contact.is_some_and(|millis| millis > LAST_CONTACT_MAX),
            filtered: says("x-consul-results-filtered-by-acls", "true"),
            value,
        }
    }
}

/// A wait as Consul reads it.
pub(crate) fn wait_text(wait: Duration) -> String {
    format!("{}ms", wait.min(WAIT_MAX).as_millis())
}

/// How long a query that waits may take at the server: Consul adds up to a sixteenth so that waiters do not come back together.
pub(crate) fn longest(wait: Duration) -> Duration {
    let wait = wait.min(WAIT_MAX);
    wait + wait / 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_bounded_and_leaves_room_for_consuls_jitter() {
        assert_eq!(wait_text(Duration::from_millis(1500)), "1500ms");
        assert_eq!(wait_text(Duration::MAX), "600000ms");
        assert_eq!(longest(Duration::from_secs(16)), Duration::from_secs(17));
        assert_eq!(longest(Duration::MAX), WAIT_MAX + WAIT_MAX / 16);
    }
}
