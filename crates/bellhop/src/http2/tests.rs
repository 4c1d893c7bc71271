//! Connections to a server that does as it is told, over real sockets.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use h2::{
    Reason, RecvStream,
    server::{Connection, SendResponse},
};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, yield_now},
    time::timeout,
};
use tonic::{Status, body::Body};

use super::*;
use crate::endpoint::RequestBody;

/// A bound for what should be done long before, on a machine that has much else to do.
const SOON: Duration = Duration::from_secs(20);
const NEVER: Duration = Duration::from_secs(3600);

type Served = Connection<TcpStream, Bytes>;
type Asked = (Request<RecvStream>, SendResponse<Bytes>);

struct Pair {
    sender: Sender,
    closing: Closing,
    driver: JoinHandle<()>,
    server: Served,
}

/// Both ends of a connection that asks for signs of life after these times.
async fn pair(interval: Duration, silence: Duration) -> Pair {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = async {
        let (stream, _) = listener.accept().await.unwrap();
        h2::server::handshake(stream).await.unwrap()
    };
    let begun = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, closing, driver) = begin(stream, interval, silence).await.unwrap();
        (sender, closing, tokio::spawn(driver))
    };
    let (server, (sender, closing, driver)) = tokio::join!(accepted, begun);
    Pair {
        sender,
        closing,
        driver,
        server,
    }
}

fn request(body: RequestBody) -> Request<RequestBody> {
    Request::post("http://somebody/called").body(body).unwrap()
}

fn whole() -> Request<RequestBody> {
    request(RequestBody::whole(Bytes::from_static(b"all of it")))
}

/// A body of so many pieces of so many bytes, and how many of them have been taken.
fn pieces(count: usize, length: usize) -> (RequestBody, Arc<AtomicUsize>) {
    let taken = Arc::<AtomicUsize>::default();
    let counter = taken.clone();
    let pieces = stream::iter(0..count).map(move |_| {
        counter.fetch_add(1, SeqCst);
        Ok::<_, Status>(Frame::data(Bytes::from(vec![7; length])))
    });
    let body = Body::new(StreamBody::new(pieces));
    (RequestBody::Streaming(body), taken)
}

/// Whoever is asked next; the connection is moved on from then on.
async fn asked(mut server: Served) -> (Asked, JoinHandle<()>) {
    let asked = timeout(SOON, server.accept()).await.unwrap();
    let rest = async move { while let Some(Ok(_)) = server.accept().await {} };
    (asked.unwrap().unwrap(), tokio::spawn(rest))
}

async fn read_all(mut body: RecvStream) -> Result<usize, h2::Error> {
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data?;
        length += data.len();
        body.flow_control().release_capacity(data.len())?;
    }
    Ok(length)
}

#[tokio::test]
async fn what_http1_says_of_a_connection_stays_here() {
    let Pair { sender, server, .. } = pair(NEVER, NEVER).await;
    let mut request = whole();
    for name in ["connection", "keep-alive", "upgrade", "te", "x-own"] {
        let value = "keep-alive".parse().unwrap();
        request.headers_mut().insert(name, value);
    }
    let call = tokio::spawn(sender.send(request));
    let ((request, mut reply), _server) = asked(server).await;
    let names: Vec<_> = request.headers().keys().collect();
    assert_eq!(names, ["x-own"]);
    reply.send_response(Response::new(()), true).unwrap();
    assert!(call.await.unwrap().is_ok());
}

