//! Numbers for what has names.

use std::collections::HashMap;

/// Gives each thing a number that stays the same while the thing is there, and that nothing else ever had.
#[derive(Debug, Default)]
pub(super) struct Ids {
    known: HashMap<String, Known>,
    last: i64,
    round: u64,
}

#[derive(Debug)]
struct Known {
    id: i64,
    round: u64,
}

impl Ids {
    /// Begins to go through all that is there.
    pub(super) fn begin(&mut self) {
        self.round += 1;
    }

    /// The number of a thing; numbers begin at 1.
    pub(super) fn of(&mut self, thing: String) -> i64 {
        let (last, round) = (&mut self.last, self.round);
        let known = self.known.entry(thing).or_insert_with(|| {
            *last += 1;
            Known { id: *last, round }
        });
        known.round = round;
        known.id
    }

    /// Forgets what was not met since the beginning.
    pub(super) fn end(&mut self) {
        let round = self.round;
        self.known.retain(|_, known| known.round == round);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go_through(ids: &mut Ids, things: &[&str]) -> Vec<i64> {
        ids.begin();
        let numbers = things.iter().map(|thing| ids.of((*thing).to_owned()));
        let numbers = numbers.collect();
        ids.end();
        numbers
    }

    #[test]
    fn a_number_stays_while_its_thing_is_there_and_never_comes_back() {
        let mut ids = Ids::default();
        assert_eq!(go_through(&mut ids, &["a", "b"]), [1, 2]);
        assert_eq!(go_through(&mut ids, &["b", "c"]), [2, 3]);
        assert_eq!(go_through(&mut ids, &["a", "b", "c"]), [4, 2, 3]);
    }
}
