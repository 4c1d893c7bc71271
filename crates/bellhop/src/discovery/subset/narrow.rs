//! Tells of some of the instances that discovery tells of.

use std::{num::NonZeroUsize, time::Duration};

use futures_util::{Stream, StreamExt, future::Either, stream};
use tokio::time::Instant;

use super::{
    Caller,
    choice::choose,
    width::{Need, Width, needs},
};
use crate::discovery::{
    Change, Event, Instance, InstanceId, Notes,
    diff::{Member, Standing, Told, diff},
};

/// How many times its subset a caller is told of at most.
const MOST: NonZeroUsize = NonZeroUsize::new(8).expect("it is not zero");

/// Between two steps.
const STEP: Duration = Duration::from_millis(250);

/// For so long no shard may have asked for more, until the limit counts once again. Each says that it has enough after a little longer.
const CALM: Duration = Duration::from_secs(590);

/// The same events, of no more than `limit` instances that the registry vouches for, and where more of them can be asked for; of
/// all where there is no limit.
pub(crate) fn narrowed(
    events: impl Stream<Item = Event> + Send + 'static,
    limit: Option<NonZeroUsize>,
    caller: Caller,
) -> (impl Stream<Item = Event> + Send + 'static, Option<Width>) {
    let Some(limit) = limit else {
        return (Either::Left(events), None);
    };
    let mut narrow = Narrow::new(caller, limit);
    let (width, needs) = needs();
    let said = stream::select(events.map(Either::Left), needs.map(Either::Right));
    let told = said.flat_map(move |said| {
        stream::iter(match said {
            Either::Left(event) => narrow.follow(event),
            Either::Right(need) => narrow.meet(need, Instant::now()),
        })
    });
    (Either::Right(told), Some(width))
}

/// What was said, and what was told of it.
#[derive(Debug)]
struct Narrow {
    caller: Caller,
    limit: NonZeroUsize,
    /// How many times the limit counts, and since when.
    times: NonZeroUsize,
    since: Option<Instant>,
    /// When more were asked for last.
    asked: Option<Instant>,
    all: Told,
    told: Told,
    notes: Notes,
}

impl Narrow {
    fn new(caller: Caller, limit: NonZeroUsize) -> Self {
        Self {
            caller,
            limit,
            times: NonZeroUsize::MIN,
            since: None,
            asked: None,
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
            Event::Unreachable { .. }
            | Event::Critical(_)
            | Event::About(_)
            | Event::Subset { .. } => vec![event],
        }
    }

    fn narrow(&mut self, changes: Vec<Change>) -> Vec<Change> {
        for change in changes {
            apply(&mut self.all, change);
        }
        self.choose()
    }

    /// Tells of more, or of no more than the limit again. What several shards ask for at one time is one step.
    fn meet(&mut self, need: Need, now: Instant) -> Vec<Event> {
        let just = self.since.is_some_and(|since| now < since + STEP);
        let is_calm = self.asked.is_none_or(|asked| now >= asked + CALM);
        if need == Need::More {
            self.asked = Some(now);
        }
        let times = match need {
            Need::More if just || self.all.len() == self.told.len() => self.times,
            Need::More => MOST.min(self.times.saturating_add(1)),
            Need::Enough if !is_calm => self.times,
            Need::Enough => NonZeroUsize::MIN,
        };
        if times == self.times {
            return Vec::new();
        }
        (self.times, self.since) = (times, Some(now));
        let changes = self.choose();
        self.noted(Event::Subset { changes })
    }

    fn choose(&mut self) -> Vec<Change> {
        let limit = self.limit.saturating_mul(self.times);
        let told = choose(&self.all, self.caller, limit);
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
    fn more_are_told_of_step_by_step_and_no_more_than_before_in_the_end() {
        let mut narrow = narrow(2);
        narrow.follow(answer((0..40).map(insert).collect()));
        let own = narrow.told.clone();
        let mut now = Instant::now();
        let mut met = |need, after| {
            now += after;
            let told = narrow.meet(need, now).len();
            (told, narrow.told.len(), narrow.notes.left_out)
        };
        assert_eq!(met(Need::Enough, STEP), (0, 2, 38));
        assert_eq!(met(Need::More, STEP), (2, 4, 36));
        assert_eq!(met(Need::More, STEP / 2), (0, 4, 36), "another shard's");
        assert_eq!(met(Need::More, STEP), (2, 6, 34));
        for _ in 0..9 {
            met(Need::More, STEP);
        }
        assert_eq!(met(Need::More, STEP), (0, 16, 24));
        assert_eq!(
            met(Need::Enough, STEP),
            (0, 16, 24),
            "of a shard without calls"
        );
        assert_eq!(met(Need::Enough, CALM), (2, 2, 38));
        assert_eq!(narrow.told, own);
    }

    #[test]
    fn where_nobody_is_left_out_there_is_nobody_more() {
        let mut narrow = narrow(2);
        assert!(narrow.meet(Need::More, Instant::now()).is_empty());
        narrow.follow(answer((0..2).map(insert).collect()));
        assert!(narrow.meet(Need::More, Instant::now()).is_empty());
        narrow.follow(answer((2..5).map(insert).collect()));
        assert_eq!(narrow.told.len(), 2, "it was no step");
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
