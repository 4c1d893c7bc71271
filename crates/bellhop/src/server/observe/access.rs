//! The access log: a line for each call that was answered, or left.
//!
//! Nothing of a request gets in that could be anybody's: no query, no header but the request's id, and of a path only the route
//! that the application says it took. Target: `bellhop::access`, level `INFO`.

use std::{net::IpAddr, sync::Arc};

use http::{Method, StatusCode};
use tokio::time::Instant;
use tonic::Code;
use tracing::Level;

use crate::{
    config::Reader,
    context::{Scope, Who},
    server::incoming::Call,
    telemetry::code_name,
};

const TARGET: &str = "bellhop::access";

/// The longest name of a gRPC method that is told whole: a caller may ask for anything.
const LONGEST: usize = 128;

/// Which calls are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccessLog {
    pub(crate) http: bool,
    pub(crate) grpc: bool,
}

impl AccessLog {
    /// HTTP is where requests come in; of the hops behind it spans tell more.
    const DEFAULT: Self = Self {
        http: true,
        grpc: false,
    };

    /// Reads `BELLHOP_ACCESS_LOG`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let which = |http, grpc| Some(Self { http, grpc });
        let read = reader.with(
            "BELLHOP_ACCESS_LOG",
            "http, grpc, all or off",
            |value| match value {
                "http" => which(true, false),
                "grpc" => which(false, true),
                "all" => which(true, true),
                "off" => which(false, false),
                _ => None,
            },
        );
        read.unwrap_or(Self::DEFAULT)
    }
}

/// What is noted of a call until there is a line to write; one that is dropped is of a caller who left.
#[derive(Debug)]
pub(in crate::server) struct Entry(Option<Box<Noted>>);

#[derive(Debug)]
struct Noted {
    began: Instant,
    what: What,
    /// None where the caller is in this process.
    peer: Option<IpAddr>,
    bytes: u64,
    scope: Scope,
    answer: Option<Answer>,
}

/// The head of an HTTP answer, whose body is under way.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    route: Option<&'static str>,
    /// How long the body is, where that is known.
    length: Option<u64>,
    end: End,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Before it is whole.
    Early,
    Whole,
    /// The application has failed at it.
    Failed,
}

#[derive(Debug)]
enum What {
    Http(Method),
    Grpc(String),
}

impl Entry {
    /// Notes nothing.
    pub(in crate::server) const NONE: Self = Self(None);

    /// Notes an HTTP request, if anybody wants to know.
    pub(super) fn http(call: &Call, who: &Arc<Who>) -> Self {
        Self::new(call, who, || What::Http(call.request.method().clone()))
    }

    /// Notes a gRPC call, if anybody wants to know.
    pub(super) fn grpc(call: &Call, who: &Arc<Who>) -> Self {
        Self::new(call, who, || {
            let method = call.request.uri().path().trim_start_matches('/');
            What::Grpc(method.chars().take(LONGEST).collect())
        })
    }

    fn new(call: &Call, who: &Arc<Who>, what: impl FnOnce() -> What) -> Self {
        if call.is_question() || !tracing::enabled!(target: TARGET, Level::INFO) {
            return Self::NONE;
        }
        Self(Some(Box::new(Noted {
            began: Instant::now(),
            what: what(),
            peer: call.peer.map(|peer| peer.ip()),
            bytes: 0,
            answer: None,
            scope: Scope {
                span: call.span.clone(),
                baggage: call.baggage.clone(),
                member: Some(who.clone()),
                ..Scope::default()
            },
        })))
    }

    /// So many bytes more were answered.
    pub(in crate::server) fn sent(&mut self, bytes: u64) {
        if let Some(noted) = &mut self.0 {
            noted.bytes += bytes;
        }
    }

    /// An HTTP request is answered; the line comes when its body has gone, which may be as long as this.
    pub(super) fn answering(
        mut self,
        status: StatusCode,
        route: Option<&'static str>,
        length: Option<u64>,
    ) -> Self {
        if let Some(noted) = &mut self.0 {
            // To HEAD there is none, however long it would be.
            let is_head = matches!(&noted.what, What::Http(method) if method == Method::HEAD);
            let end = match is_head || has_no_body(status) {
                true => End::Whole,
                false => End::Early,
            };
            noted.answer = Some(Answer {
                status,
                route,
                length,
                end,
            });
        }
        self
    }

    /// All of the body has gone.
    pub(in crate::server) fn sent_all(&mut self) {
        self.set_end(End::Whole);
    }

    /// The body has failed.
    pub(in crate::server) fn failed(&mut self) {
        self.set_end(End::Failed);
    }

