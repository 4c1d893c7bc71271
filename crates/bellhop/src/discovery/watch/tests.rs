//! The clock is paused: what takes minutes here takes none.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use http::Method;
use serde_json::json;
use tokio::time::timeout;

use super::*;
use crate::{consul::Call, discovery::Change};

type Scripted = fn() -> Reply;
type Reply = Result<Indexed<Vec<Health>>, Error>;

/// Answers from a script, and with the last answer for ever after it.
#[derive(Clone)]
struct Script {
    replies: Arc<Mutex<VecDeque<Scripted>>>,
    asked: Arc<Mutex<Vec<u64>>>,
}

impl Script {
    fn new(replies: impl IntoIterator<Item = Scripted>) -> Self {
        Self {
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            asked: Arc::default(),
        }
    }

    fn watch(&self) -> Watch {
        Watch::new(Follower::new(self.clone(), Settings::default()))
    }

    fn asked(&self) -> Vec<u64> {
        self.asked.lock().unwrap().clone()
    }
}

impl Registry for Script {
    fn service(&self) -> &str {
        "geo"
    }

    async fn ask(&self, query: Query) -> Reply {
        self.asked.lock().unwrap().push(query.index);
        let mut replies = self.replies.lock().unwrap();
        let reply = replies[0];
        if replies.len() > 1 {
            replies.pop_front();
        }
        reply()
    }
}

fn answer(index: u64, ids: &[&str]) -> Reply {
    let value = ids
        .iter()
        .map(|id| {
            serde_json::from_value(json!({
                "Node": {"Node": "n", "Address": "10.0.0.9"},
                "Service": {"ID": id, "Port": 1},
            }))
            .unwrap()
        })
        .collect();
    Ok(Indexed {
        index: Some(index),
        value,
    })
}

fn failure() -> Reply {
    Err(Error::Timeout {
        call: Call {
            method: Method::GET,
            path: "/v1/health/service/geo".to_owned(),
        },
        after: Duration::from_secs(1),
    })
}

/// An event in short: `+a -b (2)`, or `!`.
async fn event(watch: &mut Watch) -> String {
    match watch.next().await.expect("the stream has no end") {
        Event::Unreachable { .. } => "!".to_owned(),
        Event::Answer {
            changes,
            registered,
        } => {
            let mut text: String = changes
                .iter()
                .map(|change| match change {
                    Change::Insert(id, _) => format!("+{id} "),
                    Change::Remove(id) => format!("-{id} "),
                })
                .collect();
            text.push_str(&format!("({registered})"));
            text
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failures_keep_what_is_known_and_an_empty_answer_is_passed_on() {
    let script = Script::new([
        (|| answer(5, &["a", "b"])) as Scripted,
        failure,
        failure,
        || answer(6, &["b"]),
        || answer(7, &["b"]),
        || answer(8, &[]),
    ]);
    let mut watch = script.watch();
    let mut events = Vec::new();
    for _ in 0..6 {
        events.push(event(&mut watch).await);
    }
    assert_eq!(events, ["+a +b (2)", "!", "!", "-a (1)", "(1)", "-b (0)"]);
}

#[tokio::test(start_paused = true)]
async fn the_index_follows_the_book() {
    let script = Script::new([
        (|| answer(5, &[])) as Scripted,
        || answer(9, &[]),
        || answer(3, &[]),
        || answer(3, &[]),
        failure,
        || answer(0, &[]),
        || answer(4, &[]),
    ]);
    let mut watch = script.watch();
    for _ in 0..7 {
        event(&mut watch).await;
    }
    assert_eq!(script.asked(), [0, 5, 9, 0, 3, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_at_once_are_not_asked_for_at_once() {
    let script = Script::new([(|| answer(5, &[])) as Scripted]);
    let mut watch = script.watch();
    let minute = Duration::from_secs(60);
    let endless = async { while watch.next().await.is_some() {} };
    assert!(timeout(minute, endless).await.is_err());
    let asked = script.asked().len();
    assert!((300..=310).contains(&asked), "asked {asked} times");
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_ever_more_slowly_and_for_ever() {
    let script = Script::new([failure as Scripted]);
    let mut watch = script.watch();
    let hour = Duration::from_secs(3600);
    let endless = async { while watch.next().await.is_some() {} };
    assert!(timeout(hour, endless).await.is_err());
    let asked = script.asked().len();
    assert!((1800..=3700).contains(&asked), "asked {asked} times");
}
