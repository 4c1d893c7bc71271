//! What a member notes of a call while it serves it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::{Attempt, Call, Hop, Nobody, Skipped, decode};
use crate::{context::Who, endpoint::Peer, telemetry::code_name, upstream::Cause};

/// More calls than this of one handler are counted out.
const MAX_CALLS: usize = 32;

/// More attempts than this of one call are counted out; no call makes so many.
const MAX_ATTEMPTS: usize = 16;

/// A cause is told up to so many characters: a registry may have much to say.
const MAX_TEXT: usize = 300;

/// What became of an attempt whose future was dropped.
const DROPPED: &str = "DROPPED";

/// What became of what has not come to an end.
const RUNNING: &str = "RUNNING";

/// The calls that are made while one is served.
#[derive(Debug)]
pub(crate) struct Collector {
    began: Instant,
    calls: Mutex<Vec<CallRecord>>,
}

/// A call as it is made; a clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct CallRecord(Arc<Made>);

#[derive(Debug)]
struct Made {
    began: Instant,
    call: Mutex<Call>,
}

/// An attempt as it is made; who drops it unfinished does not wait for it any longer.
#[derive(Debug)]
pub(crate) struct AttemptRecord {
    made: CallRecord,
    began: Instant,
    /// `None` where there are too many.
    index: Option<usize>,
}

impl Collector {
    /// Begins with the call that is served.
    pub(crate) fn begin(now: Instant) -> Arc<Self> {
        Arc::new(Self {
            began: now,
            calls: Mutex::default(),
        })
    }

    /// A call begins.
    pub(crate) fn call(
        &self,
        service: &str,
        path: &str,
        skipped: Vec<Skipped>,
        now: Instant,
    ) -> CallRecord {
        let call = Call {
            service: service.to_owned(),
            method: path.trim_start_matches('/').to_owned(),
            outcome: RUNNING.to_owned(),
            skipped,
            ..Call::default()
        };
        let record = CallRecord(Arc::new(Made {
            began: now,
            call: Mutex::new(call),
        }));
        let mut calls = lock(&self.calls);
        // One more than are told of tells that there were more.
        if calls.len() <= MAX_CALLS {
            calls.push(record.clone());
        }
        record
    }

    /// All that is known so far.
    pub(crate) fn hop(&self, who: &Who, now: Instant) -> Hop {
        let calls = lock(&self.calls);
        let told = calls.iter().take(MAX_CALLS);
        Hop {
            service: who.service.clone(),
            instance: who.instance.clone(),
            ms: millis(now - self.began),
            calls: told.map(|record| record.lock().clone()).collect(),
            truncated: calls.len() > MAX_CALLS,
        }
    }
}

impl CallRecord {
    /// The call is over.
    pub(crate) fn end(&self, outcome: Code, now: Instant) {
        let mut call = self.lock();
        code_name(outcome).clone_into(&mut call.outcome);
        call.ms = millis(now - self.0.began);
    }

    /// There is nobody to call, and those are known who have no turn.
    pub(crate) fn nobody(&self, cause: &Cause, skipped: Vec<Skipped>) {
        let text = cause.to_string().chars().take(MAX_TEXT).collect();
        let case = cause.name().to_owned();
        let mut call = self.lock();
        call.nobody = Some(Nobody { case, text });
        call.skipped = skipped;
    }

    /// An attempt begins.
    pub(crate) fn attempt(&self, peer: &Peer, now: Instant) -> AttemptRecord {
        let mut call = self.lock();
        let hedge = call.attempts.iter().any(|other| other.outcome == RUNNING);
        let index = (call.attempts.len() < MAX_ATTEMPTS).then_some(call.attempts.len());
        if index.is_some() {
            call.attempts.push(Attempt {
                instance: peer.id.as_str().to_owned(),
                address: peer.address.to_string(),
                version: peer.version.as_deref().map(str::to_owned),
                outcome: RUNNING.to_owned(),
                at: millis(now - self.0.began),
                hedge,
                ..Attempt::default()
            });
        }
        AttemptRecord {
            made: self.clone(),
            began: now,
            index,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Call> {
        lock(&self.0.call)
    }
}

impl AttemptRecord {
    /// The other side answers, and may explain how.
    pub(crate) fn answered(mut self, headers: &HeaderMap, now: Instant) {
        let status = headers.get(Status::GRPC_STATUS);
        let code = status.map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
        self.finish(code_name(code), decode(headers), now);
    }

    /// The connection failed.
    pub(crate) fn failed(mut self, now: Instant) {
        self.finish(code_name(Code::Unavailable), None, now);
    }

    fn finish(&mut self, outcome: &str, hop: Option<Hop>, now: Instant) {
        let Some(index) = self.index.take() else {
            return;
        };
        let attempt = &mut self.made.lock().attempts[index];
        outcome.clone_into(&mut attempt.outcome);
        attempt.ms = millis(now - self.began);
        attempt.hop = hop;
    }
}

impl Drop for AttemptRecord {
    fn drop(&mut self) {
        if self.index.is_some() {
            self.finish(DROPPED, None, Instant::now());
        }
    }
}

/// With three decimals: less is noise.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::InstanceId;

    fn search() -> Who {
        Who {
            service: "search".into(),
            instance: "s".into(),
        }
    }

    fn peer(id: &str) -> Peer {
        Peer {
            id: InstanceId::new(id),
            address: "127.0.0.1:7001".parse().unwrap(),
            version: Some("v2".into()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hop_tells_calls_and_attempts_in_order() {
        let collector = Collector::begin(Instant::now());
        let pass = |millis| tokio::time::advance(Duration::from_millis(millis));
        let skipped = vec![Skipped {
            instance: "c".into(),
            why: "not connected".into(),
        }];
        let call = collector.call("geo", "/geo.Geo/Nearby", skipped.clone(), Instant::now());
        pass(1).await;
        let slow = call.attempt(&peer("a"), Instant::now());
        pass(2).await;
        let good = call.attempt(&peer("b"), Instant::now());
        pass(4).await;
        good.answered(&HeaderMap::new(), Instant::now());
        drop(slow);
        call.end(Code::Ok, Instant::now());
        pass(8).await;

        let hop = collector.hop(&search(), Instant::now());
        assert_eq!((hop.ms, hop.truncated), (15.0, false));
        let [call] = &hop.calls[..] else {
            panic!("{hop:?}")
        };
        assert_eq!(
            (&*call.service, &*call.method, &*call.outcome, call.ms),
            ("geo", "geo.Geo/Nearby", "OK", 7.0)
        );
        assert_eq!(call.skipped, skipped);
        let told: Vec<_> = call
            .attempts
            .iter()
            .map(|a| (&*a.instance, &*a.outcome, a.at, a.ms, a.hedge))
            .collect();
        assert_eq!(
            told,
            [
                ("a", "DROPPED", 1.0, 6.0, false),
                ("b", "OK", 3.0, 4.0, true)
            ]
        );
        assert_eq!(call.attempts[1].version.as_deref(), Some("v2"));
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded() {
        let collector = Collector::begin(Instant::now());
        for _ in 0..100 {
            let call = collector.call("geo", "/", Vec::new(), Instant::now());
            for _ in 0..100 {
                call.attempt(&peer("a"), Instant::now());
            }
        }
        let hop = collector.hop(&search(), Instant::now());
        assert!(hop.truncated && hop.calls.len() == MAX_CALLS);
        assert_eq!(hop.calls[0].attempts.len(), MAX_ATTEMPTS);
    }
}
