//! Turns of versions, held against what a split says.

mod steady;

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::split::{Split, key};

/// A member that says who it is, and may be ill.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    id: u32,
    version: &'static str,
    well: bool,
}

impl Available for Member {
    type Picked = Self;

    fn is_available(&self) -> bool {
        self.well
    }

    fn pick(&self) -> Option<Self> {
        self.well.then(|| self.clone())
    }

    fn pick_anyway(&self) -> Option<Self> {
        Some(self.clone())
    }
}

const VERSIONS: [&str; 3] = ["v1", "v2", "v3"];

struct Subject {
    ring: Ring<u32, Member>,
    shards: Vec<Shard<u32, Member>>,
    memberships: BTreeMap<u32, Vec<Membership<u32, Member>>>,
}

impl Subject {
    fn new(shards: usize) -> Self {
        let ring = Ring::new();
        Self {
            shards: (0..shards).map(|_| ring.shard()).collect(),
            ring,
            memberships: BTreeMap::new(),
        }
    }

    /// Joins one that is connected to all shards.
    fn join(&mut self, id: u32, version: &'static str, well: bool) {
        let member = Member { id, version, well };
        let of = || (!version.is_empty()).then(|| version.into());
        let join = |shard: &Shard<u32, Member>| shard.join_as(id, of(), 1, member.clone());
        let memberships = self.shards.iter().map(join).collect();
        self.memberships.insert(id, memberships);
    }

    fn split(&self, text: &str) {
        let split = (!text.is_empty()).then(|| Split::parse(text.as_bytes()).unwrap());
        self.ring.set_split(split);
    }

    /// The versions of so many picks in a row, each from the next shard.
    fn picks(&self, count: usize) -> Vec<&'static str> {
        let shard = |pick: usize| &self.shards[pick % self.shards.len()];
        let picks = (0..count).map(|pick| shard(pick).pick().unwrap().version);
        picks.collect()
    }

    fn want(&self, mut want: Want, tried: &[u32]) -> Member {
        self.shards[0].pick_for(&mut want, tried).unwrap()
    }
}

fn of<'a>(picks: &[&'a str], version: &'a str) -> usize {
    picks.iter().filter(|pick| **pick == version).count()
}

