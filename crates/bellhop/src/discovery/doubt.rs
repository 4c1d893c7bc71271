//! When to ask whether an empty answer hides somebody.

use std::time::Duration;

use tokio::time::Instant;

use crate::consul::Sight;

/// How often a registry is asked about its own silence, while it lasts.
const AGAIN: Duration = Duration::from_secs(30);

/// What is known of why an answer is empty. The registry is asked only where that makes a difference, and not often.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    /// Since the last empty answer nobody was named.
    empty: bool,
    /// The last answer was the first of these.
    begins: bool,
    asked: Option<Instant>,
    sight: Sight,
}

impl Doubt {
    /// Follows an answer.
    pub(crate) fn answered(&mut self, empty: bool, filtered: bool) {
        if empty != self.empty {
            self.asked = None;
        }
        self.begins = empty && !self.empty;
        self.empty = empty;
        if !empty {
            self.sight = Sight::Clear;
        } else if filtered {
            self.sight = Sight::Denied;
        }
    }

    /// Whether to ask; if so, it counts as asked.
    pub(crate) fn asks(&mut self, now: Instant) -> bool {
        let is_due = self.asked.is_none_or(|asked| now >= asked + AGAIN);
        let asks = self.empty && self.sight != Sight::Denied && is_due;
        if asks {
            self.asked = Some(now);
        }
        asks
    }

    /// Takes what the registry said; `None` where it said nothing.
    pub(crate) fn told(&mut self, sight: Option<Sight>) {
        self.sight = sight.unwrap_or(Sight::Unsure);
    }

    /// Whether the last answer is empty for want of rights, or may be. Where it cannot be told an empty answer counts from
    /// then on, or those who are gone for good would never be.
    pub(crate) fn silences(&self) -> bool {
        match self.sight {
            Sight::Clear => false,
            Sight::Denied => self.empty,
            Sight::Unsure => self.begins,
        }
    }

    /// What is known.
    pub(crate) fn sight(&self) -> Sight {
        self.sight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_answer_is_asked_about_and_not_often() {
        let (mut doubt, now) = (Doubt::default(), Instant::now());
        doubt.answered(false, false);
        assert!(!doubt.asks(now));
        doubt.answered(true, false);
        assert!(doubt.asks(now));
        doubt.told(Some(Sight::Clear));
        doubt.answered(true, false);
        assert!(!doubt.asks(now));
        assert!(doubt.asks(now + AGAIN));
        doubt.answered(false, false);
        doubt.answered(true, false);
        assert!(doubt.asks(now + AGAIN));
    }

    #[test]
    fn what_the_answer_itself_says_needs_no_question() {
        let mut doubt = Doubt::default();
        doubt.answered(true, true);
        assert!(!doubt.asks(Instant::now()));
        assert_eq!(doubt.sight(), Sight::Denied);
        doubt.answered(false, false);
        assert_eq!(doubt.sight(), Sight::Clear);
    }

    #[test]
    fn no_answer_to_it_is_no_certainty() {
        let mut doubt = Doubt::default();
        doubt.answered(true, false);
        doubt.told(None);
        assert_eq!(doubt.sight(), Sight::Unsure);
    }

    #[test]
    fn an_empty_answer_is_doubted_for_as_long_as_its_reason_is_known_and_once_where_it_is_not() {
        let twice = |sight| {
            let mut doubt = Doubt::default();
            doubt.answered(false, false);
            doubt.answered(true, false);
            doubt.told(Some(sight));
            let first = doubt.silences();
            doubt.answered(true, false);
            (first, doubt.silences())
        };
        assert_eq!(twice(Sight::Clear), (false, false));
        assert_eq!(twice(Sight::Denied), (true, true));
        assert_eq!(twice(Sight::Unsure), (true, false));
    }
}
