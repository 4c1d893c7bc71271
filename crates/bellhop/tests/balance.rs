//! Round robin against a reference model, under joins and leaves and over several shards.

use std::collections::{BTreeMap, BTreeSet};

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bellhop::balance::{self, Available, Membership, Recover, Ring, RoundRobin, Shard};
use proptest::prelude::*;
use tower::Service;

/// A member that says who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member(u8);

impl Available for Member {
    type Picked = Self;

    fn is_available(&self) -> bool {
        true
    }

    fn pick(&self) -> Option<Self> {
        Some(self.clone())
    }
}

#[derive(Clone, Debug)]
enum Step {
    Join { shard: usize, key: u8 },
    Leave { shard: usize, key: u8 },
    Pick { shard: usize },
    PickAvoiding { shard: usize, avoid: BTreeSet<u8> },
}

const SHARDS: usize = 2;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..SHARDS, 0..6u8).prop_map(|(shard, key)| Step::Join { shard, key }),
        1 => (0..SHARDS, 0..6u8).prop_map(|(shard, key)| Step::Leave { shard, key }),
        4 => (0..SHARDS).prop_map(|shard| Step::Pick { shard }),
        2 => (0..SHARDS, proptest::collection::btree_set(0..6u8, 0..6))
            .prop_map(|(shard, avoid)| Step::PickAvoiding { shard, avoid }),
    ]
}

/// What round robin by key means: whoever follows the last one in the order of keys is next, and one that is elsewhere
/// or to be avoided loses its turn. Where all are to be avoided, nobody is.
#[derive(Default)]
struct Model {
    joined: [BTreeSet<u8>; SHARDS],
    last: Option<u8>,
}

impl Model {
    fn pick(&mut self, shard: usize, avoid: &BTreeSet<u8>) -> Option<u8> {
        let mut wanted = &self.joined[shard] - avoid;
        if wanted.is_empty() {
            wanted.clone_from(&self.joined[shard]);
        }
        if wanted.is_empty() {
            return None;
        }
        let everybody: BTreeSet<u8> = self.joined.iter().flatten().copied().collect();
        for _ in 0..everybody.len() {
            let after = everybody
                .iter()
                .find(|&&key| self.last.is_some_and(|last| key > last));
            let next = *after.or(everybody.first())?;
            self.last = Some(next);
            if wanted.contains(&next) {
                return Some(next);
            }
        }
        None
    }
}

/// A ring with its shards and who is joined to them.
struct Subject {
    shards: Vec<Shard<u8, Member>>,
    memberships: BTreeMap<(usize, u8), Membership<u8, Member>>,
}

impl Subject {
    fn new() -> Self {
        let ring = Ring::new();
        let shards = (0..SHARDS).map(|_| ring.shard()).collect();
        Self {
            shards,
            memberships: BTreeMap::new(),
        }
    }

    fn join(&mut self, shard: usize, key: u8, weight: u32) {
        let membership = self.shards[shard].join(key, weight, Member(key));
        self.memberships.insert((shard, key), membership);
    }
}