    fn set_end(&mut self, end: End) {
        if let Some(answer) = self.0.as_mut().and_then(|noted| noted.answer.as_mut()) {
            // Behind a failure comes nothing.
            if answer.end == End::Early {
                answer.end = end;
            }
        }
    }

    /// The end of a gRPC call.
    pub(super) fn end_grpc(&mut self, code: Code) {
        if let Some(noted) = self.0.take() {
            noted.write_grpc(code);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        match self.0.take() {
            Some(noted) if matches!(noted.what, What::Http(_)) => noted.write_http(),
            Some(noted) => noted.write_grpc(Code::Cancelled),
            None => {}
        }
    }
}

/// Whether what an application answers beside the head of such an answer is never sent.
fn has_no_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || status.is_informational()
}

impl Noted {
    fn write_http(&self) {
        let What::Http(method) = &self.what else {
            return;
        };
        let answer = self.answer.as_ref();
        let told = match answer.map(|answer| answer.end) {
            Some(End::Whole) => "answered",
            Some(End::Failed) => "the answer broke off",
            Some(End::Early) if answer.and_then(|answer| answer.length) == Some(self.bytes) => {
                "answered"
            }
            Some(End::Early) | None => "the client left",
        };
        let status = answer.map(|answer| answer.status.as_u16());
        self.scope.run(|| {
            tracing::info!(
                target: TARGET,
                {
                http.request.method = method.as_str(),
                http.route = answer.and_then(|answer| answer.route),
                http.response.status_code = status,
                http.response.body.size = self.bytes,
                network.peer.address = self.peer.map(tracing::field::display),
                duration = self.began.elapsed().as_secs_f64(),
                },
                "{}",
                told,
            );
        });
    }

    fn write_grpc(&self, code: Code) {
        let What::Grpc(method) = &self.what else {
            return;
        };
        self.scope.run(|| {
            tracing::info!(
                target: TARGET,
                {
                rpc.method = method,
                rpc.response.status_code = code_name(code),
                rpc.response.size = self.bytes,
                network.peer.address = self.peer.map(tracing::field::display),
                duration = self.began.elapsed().as_secs_f64(),
                },
                "{}",
                if code == Code::Cancelled { "the caller left" } else { "answered" },
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};
    use http::Request;
    use http_body::Frame;
    use http_body_util::{BodyExt, Empty, Full, StreamBody};

    use super::*;
    use crate::{endpoint, heard::Heard, server::app::HttpBody};

    /// The line about an answer with this body, of which so many frames are read.
    async fn line(status: u16, mut body: HttpBody, frames: usize) -> String {
        let heard = Heard::from_now_on();
        let request = Request::new(endpoint::RequestBody::whole(Bytes::new()).into());
        let who = Who {
            service: "door".to_owned(),
            instance: "door-1".to_owned(),
        };
        let entry = Entry::http(&Call::new(request, None), &Arc::new(who));
        let status = StatusCode::from_u16(status).unwrap();
        let length = http_body::Body::size_hint(&body).exact();
        body.note(entry.answering(status, None, length));
        for _ in 0..frames {
            let _ = body.frame().await;
        }
        drop(body);
        let [line] = &heard.lines()[..] else {
            panic!("one line")
        };
        line.clone()
    }

    fn parts(then: Option<io::Error>) -> HttpBody {
        let parts = stream::iter([Ok(Frame::data(Bytes::from_static(b"some")))]);
        HttpBody::new(StreamBody::new(parts.chain(stream::iter(then.map(Err)))))
    }

    #[tokio::test]
    async fn it_is_told_who_ended_an_answer() {
        let failure = || Some(io::Error::other("the data have gone"));
        for (status, body, frames, told) in [
            (200, HttpBody::new(Full::from("some")), 1, "answered"),
            (200, HttpBody::new(Full::from("some")), 0, "the client left"),
            (200, HttpBody::new(Empty::new()), 0, "answered"),
            (304, HttpBody::new(Full::from("some")), 0, "answered"),
            (204, parts(None), 0, "answered"),
            (200, parts(None), 2, "answered"),
            (200, parts(None), 1, "the client left"),
            (200, parts(failure()), 1, "the client left"),
            (200, parts(failure()), 2, "the answer broke off"),
            (200, parts(failure()), 3, "the answer broke off"),
        ] {
            let line = line(status, body, frames).await;
            assert!(line.contains(told), "{status} {frames} {told}: {line}");
            assert!(!line.contains("network.peer.address"), "{line}");
        }
    }
}