#[tokio::test]
async fn of_a_long_body_no_more_is_taken_than_its_reader_has_room_for() {
    let Pair { sender, server, .. } = pair(NEVER, NEVER).await;
    let length = 16 * 1024;
    let (body, taken) = pieces(400, length);
    let call = tokio::spawn(sender.send(request(body)));
    let ((request, mut reply), _server) = asked(server).await;
    // Until the server's window is full, which nobody makes larger as yet.
    let full = 65_535 / length;
    while taken.load(SeqCst) < full {
        yield_now().await;
    }
    for _ in 0..1000 {
        yield_now().await;
    }
    let held = call::AT_ONCE / length + full + 1;
    assert!(taken.load(SeqCst) <= held, "{taken:?}");
    let read = timeout(SOON, read_all(request.into_body())).await.unwrap();
    assert_eq!(read.unwrap(), 400 * length);
    reply.send_response(Response::new(()), true).unwrap();
    assert!(call.await.unwrap().is_ok());
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_ends_both() {
    let Pair { sender, server, .. } = pair(NEVER, NEVER).await;
    let (body, _) = pieces(usize::MAX, 1024);
    let call = tokio::spawn(sender.clone().send(request(body)));
    let ((request, mut reply), _server) = asked(server).await;
    let mut open = reply.send_response(Response::new(()), false).unwrap();
    let answer = timeout(SOON, call).await.unwrap().unwrap();
    open.send_reset(Reason::NO_ERROR);
    drop(request);
    let body = answer.ok().unwrap().into_body().collect();
    let body = timeout(SOON, body).await.unwrap().unwrap();
    assert!(body.to_bytes().is_empty());
    assert_eq!(sender.0.state.in_flight.load(SeqCst), 0);
}

#[tokio::test]
async fn who_leaves_an_answer_leaves_the_rest_of_the_request_too() {
    let Pair { sender, server, .. } = pair(NEVER, NEVER).await;
    let (body, _) = pieces(usize::MAX, 1024);
    let call = tokio::spawn(sender.send(request(body)));
    let ((request, mut reply), _server) = asked(server).await;
    let _open = reply.send_response(Response::new(()), false).unwrap();
    drop(call.await.unwrap());
    let read = timeout(SOON, read_all(request.into_body())).await.unwrap();
    assert_eq!(read.unwrap_err().reason(), Some(Reason::CANCEL));
}

#[tokio::test]
async fn a_body_that_fails_is_no_whole_one() {
    let Pair { sender, server, .. } = pair(NEVER, NEVER).await;
    let (lost, loss) = oneshot::channel();
    let piece = stream::iter([Ok(Frame::data(Bytes::from_static(b"half")))]);
    let frames = piece.chain(stream::once(async { Err(loss.await.unwrap()) }));
    let body = Body::new(StreamBody::new(frames));
    let call = tokio::spawn(sender.send(request(RequestBody::Streaming(body))));
    let ((request, _reply), _server) = asked(server).await;
    lost.send(Status::internal("lost")).unwrap();
    let read = timeout(SOON, read_all(request.into_body())).await.unwrap();
    assert_eq!(read.unwrap_err().reason(), Some(Reason::INTERNAL_ERROR));
    let error = call.await.unwrap().err().unwrap();
    assert!(error.request.is_none());
    assert!(error.error.http2().unwrap().is_reset());
}

#[tokio::test]
async fn once_the_other_side_leaves_calls_come_back_as_they_were() {
    let Pair {
        sender,
        closing,
        mut server,
        driver,
    } = pair(NEVER, NEVER).await;
    server.graceful_shutdown();
    let server = tokio::spawn(async move { while server.accept().await.is_some() {} });
    let why = timeout(SOON, closing).await.unwrap().unwrap();
    assert!(why.is_ok(), "{why:?}");
    assert!(!sender.is_ready());
    let Unsent { error, request } = sender.send(whole()).await.err().unwrap();
    assert!(matches!(error, ConnectionError::Closed(_)), "{error}");
    let body = request.unwrap().into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "all of it");
    timeout(SOON, driver).await.unwrap().unwrap();
    timeout(SOON, server).await.unwrap().unwrap();
}

#[tokio::test]
async fn whom_nobody_calls_any_more_is_left_in_order() {
    let Pair {
        sender,
        closing,
        mut server,
        driver,
    } = pair(NEVER, NEVER).await;
    drop(sender);
    assert!(timeout(SOON, server.accept()).await.unwrap().is_none());
    assert!(closing.await.unwrap().is_ok());
    timeout(SOON, driver).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_lasts_as_long_as_its_last_call() {
    let Pair {
        sender,
        server,
        driver,
        ..
    } = pair(NEVER, NEVER).await;
    let call = tokio::spawn(sender.send(whole()));
    let ((_, mut reply), server) = asked(server).await;
    assert!(!driver.is_finished());
    reply.send_response(Response::new(()), true).unwrap();
    let answer = call.await.unwrap().ok().unwrap();
    assert!(!driver.is_finished());
    drop(answer);
    timeout(SOON, driver).await.unwrap().unwrap();
    timeout(SOON, server).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_is_silent_while_a_call_waits_is_given_up() {
    let silence = Duration::from_millis(50);
    let Pair {
        sender,
        closing,
        server,
        driver,
    } = pair(silence, silence).await;
    // Reads nothing: it is not asked to.
    let call = timeout(SOON, sender.send(whole())).await.unwrap();
    let error = call.err().unwrap().error;
    assert!(matches!(error, ConnectionError::Silent), "{error}");
    let why = closing.await.unwrap().unwrap_err();
    assert!(matches!(why, ConnectionError::Silent), "{why}");
    timeout(SOON, driver).await.unwrap().unwrap();
    drop(server);
}
