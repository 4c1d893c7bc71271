//! Calls over the connection to one instance.

use std::{
    fmt,
    future::Future,
    mem,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{
    Request, Response, Uri, header,
    header::HeaderValue,
    uri::{Authority, PathAndQuery, Scheme},
};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::Service;

use super::{
    AnswerBody, CallError, RequestBody,
    sender::Sender,
    tally::{Account, Tally},
};
use crate::{
    balance::Available,
    breaker::{Gate, Outcome, Ticket},
    deadline::parse_timeout,
    discovery::InstanceId,
    explain::{AttemptRecord, CallRecord},
    http2::Unsent,
    one_line::in_one_line,
    telemetry::Notes,
    upstream::StreamsReport,
};

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("grpc-rust-bellhop/", env!("CARGO_PKG_VERSION")));

/// Whom a connection is to be made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) id: InstanceId,
    /// A name or an address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Its answers say who gives them.
    pub(crate) signs: bool,
    /// Which version of the service it is, where it says so.
    pub(crate) version: Option<Arc<str>>,
}

impl Target {
    /// Host and port as a URL has them.
    pub(crate) fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its id in the registry.
    pub id: InstanceId,
    /// The other end of the connection.
    pub address: SocketAddr,
    /// Which version of the service it is, where the registry says so.
    pub version: Option<Arc<str>>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.id, self.address)
    }
}

/// A connected instance.
#[derive(Clone)]
pub(crate) struct Endpoint {
    shared: Arc<Shared>,
    sender: Sender,
    /// `None` where breakers are off.
    gate: Option<Arc<Gate>>,
    /// `None` while only the mesh itself asks.
    tally: Option<Arc<Tally>>,
    /// What was counted before this connection.
    before: StreamsReport,
}

/// What is seen of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connected {
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: SocketAddr,
    /// Whether the other side takes no new calls.
    pub(crate) draining: bool,
    pub(crate) streams: StreamsReport,
}

/// An endpoint that has been picked for a call.
pub(crate) struct Turn {
    shared: Arc<Shared>,
    sender: Sender,
    account: Option<Account>,
}

/// An answer that has begun.
pub(crate) struct Answer {
    pub(crate) response: Response<AnswerBody>,
    /// Who answers.
    pub(crate) peer: Arc<Peer>,
    /// To be held to the end of the answer.
    pub(crate) account: Option<Account>,
}

struct Shared {
    peer: Arc<Peer>,
    /// This end of the connection.
    local: Option<SocketAddr>,
    authority: Authority,
}

impl Endpoint {
    pub(super) fn new(
        peer: Peer,
        local: Option<SocketAddr>,
        authority: Authority,
        sender: Sender,
    ) -> Self {
        let shared = Shared {
            peer: Arc::new(peer),
            local,
            authority,
        };
        Self {
            shared: Arc::new(shared),
            sender,
            gate: None,
            tally: None,
            before: StreamsReport::default(),
        }
    }

    /// The same for calls: behind a breaker, and counted.
    pub(super) fn behind(self, gate: Option<Arc<Gate>>, tally: Arc<Tally>) -> Self {
        Self {
            gate,
            before: tally.streams(),
            tally: Some(tally),
            ..self
        }
    }

    /// What is seen of the connection.
    pub(crate) fn connected(&self) -> Connected {
        Connected {
            local: self.shared.local,
            remote: self.shared.peer.address,
            draining: !self.sender.is_ready(),
            streams: self.streams(),
        }
    }

    fn streams(&self) -> StreamsReport {
        let Some(tally) = &self.tally else {
            return StreamsReport::default();
        };
        let (now, before) = (tally.streams(), self.before);
        StreamsReport {
            begun: now.begun - before.begun,
            ended: now.ended - before.ended,
            failed: now.failed - before.failed,
        }
    }

    /// The endpoint for a question of the mesh itself, which nobody counts.
    pub(super) fn aside(&self) -> Turn {
        self.turn(None)
    }

    /// The endpoint for a call that its breaker has let through, if there is one.
    fn counted(&self, now: Instant, ticket: Option<Ticket>) -> Turn {
        self.turn(self.tally.as_ref().map(|tally| tally.open(now, ticket)))
    }

    fn turn(&self, account: Option<Account>) -> Turn {
        Turn {
            shared: self.shared.clone(),
            sender: self.sender.clone(),
            account,
        }
    }
}

impl Shared {
    /// Says on a request what only somebody elsewhere reads: whom it is for, and who sends it.
    fn address<B>(&self, request: &mut Request<B>) {
        let uri = mem::take(request.uri_mut());
        *request.uri_mut() = self.uri(uri.into_parts().path_and_query);
        let agent = request.headers_mut().entry(header::USER_AGENT);
        agent.or_insert(USER_AGENT);
    }

