//! Tells of some of the instances that discovery tells of.

use std::num::NonZeroUsize;

use futures_util::{Stream, StreamExt, future::Either, stream};

use super::{Caller, choice::choose};
use crate::discovery::{
    Change, Event, Instance, InstanceId, Notes,
    diff::{Member, Standing, Told, diff},
};

/// The same events, of no more than `limit` instances that the registry vouches for; of all where there is none.
pub(crate) fn narrowed(
    events: impl Stream<Item = Event> + Send + 'static,
    limit: Option<NonZeroUsize>,
    caller: Caller,
) -> impl Stream<Item = Event> + Send + 'static {
    let Some(limit) = limit else {
        return Either::Left(events);
    };
    let mut narrow = Narrow::new(caller, limit);
    Either::Right(events.flat_map(move |event| stream::iter(narrow.follow(event))))
}

/// What was said, and what was told of it.
#[derive(Debug)]
struct Narrow {
    caller: Caller,
    limit: NonZeroUsize,
    all: Told,
    told: Told,
    notes: Notes,
}

impl Narrow {
    fn new(caller: Caller, limit: NonZeroUsize) -> Self {
        Self {
            caller,
            limit,
            all: Told::new(),
            told: Told::new(),
            notes: Notes::default(),
        }
    }

    fn follow(&mut self, event: Event) -> Vec<Event> {
        match event {
            Event::Answer {
                changes,
                registered,
            } => {
                let changes = self.narrow(changes);
                self.noted(Event::Answer {
                    changes,
                    registered,
                })
            }
            Event::Remembered { changes, saved } => {
                let changes = self.narrow(changes);
                self.noted(Event::Remembered { changes, saved })
            }
            Event::Notes(notes) => {
                let left_out = self.notes.left_out;
                self.notes = Notes { left_out, ..notes };
                vec![Event::Notes(self.notes)]
            }
            Event::Unreachable { .. } | Event::Critical(_) | Event::About(_) => vec![event],
        }
    }

    fn narrow(&mut self, changes: Vec<Change>) -> Vec<Change> {
        for change in changes {
            apply(&mut self.all, change);
        }
        let told = choose(&self.all, self.caller, self.limit);
        let changes = diff(&self.told, &told);
        self.told = told;
        changes
    }

    /// The event, and how many are left out where that has changed.
    fn noted(&mut self, event: Event) -> Vec<Event> {
        let left_out = self.all.len() - self.told.len();
        if self.notes.left_out == left_out {
            return vec![event];
        }
        self.notes.left_out = left_out;
        vec![event, Event::Notes(self.notes)]
    }
}

fn apply(all: &mut Told, change: Change) {
    let mut put = |id: InstanceId, instance: Instance, standing| {
        all.insert(id, Member { instance, standing });
    };
    match change {
        Change::Insert(id, instance) => put(id, instance, Standing::Vouched),
        Change::Keep(id, instance) => put(id, instance, Standing::Kept),
        Change::Spare(id, instance) => put(id, instance, Standing::Spare),
        Change::Unproven(id, instance) => put(id, instance, Standing::Unproven),
        Change::Remove(id) => drop(all.remove(&id)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{consul::Sight, discovery::diff::test};

    fn answer(changes: Vec<Change>) -> Event {
        let registered = changes.len();
        Event::Answer {
            changes,
            registered,
        }
    }

    fn insert(id: usize) -> Change {
        let id = format!("geo-{id}");
        Change::Insert(InstanceId::new(&*id), test::instance(&id))
    }

    fn remove(id: usize) -> Change {
        Change::Remove(InstanceId::new(format!("geo-{id}")))
    }

    fn narrow(limit: usize) -> Narrow {
        Narrow::new(Caller::named("search-1"), NonZeroUsize::new(limit).unwrap())
    }

    proptest! {
        /// Whatever comes and goes, what is told adds up to what is chosen of all.
        #[test]
        fn what_is_told_adds_up(steps in prop::collection::vec((0usize..40, any::<bool>()), 0..80), limit in 1usize..20) {
            let mut narrow = narrow(limit);
            let mut known = Told::new();
            for (id, there) in steps {
                let change = if there { insert(id) } else { remove(id) };
                for event in narrow.follow(answer(vec![change])) {
                    if let Event::Answer { changes, .. } = event {
                        changes.into_iter().for_each(|change| test::apply(&mut known, change));
                    }
                }
                let chosen = choose(&narrow.all, narrow.caller, narrow.limit);
                prop_assert_eq!(&known, &chosen);
                prop_assert_eq!(known.len(), narrow.all.len().min(limit));
            }
        }
    }

    #[test]
    fn how_many_are_left_out_is_told_when_it_changes_and_survives_other_notes() {
        let mut narrow = narrow(2);
        let events = narrow.follow(answer((0..5).map(insert).collect()));
        let is_noted = |event: &Event| matches!(event, Event::Notes(notes) if notes.left_out == 3);
        assert!(
            matches!(&events[..], [Event::Answer { registered: 5, changes }, notes]
            if changes.len() == 2 && is_noted(notes))
        );
        assert_eq!(narrow.follow(answer(Vec::new())).len(), 1);
        let unsure = Notes {
            sight: Sight::Unsure,
            ..Notes::default()
        };
        let events = narrow.follow(Event::Notes(unsure));
        assert!(matches!(&events[..], [Event::Notes(notes)]
            if notes.sight == Sight::Unsure && notes.left_out == 3));
    }
}
