//! One answer after the other that was changed after Consul gave it, at any index.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use malform::{Fuzz, SEED, Verdict};
use tokio::runtime::Builder;

use super::*;
use crate::discovery::{
    cache::{Cache, Origin},
    diff::{Told, test::apply},
    serving::serving,
};

const HEALTH: &str = include_str!("../../../tests/corpus/consul/health-service.json");
const REGISTRY: &str = "http://127.0.0.1:8500";
const SAVED: &str = r#"{"format":"bellhop-discovery","version":2,"service":"geo","registry":"http://127.0.0.1:8500","saved":1447000000,
    "instances":[{"id":"geo-1","host":"10.0.0.1","port":9001,"weight":3}]}"#;

/// Each takes a decoding and a step of the whole rule book.
const INPUTS: usize = 1000;
/// Each takes a file.
const FILES: usize = 500;

/// A registry that answers what it is fed with.
#[derive(Clone, Default)]
struct Fed(Arc<Mutex<VecDeque<Indexed<Vec<Health>>>>>);

impl Registry for Fed {
    fn service(&self) -> &str {
        "geo"
    }

    fn origin(&self) -> String {
        REGISTRY.to_owned()
    }

    async fn ask(&self, _: Query) -> Result<Indexed<Vec<Health>>, Error> {
        let answer = self.0.lock().unwrap().pop_front();
        Ok(answer.expect("nobody asks before there is an answer"))
    }

    async fn sight(&self) -> Result<Sight, Error> {
        Ok(Sight::Clear)
    }
}

/// What a registry may say beside the instances.
fn indexed(rng: &mut fastrand::Rng, value: Vec<Health>) -> Indexed<Vec<Health>> {
    let index = rng.choice([None, Some(0), Some(1), Some(15), Some(16), Some(u64::MAX)]);
    Indexed {
        index: index.flatten(),
        behind: rng.u8(..8) == 0,
        filtered: rng.u8(..8) == 0,
        value,
    }
}

/// Takes events until all answers are taken, and keeps a set by the changes, as those do who call.
async fn take(watch: &mut Watch, set: &mut Told, fed: &Fed) {
    while !fed.0.lock().unwrap().is_empty() {
        match watch.next().await.expect("the stream has no end") {
            Event::Answer { changes, .. } => {
                changes.into_iter().for_each(|change| apply(set, change));
            }
            Event::Notes(_) | Event::Critical(_) | Event::About(_) | Event::Subset { .. } => {}
            event => panic!("nothing was remembered and nothing failed: {event:?}"),
        }
    }
}

#[test]
fn only_who_can_be_called_is_told_of_and_each_change_is_one() {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let mut rng = fastrand::Rng::with_seed(SEED);
    let (fed, mut set) = (Fed::default(), BTreeMap::new());
    let mut watch = Watch::new(Follower::new(fed.clone(), Settings::default()));
    let fuzz = Fuzz::of_json("discovery", [HEALTH, "[]"]).inputs(INPUTS);
    let tally = fuzz.run(|input| {
        let Ok(health) = serde_json::from_slice::<Vec<Health>>(input) else {
            return Verdict::Refused;
        };
        let sorted = serving(&health);
        let callable = sorted.instances.len() + sorted.critical.len();
        assert!(callable + sorted.unusable.len() <= health.len());

        let answer = indexed(&mut rng, health);
        fed.0.lock().unwrap().push_back(answer);
        runtime.block_on(take(&mut watch, &mut set, &fed));
        for (id, member) in &set {
            let instance = &member.instance;
            assert!(instance.port > 0 && instance.weight > 0, "{id}");
            assert!(!instance.host.is_empty(), "{id}");
        }
        Verdict::Accepted
    });
    assert!(tally.accepted > 0 && tally.refused > 0, "{tally:?}");
}

#[test]
fn a_damaged_cache_is_of_use_or_left_alone() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin {
        service: "geo".into(),
        registry: REGISTRY.into(),
    };
    let cache = Cache::new(folder.path(), origin, None);
    let fuzz = Fuzz::of_json("discovery: cache", [SAVED]).inputs(FILES);
    let tally = fuzz.run(|input| {
        std::fs::write(cache.file(), input).unwrap();
        let Some(saved) = runtime.block_on(cache.load()) else {
            return Verdict::Refused;
        };
        let is_callable = |instance: &crate::discovery::Instance| {
            instance.port > 0 && instance.weight > 0 && !instance.host.is_empty()
        };
        assert!(saved.instances.values().all(is_callable));
        Verdict::Accepted
    });
    assert!(tally.accepted > 0 && tally.refused > 0, "{tally:?}");
}
