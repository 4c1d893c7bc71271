//! A registry that is scripted, with the clock paused.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{Mutex, PoisonError},
};

use http::StatusCode;

use super::*;
use crate::consul::Call;

/// What the registry does when it is asked.
#[derive(Clone)]
enum Act {
    /// Answers at this index.
    Answer(u64, Option<&'static str>),
    Fail(StatusCode),
}

#[derive(Clone, Default)]
struct Script {
    acts: Arc<Mutex<VecDeque<Act>>>,
    asked: Arc<Mutex<Vec<(u64, Duration)>>>,
    began: Option<Instant>,
}

impl Script {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            acts: Arc::new(Mutex::new(acts.into_iter().collect())),
            began: Some(Instant::now()),
            ..Self::default()
        }
    }

    fn indices(&self) -> Vec<u64> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().map(|(index, _)| *index).collect()
    }

    fn times(&self) -> Vec<Duration> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().map(|(_, at)| *at).collect()
    }
}

impl Registry for Script {
    fn key(&self) -> &str {
        "bellhop/split/rate"
    }

    async fn ask(&self, query: Query) -> Result<Indexed<Option<Vec<u8>>>, Error> {
        let at = self.began.unwrap().elapsed();
        self.asked.lock().unwrap().push((query.index, at));
        let act = self.acts.lock().unwrap().pop_front();
        match act {
            Some(Act::Answer(index, value)) => Ok(Indexed {
                index: Some(index),
                behind: false,
                filtered: false,
                value: value.map(|value| value.as_bytes().to_vec()),
            }),
            Some(Act::Fail(status)) => Err(Error::status(
                Call {
                    method: http::Method::GET,
                    path: "/v1/kv/bellhop/split/rate".to_owned(),
                },
                status,
                b"",
            )),
            None => pending().await,
        }
    }
}

fn watch(script: &Script) -> Watch {
    Watch::new(Follower::new(script.clone(), Duration::from_secs(60)))
}

async fn told(watch: &mut Watch) -> String {
    match watch.next().await.unwrap() {
        Word::Is(Some(split)) => split.to_string(),
        Word::Is(None) => "none".to_owned(),
        Word::Unknown(trouble) => trouble.to_string(),
    }
}

#[tokio::test(start_paused = true)]
async fn what_changes_is_told_once() {
    const HALF: Option<&str> = Some(r#"{"v1":1,"v2":1}"#);
    let script = Script::new([
        Act::Answer(3, None),
        Act::Answer(3, None),
        Act::Answer(7, HALF),
        Act::Answer(9, HALF),
        Act::Answer(11, Some("{}")),
        Act::Answer(11, Some("{}")),
        Act::Answer(12, HALF),
        Act::Answer(13, None),
    ]);
    let mut watch = watch(&script);
    assert_eq!(told(&mut watch).await, "none");
    assert_eq!(told(&mut watch).await, "v1: 1, v2: 1");
    let refused = "bellhop/split/rate holds no split: no version has a share";
    assert_eq!(told(&mut watch).await, refused);
    assert_eq!(told(&mut watch).await, "v1: 1, v2: 1");
    assert_eq!(told(&mut watch).await, "none");
    assert_eq!(script.indices(), [0, 3, 3, 7, 9, 11, 11, 12]);
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_and_followed_by_longer_and_longer_waits() {
    let failure = Act::Fail(StatusCode::INTERNAL_SERVER_ERROR);
    let acts = [Act::Answer(5, None)].into_iter();
    let acts = acts.chain(vec![failure; 10]);
    let script = Script::new(acts.chain([Act::Answer(2, None)]));
    let mut watch = watch(&script);
    assert_eq!(told(&mut watch).await, "none");
    for _ in 0..10 {
        assert!(told(&mut watch).await.contains("500"));
    }
    assert_eq!(
        told(&mut watch).await,
        "none",
        "it is told again after that"
    );
    assert_eq!(
        script.indices()[..3],
        [0, 5, 0],
        "the agent may be another one"
    );
    let times = script.times();
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits[1] <= Duration::from_millis(100) && waits[10] >= Duration::from_secs(1));
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(2)));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_asked_about_often() {
    let script = Script::new(vec![Act::Fail(StatusCode::FORBIDDEN); 20]);
    let mut watch = watch(&script);
    for _ in 0..20 {
        assert!(told(&mut watch).await.contains("403"));
    }
    let times = script.times();
    assert!(times[19] - times[18] >= Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_answers_at_once_for_ever_is_asked_five_times_a_second() {
    let texts = [r#"{"v1":1}"#, r#"{"v2":1}"#];
    let acts = (0..100).map(|n| Act::Answer(n, Some(texts[n as usize % 2])));
    let script = Script::new(acts);
    let mut watch = watch(&script);
    let began = Instant::now();
    for _ in 0..100 {
        told(&mut watch).await;
    }
    assert!(began.elapsed() >= Duration::from_secs(18));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_deleted_is_lost_and_stays_until_it_is_written_again() {
    const HALF: Option<&str> = Some(r#"{"v1":1,"v2":1}"#);
    const LOST: &str =
        "bellhop/split/rate is gone without having been deleted: the registry has lost its memory";
    let script = Script::new([
        Act::Answer(40, HALF),
        Act::Fail(StatusCode::INTERNAL_SERVER_ERROR),
        Act::Answer(1, None),
        // Somebody else's key, and then another outage.
        Act::Answer(70, None),
        Act::Fail(StatusCode::INTERNAL_SERVER_ERROR),
        Act::Answer(70, None),
        Act::Answer(75, HALF),
        Act::Answer(80, None),
        // There is none to lose.
        Act::Answer(1, None),
        Act::Answer(90, HALF),
        // A snapshot of before, without an outage.
        Act::Answer(60, None),
        Act::Answer(91, Some("{}")),
        Act::Answer(92, HALF),
        // Deleted while nobody could hear of it.
        Act::Fail(StatusCode::INTERNAL_SERVER_ERROR),
        Act::Answer(93, None),
    ]);
    let mut watch = watch(&script);
    for expected in [
        "v1: 1, v2: 1",
        "500",
        LOST,
        "500",
        LOST,
        "v1: 1, v2: 1",
        "none",
        "v1: 1, v2: 1",
        LOST,
        "bellhop/split/rate holds no split: no version has a share",
        "v1: 1, v2: 1",
        "500",
        "none",
    ] {
        let told = told(&mut watch).await;
        assert!(told.contains(expected), "{told} for {expected}");
    }
}
