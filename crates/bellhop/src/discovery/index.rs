//! Which index to wait from next.

/// The index that a blocking query waits from, by the rules of Consul's documentation: 0 at first, back to 0 where it goes
/// backwards, and never below 1 once there was an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index(u64);

impl Index {
    /// What to ask with; 0 asks for an answer at once.
    pub(crate) fn get(self) -> u64 {
        self.0
    }

    /// Follows an answer; without a number, the next query does not wait.
    pub(crate) fn answered(&mut self, index: Option<u64>) {
        self.0 = match index {
            Some(index) if index >= self.0 => index.max(1),
            _ => 0,
        };
    }

    /// Follows a failure: the agent may be another one now, whose index is behind ours and which would let us wait for
    /// nothing.
    pub(crate) fn failed(&mut self) {
        self.0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(answers: &[Option<u64>]) -> u64 {
        let mut index = Index::default();
        for answer in answers {
            index.answered(*answer);
        }
        index.get()
    }

    #[test]
    fn it_starts_at_nothing_and_follows_answers() {
        assert_eq!(after(&[]), 0);
        assert_eq!(after(&[Some(7)]), 7);
        assert_eq!(after(&[Some(7), Some(7)]), 7);
        assert_eq!(after(&[Some(7), Some(9)]), 9);
    }

    #[test]
    fn going_backwards_starts_anew() {
        assert_eq!(after(&[Some(9), Some(7)]), 0);
        assert_eq!(after(&[Some(9), Some(7), Some(7)]), 7);
    }

    #[test]
    fn it_is_never_below_one_after_an_answer() {
        assert_eq!(after(&[Some(0)]), 1);
    }

    #[test]
    fn without_a_number_nothing_is_waited_for() {
        assert_eq!(after(&[Some(9), None]), 0);
    }

    #[test]
    fn a_failure_starts_anew() {
        let mut index = Index::default();
        index.answered(Some(9));
        index.failed();
        assert_eq!(index.get(), 0);
    }
}