    /// Where on this instance a path is.
    fn uri(&self, path: Option<PathAndQuery>) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        Uri::from_parts(parts).unwrap_or_default()
    }
}

impl Available for Endpoint {
    type Picked = Turn;

    fn is_available(&self) -> bool {
        let admits = |gate: &Arc<Gate>| gate.admits(Instant::now());
        self.sender.is_ready() && self.gate.as_ref().is_none_or(admits)
    }

    fn pick(&self) -> Option<Turn> {
        if !self.sender.is_ready() {
            return None;
        }
        let now = Instant::now();
        let ticket = match &self.gate {
            Some(gate) => Some(gate.admit(now)?),
            None => None,
        };
        Some(self.counted(now, ticket))
    }

    fn pick_anyway(&self) -> Option<Turn> {
        let now = Instant::now();
        let anyway = |gate: &Arc<Gate>| gate.admit_anyway(now);
        let ready = self.sender.is_ready();
        ready.then(|| self.counted(now, self.gate.as_ref().map(anyway)))
    }
}

impl Service<Request<RequestBody>> for Turn {
    type Response = Answer;
    type Error = CallError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // A closed connection gives the request back unsent, which is all that one can do with it here.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let notes = request.extensions().get::<Notes>();
        let mut account = self.account.take();
        if let Some(account) = &mut account {
            account.bound(parse_timeout(request.headers()).ok().flatten());
            account.note(notes.cloned());
        }
        let peer = self.shared.peer.clone();
        if let Some(notes) = notes {
            notes.sent_to(&peer);
        }
        let record = request.extensions().get::<CallRecord>();
        let record = record.map(|call| call.attempt(&peer, Instant::now()));
        let told = Some(Told {
            peer: peer.clone(),
            record,
            account,
        });
        ResponseFuture {
            peer,
            answer: match &mut self.sender {
                Sender::Http2(sender) => {
                    self.shared.address(&mut request);
                    let answer = sender.clone().send(request);
                    Box::pin(Exchange { answer, told })
                }
                Sender::Local(beside) => {
                    let answer = beside.send(request);
                    Box::pin(Exchange { answer, told })
                }
            },
        }
    }
}

pin_project! {
    /// A call that has been sent.
    // By hand: an `async fn` has a place for what it is given and one for what it waits for, and moves the one to the other.
    struct Exchange<F> {
        #[pin]
        answer: F,
        // Until it is over.
        told: Option<Told>,
    }
}

impl<F, B> Future for Exchange<F>
where
    F: Future<Output = Result<Response<B>, Unsent>>,
    B: Into<AnswerBody>,
{
    type Output = Result<Answer, CallError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let sent = ready!(this.answer.poll(cx));
        let told = this.told.take().expect("polled after it was over");
        Poll::Ready(told.end(sent.map(|response| response.map(Into::into))))
    }
}

/// Who is told of a call's end.
struct Told {
    peer: Arc<Peer>,
    record: Option<AttemptRecord>,
    account: Option<Account>,
}

impl Told {
    fn end(self, sent: Result<Response<AnswerBody>, Unsent>) -> Result<Answer, CallError> {
        let Self {
            peer,
            record,
            account,
        } = self;
        match sent {
            Ok(response) => {
                if let Some(record) = record {
                    record.answered(response.headers(), Instant::now());
                }
                Ok(Answer::new(response, peer, account))
            }
            Err(Unsent { error, request }) => {
                if let Some(record) = record {
                    record.failed(Instant::now());
                }
                let error = CallError::new(peer, error, request);
                match account {
                    Some(mut account) if error.is_failure() => {
                        account.fail(|| in_one_line(&error));
                    }
                    Some(account) => account.give_back(),
                    None => {}
                }
                Err(error)
            }
        }
    }
}

impl Answer {
    fn new(response: Response<AnswerBody>, peer: Arc<Peer>, mut account: Option<Account>) -> Self {
        if let Some(account) = &mut account {
            let headers = response.headers();
            account.answered(Outcome::of_head(response.status(), headers), headers);
        }
        Self {
            response,
            peer,
            account,
        }
    }
}

/// The answer to a call, with who gave it.
pub(crate) struct ResponseFuture {
    peer: Arc<Peer>,
    answer: Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send>>,
}

impl ResponseFuture {
    /// Who has been asked.
    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }
}

impl Future for ResponseFuture {
    type Output = Result<Answer, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answer.as_mut().poll(cx)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("peer", &self.shared.peer)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("peer", &self.shared.peer)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("peer", &self.peer)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
