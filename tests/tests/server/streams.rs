//! Streams end with their calls, however their readers read, and with them all that works for them, two hops away.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bellhop::{Channel, Mesh, Services, Serving};
use bytes::Bytes;
use e2e::{Registry, total, until};
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::{Status, body::Body, server::NamedService};
use tower::{Service, ServiceExt};

use crate::stage::Handlers;

const SERVED: &str = "rpc_server_call_duration_seconds_count";
/// A message, then nothing.
const ONCE: &str = "/test.Flow/Once";
/// One message after the other.
const ALWAYS: &str = "/test.Flow/Always";

/// Answers with a stream that has no end.
#[derive(Clone)]
struct Flow {
    handlers: Handlers,
    /// Whose stream it passes on; `None` for the one where it begins.
    next: Option<Channel>,
}

impl NamedService for Flow {
    const NAME: &'static str = "test.Flow";
}

impl<B> Service<Request<B>> for Flow {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gone = self.handlers.begin();
        let (next, path) = (self.next.clone(), request.uri().path().to_owned());
        Box::pin(async move {
            let body = match next {
                None => begin(&path),
                Some(next) => match next.oneshot(ask(&path, None)).await {
                    Ok(answer) => Body::new(answer.into_body()),
                    Err(status) => return Ok(status.into_http()),
                },
            };
            let body = body.map_frame(move |frame| {
                let _goes_with_the_stream = &gone;
                frame
            });
            let answer = Response::builder().header("content-type", "application/grpc");
            Ok(answer.body(Body::new(body)).unwrap())
        })
    }
}

fn begin(path: &str) -> Body {
    // A message of 1019 zeros.
    let message = || {
        let mut message = vec![0; 1024];
        message[3..5].copy_from_slice(&1019_u16.to_be_bytes());
        Ok::<_, Status>(Frame::data(Bytes::from(message)))
    };
    match path {
        ALWAYS => Body::new(StreamBody::new(stream::repeat_with(message))),
        _ => {
            let one = stream::iter([message()]);
            Body::new(StreamBody::new(one.chain(stream::pending())))
        }
    }
}

/// A call as it goes over the wire.
fn ask(path: &str, timeout: Option<&str>) -> Request<Body> {
    let mut request = Request::post(format!("http://flow{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    let message = Full::from(Bytes::from_static(&[0; 5]));
    request.body(Body::new(message)).unwrap()
}

/// Two members: one where streams begin, and one that passes them on.
struct Stage {
    _registry: Registry,
    _members: [Serving; 2],
    middle: Mesh,
    handlers: Handlers,
    sender: http2::SendRequest<Body>,
}

impl Stage {
    async fn new() -> Self {
        let registry = Registry::mini().await;
        let consul = (
            "CONSUL_HTTP_ADDR".to_owned(),
            registry.address().to_string(),
        );
        let settings = BTreeMap::from([consul]);
        let mesh = |name| Mesh::from_source(name, &settings).unwrap();
        let (leaf, middle) = (mesh("leaf"), mesh("middle"));
        let handlers = Handlers::new();
        let flow = |next| Flow {
            handlers: handlers.clone(),
            next,
        };
        let first = leaf
            .start(|_| Services::new().with(flow(None)))
            .await
            .unwrap();
        let second = middle.start(|mesh| {
            let next = Some(mesh.channel("leaf"));
            Services::new().with(flow(next))
        });
        let second = second.await.unwrap();
        until("a leaf", || async {
            (registry.passing("leaf").await.len() == 1).then_some(())
        })
        .await;
        // This caller says how long it waits, and waits for ever.
        let stream = TcpStream::connect(second.address()).await.unwrap();
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, driver) = handshake.await.unwrap();
        tokio::spawn(driver);
        Self {
            _registry: registry,
            _members: [first, second],
            middle,
            handlers,
            sender,
        }
    }

    async fn ask(&self, path: &str) -> Incoming {
        let answer = self.sender.clone().send_request(ask(path, Some("1S")));
        answer.await.expect("an answer").into_body()
    }

    /// How many calls of the middle's ended so.
    fn ended(&self, code: &str) -> f64 {
        let text = self.middle.metrics().text(None).body;
        total(&text, SERVED, &[("rpc_response_status_code", code)])
    }
}

/// Reads to the end of a stream, and what that says.
async fn status(mut body: Incoming) -> String {
    loop {
        let frame = body.frame().await.expect("a status").expect("an answer");
        if let Ok(trailers) = frame.into_trailers() {
            return trailers["grpc-status"].to_str().unwrap().to_owned();
        }
    }
}

#[tokio::test]
async fn a_reader_that_reads_all_there_is() {
    let stage = Stage::new().await;
    for (calls, path) in [(1, ONCE), (2, ALWAYS)] {
        let body = stage.ask(path).await;
        assert_eq!(status(body).await, "4", "{path}");
        stage.handlers.gone(2 * calls).await;
    }
}

#[tokio::test]
async fn a_reader_that_stands_still() {
    let stage = Stage::new().await;
    for (calls, path) in [(1, ONCE), (2, ALWAYS)] {
        let body = stage.ask(path).await;
        // Nobody reads, and yet nobody works on.
        stage.handlers.gone(2 * calls).await;
        assert_eq!(status(body).await, "4", "{path}");
    }
}

#[tokio::test]
async fn a_reader_that_stands_still_and_leaves_without_a_word() {
    let stage = Stage::new().await;
    let body = stage.ask(ALWAYS).await;
    stage.handlers.gone(2).await;
    drop(body);
    until("the end of the call", || async {
        (stage.ended("DEADLINE_EXCEEDED") == 1.0).then_some(())
    })
    .await;
    assert_eq!(stage.ended("CANCELLED"), 0.0);
}
