//! Instances that do what a script says.

use std::{
    collections::VecDeque,
    fmt,
    future::{Future, pending},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::super::{Begin, Fail, Failure, Look, Target, Trail, target};
use crate::{
    discovery::InstanceId,
    endpoint::{Peer, RequestBody},
    limit::{OVERLOAD, REFUSED, UPSTREAM},
};

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Answer,
    /// Nothing but a status, in the headers.
    Head(Code),
    /// The same with a pushback.
    Pushback(Code, &'static str),
    /// Empty headers, then a status.
    Trailers(Code),
    /// Too much to do, here.
    Refused,
    /// Too much to do, further on.
    PassedOn,
    Lost,
    Unprocessed,
    Nobody,
    Hang,
}

/// An attempt that was made.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) instance: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A few instances that do in turn what the script says; where it ends, they answer.
#[derive(Clone)]
pub(super) struct Fake(Arc<Mutex<Stage>>);

struct Stage {
    script: VecDeque<(Duration, Act)>,
    instances: Vec<Arc<Peer>>,
    turn: usize,
    seen: Vec<Seen>,
    flying: Arc<()>,
}

impl Fake {
    pub(super) fn new(instances: usize, script: impl IntoIterator<Item = (Duration, Act)>) -> Self {
        let peer = |index: usize| {
            Arc::new(Peer {
                id: InstanceId::new(format!("i{index}")),
                address: SocketAddr::from(([127, 0, 0, 1], 4000 + index as u16)),
                version: None,
            })
        };
        Self(Arc::new(Mutex::new(Stage {
            script: script.into_iter().collect(),
            instances: (0..instances).map(peer).collect(),
            turn: 0,
            seen: Vec::new(),
            flying: Arc::default(),
        })))
    }

    /// Acts that take no time.
    pub(super) fn acting(instances: usize, acts: impl IntoIterator<Item = Act>) -> Self {
        Self::new(instances, acts.into_iter().map(|act| (Duration::ZERO, act)))
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().seen.clone()
    }

    /// Attempts that have not ended.
    pub(super) fn flying(&self) -> usize {
        Arc::strong_count(&self.0.lock().unwrap().flying) - 1
    }

    /// Who holds it, besides the test.
    pub(super) fn holders(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl Stage {
    fn pick(&mut self, avoid: &[InstanceId]) -> Arc<Peer> {
        let count = self.instances.len();
        let turns = (0..count).map(|step| (self.turn + step) % count);
        let other = turns
            .clone()
            .find(|&i| !avoid.contains(&self.instances[i].id));
        let picked = other.unwrap_or(self.turn % count);
        self.turn = picked + 1;
        self.instances[picked].clone()
    }
}

impl Target for Fake {
    type Body = FakeBody;
    type Error = FakeError;
    type Attempt = FakeAttempt;

    fn attempt(&self, request: Request<RequestBody>, avoid: Vec<InstanceId>) -> FakeAttempt {
        let stage = &mut *self.0.lock().unwrap();
        let peer = stage.pick(&avoid);
        let (after, act) = stage
            .script
            .pop_front()
            .unwrap_or((Duration::ZERO, Act::Answer));
        let (parts, body) = request.into_parts();
        let body = futures_util::FutureExt::now_or_never(body.collect());
        stage.seen.push(Seen {
            at: Instant::now(),
            instance: peer.id.as_str().to_owned(),
            headers: parts.headers,
            body: body.and_then(Result::ok).unwrap_or_default().to_bytes(),
        });
        let (flying, asked) = (stage.flying.clone(), peer.clone());
        FakeAttempt {
            peer,
            end: Box::pin(async move {
                let _flying = flying;
                sleep(after).await;
                play(act, asked).await
            }),
        }
    }

    fn has_other(&self, avoid: &[InstanceId]) -> bool {
        let stage = self.0.lock().unwrap();
        stage.instances.iter().any(|peer| !avoid.contains(&peer.id))
    }
}

async fn play(act: Act, peer: Arc<Peer>) -> Result<Response<FakeBody>, FakeError> {
    let (mut head, mut trailers) = (HeaderMap::new(), HeaderMap::new());
    let number = |code: Code| HeaderValue::from(code as i32);
    match act {
        Act::Answer => {}
        Act::Head(code) => drop(head.insert("grpc-status", number(code))),
        Act::Pushback(code, millis) => {
            head.insert("grpc-status", number(code));
            head.insert("grpc-retry-pushback-ms", HeaderValue::from_static(millis));
        }
        Act::Refused | Act::PassedOn => {
            let by = if act == Act::Refused {
                OVERLOAD
            } else {
                UPSTREAM
            };
            head.insert("grpc-status", number(Code::Unavailable));
            head.insert(REFUSED, by);
        }
        Act::Trailers(code) => drop(trailers.insert("grpc-status", number(code))),
        Act::Lost => return Err(FakeError::Lost(peer)),
        Act::Unprocessed => return Err(FakeError::Unprocessed(peer)),
        Act::Nobody => return Err(FakeError::Nobody),
        Act::Hang => pending().await,
    }
    let mut response = Response::new(FakeBody {
        peer,
        trailers: (!trailers.is_empty()).then_some(trailers),
        trail: None,
        looked_inside: false,
    });
    *response.headers_mut() = head;
    Ok(response)
}

pub(super) struct FakeAttempt {
    peer: Arc<Peer>,
    end: Pin<Box<dyn Future<Output = Result<Response<FakeBody>, FakeError>> + Send>>,
}

impl Future for FakeAttempt {
    type Output = Result<Response<FakeBody>, FakeError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.end.as_mut().poll(cx)
    }
}

impl target::Attempt for FakeAttempt {
    fn peer(&self) -> Option<&Arc<Peer>> {
        Some(&self.peer)
    }
}

#[derive(Debug)]
pub(super) struct FakeBody {
    peer: Arc<Peer>,
    trailers: Option<HeaderMap>,
    pub(super) trail: Option<Box<Trail>>,
    pub(super) looked_inside: bool,
}

impl Begin for FakeBody {
    type Error = FakeError;

    fn poll_begun(&mut self, _: &mut Context<'_>, _: Look) -> Poll<Result<(), FakeError>> {
        self.looked_inside = true;
        Poll::Ready(Ok(()))
    }

    fn trailers(&mut self) -> Option<&mut HeaderMap> {
        self.trailers.as_mut().filter(|_| self.looked_inside)
    }

    fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    fn set_trail(&mut self, trail: Box<Trail>) {
        self.trail = Some(trail);
    }
}

#[derive(Debug)]
pub(super) enum FakeError {
    Lost(Arc<Peer>),
    Unprocessed(Arc<Peer>),
    Nobody,
    After(u32, Box<Trail>, Box<FakeError>),
}

impl fmt::Display for FakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(attempts, _, source) => write!(f, "{source} (after {attempts} attempts)"),
            Self::Lost(peer) => write!(f, "lost {}", peer.id),
            Self::Unprocessed(peer) => write!(f, "refused by {}", peer.id),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

impl Fail for FakeError {
    fn failure(&self) -> Failure {
        match self {
            Self::Lost(_) => Failure::Lost,
            Self::Unprocessed(_) => Failure::Unprocessed,
            Self::Nobody => Failure::Nobody,
            Self::After(..) => Failure::Final,
        }
    }

    fn peer(&self) -> Option<&Arc<Peer>> {
        match self {
            Self::Lost(peer) | Self::Unprocessed(peer) => Some(peer),
            _ => None,
        }
    }

    fn after(self, attempts: u32, trail: Box<Trail>) -> Self {
        Self::After(attempts, trail, Box::new(self))
    }
}