proptest! {
    #[test]
    fn picks_are_those_of_the_model(steps in proptest::collection::vec(step(), 0..200)) {
        let (mut subject, mut model) = (Subject::new(), Model::default());
        for step in steps {
            match step {
                Step::Join { shard, key } => {
                    subject.join(shard, key, 1);
                    model.joined[shard].insert(key);
                }
                Step::Leave { shard, key } => {
                    subject.memberships.remove(&(shard, key));
                    model.joined[shard].remove(&key);
                }
                Step::Pick { shard } => {
                    let picked = subject.shards[shard].pick().map(|Member(key)| key);
                    prop_assert_eq!(picked, model.pick(shard, &BTreeSet::new()));
                }
                Step::PickAvoiding { shard, avoid } => {
                    let other = subject.shards[shard].has_other(|key| avoid.contains(key));
                    prop_assert_eq!(other, !model.joined[shard].is_subset(&avoid));
                    let picked = subject.shards[shard].pick_avoiding(|key| avoid.contains(key));
                    prop_assert_eq!(picked.map(|Member(key)| key), model.pick(shard, &avoid));
                }
            }
        }
    }

    #[test]
    fn a_cycle_gives_each_its_weight(weights in proptest::collection::vec(1..20u32, 1..8)) {
        let mut subject = Subject::new();
        for (key, &weight) in weights.iter().enumerate() {
            subject.join(0, key as u8, weight);
        }
        let common = weights.iter().fold(0, |common, &weight| gcd(common, weight));
        let cycle: u32 = weights.iter().sum::<u32>() / common;
        let mut counts = vec![0; weights.len()];
        for _ in 0..cycle {
            counts[subject.shards[0].pick().unwrap().0 as usize] += 1;
        }
        let expected: Vec<u32> = weights.iter().map(|weight| weight / common).collect();
        prop_assert_eq!(counts, expected);
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[test]
fn counts_differ_by_at_most_one_from_any_number_of_threads() {
    const THREADS: usize = 8;
    const PICKS: usize = 10_001;
    let ring = Ring::new();
    let shards: Vec<Shard<u8, Member>> = (0..THREADS).map(|_| ring.shard()).collect();
    let _memberships: Vec<_> = shards
        .iter()
        .flat_map(|shard| (0..3).map(|key| shard.join(key, 1, Member(key))))
        .collect();

    let threads: Vec<_> = shards
        .into_iter()
        .map(|shard| {
            std::thread::spawn(move || {
                let mut counts = [0; 3];
                for _ in 0..PICKS {
                    counts[shard.pick().unwrap().0 as usize] += 1;
                }
                counts
            })
        })
        .collect();
    let mut counts = [0; 3];
    for thread in threads {
        for (count, more) in counts.iter_mut().zip(thread.join().unwrap()) {
            *count += more;
        }
    }
    assert_eq!(counts.iter().sum::<usize>(), THREADS * PICKS);
    let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    assert!(most - least <= 1, "{counts:?}");
}

#[test]
fn a_member_that_comes_and_goes_starves_nobody() {
    let mut subject = Subject::new();
    for key in [1, 2, 3] {
        subject.join(0, key, 1);
    }
    let mut counts = [0; 5];
    for round in 0..300 {
        if round % 2 == 0 {
            subject.join(0, 4, 1);
        } else {
            subject.memberships.remove(&(0, 4));
        }
        counts[subject.shards[0].pick().unwrap().0 as usize] += 1;
    }
    assert!(
        counts[1..=3].iter().all(|&count| count >= 300 / 4),
        "{counts:?}"
    );
}

#[test]
fn who_is_replaced_does_not_take_the_newcomer_along() {
    let ring = Ring::new();
    let shard = ring.shard();
    let old = shard.join(1, 1, Member(1));
    let new = shard.join(1, 1, Member(2));
    drop(old);
    assert_eq!(shard.pick(), Some(Member(2)));
    drop(new);
    assert_eq!(shard.pick(), None);
}

const GONE: u8 = 0;
const SPARED: u8 = 1;
const WELL: u8 = 2;

/// A member that may be there, be there and rather be spared, or not be there.
#[derive(Clone, Debug)]
struct Moody {
    key: u8,
    mood: Arc<AtomicU8>,
}

impl Moody {
    fn new(key: u8, mood: u8) -> Self {
        let mood = Arc::new(AtomicU8::new(mood));
        Self { key, mood }
    }

    fn at_least(&self, mood: u8) -> Option<Self> {
        (self.mood.load(Ordering::SeqCst) >= mood).then(|| self.clone())
    }
}

impl Available for Moody {
    type Picked = Self;

    fn is_available(&self) -> bool {
        self.at_least(WELL).is_some()
    }

    fn pick(&self) -> Option<Self> {
        self.at_least(WELL)
    }

    fn pick_anyway(&self) -> Option<Self> {
        self.at_least(SPARED)
    }
}

#[derive(Debug, PartialEq)]
struct Never(Infallible);

impl Recover<()> for Never {
    fn recover(self) -> Result<(), Self> {
        Err(self)
    }
}

impl Service<()> for Moody {
    type Response = u8;
    type Error = Never;
    type Future = Ready<Result<u8, Never>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Never>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(self.key))
    }
}

