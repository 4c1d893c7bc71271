//! A registry that answers from a script, and its events in short.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Method;
use serde_json::json;
use tokio::time::sleep;

use super::super::*;
use crate::{
    consul::Call,
    discovery::{Change, InstanceId, Notes},
};

pub(super) type Scripted = fn() -> Reply;
pub(super) type Reply = Result<Indexed<Vec<Health>>, Error>;

/// Answers from a script, and with the last answer for ever after it.
#[derive(Clone)]
pub(super) struct Script {
    replies: Arc<Mutex<VecDeque<Scripted>>>,
    asked: Arc<Mutex<Vec<u64>>>,
    /// Whether queries that know the latest index wait.
    waits: bool,
    pub(super) sight: Sight,
    /// Whether it answers when it is asked about that.
    pub(super) says_why: bool,
    pub(super) questions: Arc<Mutex<usize>>,
}

/// An index that stands for no answer at all.
pub(super) const HANG: u64 = u64::MAX;

impl Script {
    pub(super) fn new(replies: impl IntoIterator<Item = Scripted>) -> Self {
        Self {
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            asked: Arc::default(),
            waits: false,
            sight: Sight::Clear,
            says_why: true,
            questions: Arc::default(),
        }
    }

    pub(super) fn watch(&self) -> Watch {
        self.watch_with(Settings::default())
    }

    pub(super) fn watch_with(&self, settings: Settings) -> Watch {
        Watch::new(Follower::new(self.clone(), settings))
    }

    pub(super) fn waits(self) -> Self {
        Self {
            waits: true,
            ..self
        }
    }

    pub(super) fn asked(&self) -> Vec<u64> {
        self.asked.lock().unwrap().clone()
    }
}

impl Registry for Script {
    fn service(&self) -> &str {
        "geo"
    }

    fn origin(&self) -> String {
        "http://127.0.0.1:8500".to_owned()
    }

    async fn ask(&self, query: Query) -> Reply {
        self.asked.lock().unwrap().push(query.index);
        let reply = {
            let mut replies = self.replies.lock().unwrap();
            let reply = replies[0];
            if replies.len() > 1 {
                replies.pop_front();
            }
            reply()
        };
        match reply {
            // Nothing new: the query waits as long as it may.
            Ok(answer) if query.index > 0 && answer.index == Some(query.index) && self.waits => {
                sleep(query.wait).await;
                Ok(answer)
            }
            Ok(answer) if answer.index == Some(HANG) => std::future::pending().await,
            reply => reply,
        }
    }

    async fn sight(&self) -> Result<Sight, Error> {
        *self.questions.lock().unwrap() += 1;
        if !self.says_why {
            std::future::pending::<()>().await;
        }
        Ok(self.sight)
    }
}

/// An answer; ids that begin with `!` are those of critical instances.
pub(super) fn answer(index: u64, ids: &[&str]) -> Reply {
    let value = ids
        .iter()
        .map(|id| {
            let status = if id.starts_with('!') {
                "critical"
            } else {
                "passing"
            };
            let id = id.trim_start_matches('!');
            serde_json::from_value(json!({
                "Node": {"Node": "n", "Address": "10.0.0.9"},
                "Service": {"ID": id, "Port": 1, "Address": id},
                "Checks": [{"CheckID": "c", "Status": status}],
            }))
            .unwrap()
        })
        .collect();
    Ok(Indexed {
        index: Some(index),
        behind: false,
        filtered: false,
        value,
    })
}

pub(super) fn failure() -> Reply {
    Err(Error::Timeout {
        call: Call {
            method: Method::GET,
            path: "/v1/health/service/geo".to_owned(),
        },
        after: Duration::from_secs(1),
    })
}

/// An event in short: `+a ~b -c (2)`, `!`, `memory: +a`, or `panic` and what the sight is. Who is critical and what is said of each is
/// passed over.
pub(super) async fn event(watch: &mut Watch) -> String {
    loop {
        let event = watch.next().await.expect("the stream has no end");
        if !matches!(event, Event::Critical(_) | Event::About(_)) {
            return in_short(&event);
        }
    }
}

pub(super) fn in_short(event: &Event) -> String {
    match event {
        Event::Unreachable { .. } => "!".to_owned(),
        Event::Answer {
            changes,
            registered,
        } => format!("{}({registered})", short(changes)),
        Event::Remembered { changes, .. } => format!("memory: {}", short(changes)),
        Event::Notes(Notes { panic: true, .. }) => "panic".to_owned(),
        Event::Notes(Notes { sight, .. }) => format!("{sight:?}"),
        Event::Critical(ids) => {
            let ids: Vec<_> = ids.iter().map(InstanceId::as_str).collect();
            format!("critical: {}", ids.join(" "))
        }
        Event::About(_) => "about".to_owned(),
        Event::Subset { changes } => format!("subset: {}", short(changes)),
    }
}

fn short(changes: &[Change]) -> String {
    let change = |change: &Change| match change {
        Change::Insert(id, _) => format!("+{id} "),
        Change::Keep(id, _) => format!("~{id} "),
        Change::Spare(id, _) => format!("?{id} "),
        Change::Unproven(id, _) => format!("??{id} "),
        Change::Remove(id) => format!("-{id} "),
    };
    changes.iter().map(change).collect()
}

pub(super) async fn events(watch: &mut Watch, count: usize) -> Vec<String> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(event(watch).await);
    }
    events
}
