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
    /// Whoever answered has no leader, or has not heard from it for a while, or is an agent whose servers have told it nothing
    /// yet: others may know better.
    pub behind: bool,
    /// Some of the answer was left out, for the token may not see it. Consul says so from 1.11 on, but not where it answers out
    /// of a stream.
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

/// The index of a stream of which nothing has come yet, whatever the service; nothing that Consul knows stands at so little.
const NOTHING_CAME: u64 = 1;

impl Answer {
    /// What was read of the answer, with what its headers say of that.
    pub(crate) fn indexed<T>(&self, value: T) -> Indexed<T> {
        Indexed {
            index: self.index(),
            behind: self.is_behind(),
            filtered: self.says("x-consul-results-filtered-by-acls", "true"),
            value,
        }
    }

    /// From 1.10 on an agent answers a query that waits for a service out of a stream of changes from its servers. It knows
    /// nothing of their leader then, and always denies that there is one. Where there is no stream, it answers in the end
    /// that nobody is there.
    fn is_behind(&self) -> bool {
        if self.says("x-consul-query-backend", "streaming") {
            return self.index().is_none_or(|index| index <= NOTHING_CAME);
        }
        let last_contact = self
            .header("x-consul-lastcontact")
            .and_then(|millis| millis.parse::<u64>().ok());
        self.says("x-consul-knownleader", "false")
            || last_contact.is_some_and(|millis| millis > LAST_CONTACT_MAX)
    }

    fn says(&self, name: &str, word: &str) -> bool {
        self.header(name)
            .is_some_and(|text| text.eq_ignore_ascii_case(word))
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
    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

    use super::*;
    use crate::consul::error::Call;

    fn is_behind(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let answer = Answer {
            call: Call {
                method: Method::GET,
                path: String::new(),
            },
            status: StatusCode::OK,
            headers: HeaderMap::from_iter(headers),
            body: Bytes::new(),
        };
        answer.indexed(()).behind
    }

    #[test]
    fn who_has_no_leader_or_has_not_heard_from_it_is_behind() {
        let index = ("x-consul-index", "15");
        let (leads, none) = ("true", "false");
        let said = |leader, millis| {
            is_behind(&[
                index,
                ("x-consul-knownleader", leader),
                ("x-consul-lastcontact", millis),
                ("x-consul-query-backend", "blocking-query"),
            ])
        };
        assert!(!said(leads, "0") && !said(leads, "5000"));
        assert!(said(none, "0") && said(leads, "5001"));
        assert!(!is_behind(&[index]), "who says nothing is believed");
    }

    #[test]
    fn a_stream_is_behind_where_nothing_has_come_of_it_whatever_it_says_of_a_leader() {
        let said = |index| {
            is_behind(&[
                ("x-consul-index", index),
                ("x-consul-knownleader", "false"),
                ("x-consul-lastcontact", "0"),
                ("x-consul-query-backend", "streaming"),
            ])
        };
        assert!(!said("2") && !said("15"));
        assert!(said("0") && said("1") && said("nonsense"));
    }

    #[test]
    fn a_wait_is_bounded_and_leaves_room_for_consuls_jitter() {
        assert_eq!(wait_text(Duration::from_millis(1500)), "1500ms");
        assert_eq!(wait_text(Duration::MAX), "600000ms");
        assert_eq!(longest(Duration::from_secs(16)), Duration::from_secs(17));
        assert_eq!(longest(Duration::MAX), WAIT_MAX + WAIT_MAX / 16);
    }
}