proptest! {
    /// A call waits exactly where nobody is there. A change of mood wakes nobody, and so none may matter to who waits but
    /// the one that does not happen: somebody who is gone coming back without joining.
    #[test]
    fn nobody_waits_while_somebody_is_there(
        members in proptest::collection::vec((0..SHARDS, GONE..=WELL), 0..6),
        moods in proptest::collection::vec((0..6usize, GONE..=WELL), 0..20),
        shard in 0..SHARDS,
    ) {
        let ring = Ring::new();
        let shards: Vec<_> = (0..SHARDS).map(|_| ring.shard()).collect();
        let members: Vec<_> = members.into_iter().enumerate()
            .map(|(key, (shard, mood))| (shard, Moody::new(key as u8, mood)))
            .collect();
        let _memberships: Vec<_> = members.iter()
            .map(|(shard, member)| shards[*shard].join(member.key, 1, member.clone()))
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        let mut balancer = RoundRobin::new(shards[shard].clone(), Duration::from_secs(1));
        for (member, mood) in std::iter::once((usize::MAX, GONE)).chain(moods) {
            if let Some((_, member)) = members.get(member) {
                member.mood.store(mood, Ordering::SeqCst);
            }
            let here: Vec<_> = members.iter().filter(|(at, _)| *at == shard).collect();
            let best = here.iter().map(|(_, member)| member.mood.load(Ordering::SeqCst)).max();
            let mut call = std::pin::pin!(balancer.call(()));
            match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => prop_assert!(best.unwrap_or(GONE) == GONE),
                Poll::Ready(answer) => {
                    let served = &members[usize::from(answer.unwrap())].1;
                    prop_assert_eq!(Some(served.mood.load(Ordering::SeqCst)), best);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_comes_for_long_requests_fail_fast_until_somebody_does() {
    let ring = Ring::new();
    let shards = [ring.shard(), ring.shard()];
    let patience = Duration::from_secs(1);
    let [mut one, mut other] = shards
        .each_ref()
        .map(|shard| RoundRobin::new(shard.clone(), patience));
    let waited = async |balancer: &mut RoundRobin<u8, Moody>| match balancer.call(()).await {
        Err(balance::Error::NoMember { waited }) => waited,
        answer => panic!("{answer:?}"),
    };
    let fast = patience / 10;
    for balancer in [&mut one, &mut other] {
        assert_eq!(waited(balancer).await, patience, "each shard for itself");
        assert_eq!(waited(balancer).await, fast);
    }

    // One that comes just before somebody does is served.
    let (answer, membership) = tokio::join!(one.call(()), async {
        tokio::time::sleep(fast / 2).await;
        shards[0].join(1, 1, Moody::new(1, WELL))
    });
    assert_eq!(answer.unwrap(), 1);
    drop(membership);
    assert_eq!(waited(&mut one).await, patience);
    assert_eq!(waited(&mut one).await, fast);
}

#[test]
fn who_waits_hears_of_whoever_joins_whenever_that_is() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        for round in 0..2_000 {
            let shard = Ring::new().shard();
            let mut balancer = RoundRobin::new(shard.clone(), Duration::from_secs(60));
            let calling = tokio::spawn(async move { balancer.call(()).await });
            if round % 3 == 0 {
                tokio::task::yield_now().await;
            }
            let _membership = shard.join(1, 1, Moody::new(1, SPARED));
            assert!(matches!(calling.await.unwrap(), Ok(1)));
        }
    });
}

/// A member among thousands.
#[derive(Clone)]
struct Numbered(u32);

impl Available for Numbered {
    type Picked = u32;

    fn is_available(&self) -> bool {
        true
    }

    fn pick(&self) -> Option<u32> {
        Some(self.0)
    }
}

/// Waits until those who take turns in one cycle are these.
async fn until_in_turn(shard: &Shard<u32, Numbered>, expected: std::ops::Range<u32>) {
    let expected: BTreeSet<u32> = expected.collect();
    let turns = expected.len().max(1);
    let in_turn = || -> BTreeSet<u32> { (0..turns).filter_map(|_| shard.pick()).collect() };
    let soon = async {
        while in_turn() != expected {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), soon).await;
    in_time.expect("all are seen soon, and nobody else");
}

#[tokio::test]
async fn thousands_who_come_and_go_at_once_are_all_seen_soon() {
    let shard = Ring::new().shard();
    let join = |number| shard.join(number, 1, Numbered(number));
    let mut members: Vec<_> = (0..3000).map(join).collect();
    until_in_turn(&shard, 0..3000).await;
    members.truncate(1000);
    until_in_turn(&shard, 0..1000).await;
    members.clear();
    until_in_turn(&shard, 0..0).await;
}