#[test]
fn any_hundred_in_a_row_are_exact_over_all_shards() {
    let mut subject = Subject::new(3);
    (0..4).for_each(|id| subject.join(id, "v1", true));
    (4..6).for_each(|id| subject.join(id, "v2", true));
    subject.split(r#"{"v1":90,"v2":10}"#);
    let picks = subject.picks(1000);
    assert!(picks.windows(100).all(|window| of(window, "v1") == 90));
    subject.split("");
    assert_eq!(of(&subject.picks(60), "v2"), 20, "all take turns again");
}

#[test]
fn within_a_version_members_take_turns() {
    let mut subject = Subject::new(1);
    (0..3).for_each(|id| subject.join(id, "v1", true));
    subject.join(3, "v2", true);
    subject.split(r#"{"v1":9,"v2":1}"#);
    let mut counts = [0; 4];
    (0..300).for_each(|_| counts[subject.shards[0].pick().unwrap().id as usize] += 1);
    assert_eq!(counts, [90, 90, 90, 30]);
}

#[test]
fn who_is_of_no_version_of_the_split_serves_before_nobody_does() {
    let mut subject = Subject::new(1);
    subject.join(0, "v1", true);
    subject.join(1, "", true);
    subject.join(2, "v9", true);
    subject.split(r#"{"v1":1,"v2":1,"v9":0}"#);
    assert_eq!(of(&subject.picks(10), "v1"), 10);
    subject.memberships.remove(&0);
    assert_eq!(of(&subject.picks(10), ""), 10, "0 is the last");
    subject.join(3, "v1", false);
    assert_eq!(of(&subject.picks(10), "v1"), 0);
    subject.memberships.retain(|id, _| *id == 3);
    assert_eq!(
        of(&subject.picks(10), "v1"),
        10,
        "the ill serve before nobody does"
    );
}

#[test]
fn a_slip_of_the_pen_gives_nothing_to_who_was_given_nothing() {
    let mut subject = Subject::new(2);
    (0..2).for_each(|id| subject.join(id, "v1", true));
    subject.join(2, "v2", true);
    subject.join(3, "v3", true);
    subject.split(r#"{"V1":1,"v2":0}"#);
    let picks = subject.picks(30);
    assert_eq!((of(&picks, "v1"), of(&picks, "v3")), (20, 10));
    subject.split(r#"{"v3":1,"v2":0}"#);
    assert_eq!(of(&subject.picks(30), "v3"), 30);
    let other = subject.want(Want::Next, &[3]);
    assert_eq!(
        other.version, "v1",
        "it stands in before who was given nothing"
    );
    subject.memberships.retain(|id, _| *id == 2);
    assert_eq!(of(&subject.picks(30), "v2"), 30, "nobody else is there");
}

#[test]
fn what_is_tried_again_stays_with_its_version_while_it_can() {
    let mut subject = Subject::new(1);
    (0..2).for_each(|id| subject.join(id, "v1", true));
    (2..4).for_each(|id| subject.join(id, "v2", true));
    subject.split(r#"{"v1":50,"v2":50}"#);
    let before = subject.picks(100);
    for _ in 0..10 {
        assert_eq!(subject.want(Want::Next, &[2]).id, 3);
        assert_eq!(subject.want(Want::Next, &[3, 2]).version, "v1");
        assert_eq!(subject.want(Want::Next, &[0]).id, 1);
        assert_eq!(subject.want(Want::Next, &[2, 3, 0, 1]).version, "v2");
    }
    assert_eq!(subject.picks(100), before, "and takes no turn");
}

#[test]
fn a_turn_is_taken_once() {
    let mut subject = Subject::new(1);
    subject.join(0, "v1", true);
    subject.join(1, "v2", true);
    subject.split(r#"{"v1":50,"v2":50}"#);
    let mut want = Want::Next;
    let first = subject.shards[0].pick_for(&mut want, &[]).unwrap();
    for _ in 0..5 {
        assert_eq!(
            subject.shards[0].pick_for(&mut want, &[]),
            Some(first.clone())
        );
    }
    assert_ne!(subject.picks(1), [first.version]);
}

#[test]
fn a_version_that_is_named_serves_where_it_is_there() {
    let mut subject = Subject::new(1);
    (0..2).for_each(|id| subject.join(id, "v1", true));
    (2..4).for_each(|id| subject.join(id, "v2", true));
    subject.join(4, "v3", false);
    let named = |subject: &Subject, version: &str| subject.want(Want::Version(version.into()), &[]);
    for split in ["", r#"{"v1":1}"#] {
        subject.split(split);
        let mut counts = [0; 5];
        (0..10).for_each(|_| counts[named(&subject, "v2").id as usize] += 1);
        assert_eq!(counts, [0, 0, 5, 5, 0]);
        assert_eq!(subject.want(Want::Version("v2".into()), &[2]).id, 3);
        assert!(named(&subject, "v3").well, "others are well");
        assert!(VERSIONS.contains(&named(&subject, "v7").version));
    }
}

#[test]
fn a_key_has_a_version_for_as_long_as_that_is_there() {
    let mut subject = Subject::new(1);
    for (id, version) in (0..).zip(VERSIONS) {
        subject.join(id, version, true);
    }
    subject.split(r#"{"v1":50,"v2":30,"v3":20,"sticky":"x-user"}"#);
    let users: Vec<_> = (0..200)
        .map(|n| key(format!("user-{n}").as_bytes()))
        .collect();
    let choose = |subject: &Subject| -> Vec<_> {
        let version = |key: &u64| subject.want(Want::Key(*key), &[]).version;
        users.iter().map(version).collect()
    };
    let before = choose(&subject);
    assert_eq!(choose(&subject), before);
    subject.memberships.remove(&1);
    let gone = choose(&subject);
    subject.join(1, "v2", false);
    assert_eq!(choose(&subject), gone, "one who is ill is as good as gone");
    for (was, is) in before.iter().zip(&gone) {
        assert!(was == is || *was == "v2", "{was} to {is}");
    }
    assert!(of(&before, "v2") > 30 && of(&gone, "v2") == 0);
}

/// What happens to a ring.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody of a version joins, or leaves again.
    Toggle(usize, u32),
    /// Somebody of a version joins who is ill, or leaves again.
    Ill(usize),
    Split([u32; 3]),
    Pick(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3_usize, 0..2_u32).prop_map(|(version, number)| Step::Toggle(version, number)),
        1 => (0..3_usize).prop_map(Step::Ill),
        1 => [0..50_u32, 0..50, 1..50].prop_map(Step::Split),
        4 => (1..300_usize).prop_map(Step::Pick),
    ]
}

/// Who is there by version: well, and ill.
type There = BTreeMap<u32, (usize, bool)>;

/// The shares of the versions that can serve, and whether somebody of one with a share is only ill.
fn able(shares: [u32; 3], there: &There) -> ([u32; 3], bool) {
    let has = |version: usize, well: bool| there.values().any(|one| *one == (version, well));
    let able = std::array::from_fn(|version| match has(version, true) {
        true => shares[version],
        false => 0,
    });
    let ill =
        (0..3).any(|version| shares[version] > 0 && has(version, false) && !has(version, true));
    (able, ill)
}

proptest! {
    /// Whatever happens between them: picks in a row are exact for the versions that can serve, as their shares are. Where a
    /// version that is there cannot serve, the others have at least their own.
    #[test]
    fn picks_in_a_row_are_as_the_split_says(steps in vec(step(), 1..40)) {
        let mut subject = Subject::new(2);
        let (mut there, mut shares) = (There::new(), [0; 3]);
        for step in steps {
            match step {
                Step::Toggle(version, number) => {
                    let id = 10 * version as u32 + number;
                    if there.remove(&id).is_some() {
                        subject.memberships.remove(&id);
                    } else {
                        there.insert(id, (version, true));
                        subject.join(id, VERSIONS[version], true);
                    }
                }
                Step::Ill(version) => {
                    let id = 100 + version as u32;
                    if there.remove(&id).is_some() {
                        subject.memberships.remove(&id);
                    } else {
                        there.insert(id, (version, false));
                        subject.join(id, VERSIONS[version], false);
                    }
                }
                Step::Split(all) => {
                    shares = all;
                    let [a, b, c] = all;
                    subject.split(&format!(r#"{{"v1":{a},"v2":{b},"v3":{c}}}"#));
                }
                Step::Pick(count) if !there.is_empty() => {
                    let (able, ill) = able(shares, &there);
                    let picks = subject.picks(count);
                    let well = there.values().any(|(_, well)| *well);
                    let total = able.iter().sum::<u32>() as usize;
                    for (version, share) in VERSIONS.iter().zip(able) {
                        let share = share as usize;
                        let is_well = there.values().any(|one| *one == (VERSIONS.iter().position(|v| v == version).unwrap(), true));
                        if !is_well && well {
                            prop_assert_eq!(of(&picks, version), 0, "nobody of {} can serve", version);
                        }
                        if total == 0 { continue; }
                        let exact = |window: &[&str]| match ill {
                            false => of(window, version) == share,
                            true => true,
                        };
                        prop_assert!(picks.windows(total).all(exact), "{:?} {:?}", able, picks);
                        let all: usize = shares.iter().sum::<u32>() as usize;
                        let least = |window: &[&str]| of(window, version) >= share;
                        prop_assert!(picks.windows(all).all(least), "{:?} {:?}", able, picks);
                    }
                }
                Step::Pick(_) => {}
            }
        }
    }

    /// Members that come and go, and splits that change, however often, keep nobody from ever being picked.
    #[test]
    fn nobody_waits_for_ever(other in 1..20_u32) {
        let mut subject = Subject::new(1);
        subject.join(0, "v1", true);
        subject.join(1, "v2", true);
        let mut picks = Vec::new();
        for round in 0..200 {
            subject.split(&format!(r#"{{"v1":{},"v2":{other}}}"#, other + round % 3));
            subject.join(2, "v1", true);
            picks.extend(subject.picks(1));
            subject.memberships.remove(&2);
        }
        prop_assert!(of(&picks, "v2") > 20 && of(&picks, "v1") > 20);
    }
}
