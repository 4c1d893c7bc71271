//! Shares that hold whoever comes and goes, and whoever picks at the same time.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use super::*;

/// What happens beside those who stay.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody of a version joins, well or ill, or leaves again.
    Toggle(usize, u32, bool),
    Pick(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..3_usize, 0..3_u32, any::<bool>())
            .prop_map(|(version, number, well)| Step::Toggle(version, number, well)),
        1 => (1..40_usize).prop_map(Step::Pick),
    ]
}

/// Three shares that add up to a hundred, none of them 0.
fn percentages() -> impl Strategy<Value = [u32; 3]> {
    (1..99_u32, 0..99_u32).prop_map(|(first, second)| {
        let second = 1 + second % (99 - first);
        [first, second, 100 - first - second]
    })
}

proptest! {
    /// Any hundred picks in a row are exact over all comings and goings, while each version keeps somebody who is well.
    #[test]
    fn who_comes_and_goes_changes_no_share(steps in vec(step(), 1..80), shares in percentages()) {
        let mut subject = Subject::new(2);
        for (id, version) in (0..).zip(VERSIONS) {
            subject.join(id, version, true);
        }
        let [a, b, c] = shares;
        subject.split(&format!(r#"{{"v1":{a},"v2":{b},"v3":{c}}}"#));
        let mut picks = Vec::new();
        for step in steps {
            match step {
                Step::Toggle(version, number, well) => {
                    let id = 10 + 10 * version as u32 + number;
                    if subject.memberships.remove(&id).is_none() {
                        subject.join(id, VERSIONS[version], well);
                    }
                }
                Step::Pick(count) => picks.extend(subject.picks(count)),
            }
        }
        picks.extend(subject.picks(100));
        for window in picks.windows(100) {
            let counts = VERSIONS.map(|version| of(window, version) as u32);
            prop_assert_eq!(counts, shares);
        }
    }

    /// A version that cannot serve for a while, be it gone or ill, is exact again with the first pick after it.
    #[test]
    fn who_is_back_has_its_share_at_once(before in 0..150_usize, away in 0..150_usize, gone: bool) {
        let mut subject = Subject::new(1);
        subject.join(0, "v1", true);
        subject.join(1, "v2", true);
        subject.split(r#"{"v1":90,"v2":10}"#);
        subject.picks(before);
        subject.memberships.remove(&1);
        if !gone {
            subject.join(1, "v2", false);
        }
        prop_assert_eq!(of(&subject.picks(away), "v1"), away);
        subject.join(1, "v2", true);
        let picks = subject.picks(300);
        prop_assert!(picks.windows(100).all(|window| of(window, "v2") == 10));
    }
}

/// Eight threads over four shards, while others join and leave: each two hundred picks are exact, not only all together.
#[test]
fn threads_that_pick_at_once_share_each_hundred_exactly() {
    const THREADS: usize = 8;
    let mut subject = Subject::new(4);
    subject.join(0, "v1", true);
    subject.join(1, "v2", true);
    subject.split(r#"{"v1":90,"v2":10}"#);
    let (together, over) = (Barrier::new(THREADS), AtomicBool::new(false));
    let picker = |thread: usize| {
        let (shard, together) = (&subject.shards[thread % 4], &together);
        move || {
            let round = |_| {
                together.wait();
                let picks = (0..25).filter_map(|_| shard.pick());
                picks.filter(|member| member.version == "v2").count()
            };
            (0..100).map(round).collect::<Vec<_>>()
        }
    };
    let counts: Vec<_> = thread::scope(|scope| {
        scope.spawn(|| come_and_go(&subject.shards, &over));
        let pickers: Vec<_> = (0..THREADS).map(|one| scope.spawn(picker(one))).collect();
        let counts = pickers.into_iter().map(|one| one.join().unwrap()).collect();
        over.store(true, Relaxed);
        counts
    });
    for round in 0..100 {
        let of_round = counts.iter().map(|counts: &Vec<_>| counts[round]);
        assert_eq!(of_round.sum::<usize>(), 20, "round {round}");
    }
}

/// One more of each version, well and ill in turns, joins and leaves until it is over.
fn come_and_go(shards: &[Shard<u32, Member>], over: &AtomicBool) {
    for round in 0.. {
        if over.load(Relaxed) {
            return;
        }
        let join = |(number, version): (u32, &'static str)| {
            let id = 2 + number;
            let well = round % 2 == 0;
            let member = Member { id, version, well };
            let join =
                |shard: &Shard<_, _>| shard.join_as(id, Some(version.into()), 1, member.clone());
            shards.iter().map(join).collect::<Vec<_>>()
        };
        let _there: Vec<_> = (0..).zip(["v1", "v2"]).map(join).collect();
        thread::yield_now();
    }
}
