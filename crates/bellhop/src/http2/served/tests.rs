//! Connections of a plain h2 client, over real sockets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::BufMut;
use futures_util::stream;
use h2::{
    Reason,
    client::{self, SendRequest},
};
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::{JoinHandle, yield_now},
    time::timeout,
};
use tonic::Status;

use super::*;

/// A bound for what should be done long before, on a machine that has much else to do.
const SOON: Duration = Duration::from_secs(20);
const NEVER: Pings = Pings {
    interval: Duration::from_secs(3600),
    timeout: Duration::from_secs(3600),
};

type Out = UnsyncBoxBody<Bytes, Status>;
type Ended = JoinHandle<Result<(), ConnectionError>>;

/// A server's end that is told to end by the sender.
async fn serve<C, A>(pings: Pings, call: C) -> (TcpStream, oneshot::Sender<()>, Ended)
where
    C: FnMut(Request<Reading>) -> A + Unpin + Send + 'static,
    A: Future<Output = Result<Response<Out>, Infallible>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theirs = TcpStream::connect(listener.local_addr().unwrap()).await;
    let (ours, _) = listener.accept().await.unwrap();
    let (shut, told) = oneshot::channel();
    let ended = tokio::spawn(async move {
        let mut bounds = Builder::new();
        bounds.max_send_buffer_size(64 * 1024);
        let mut served = Served::new(ours, Heard::default(), &bounds, pings, call);
        tokio::select! {
            end = &mut served => return end,
            Ok(()) = told => served.graceful_shutdown(),
        }
        served.await
    });
    (theirs.unwrap(), shut, ended)
}

async fn connect(stream: TcpStream) -> SendRequest<Bytes> {
    let (requests, connection) = client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    requests.ready().await.unwrap()
}

fn request() -> Request<()> {
    Request::post("http://somebody/called").body(()).unwrap()
}

fn whole(text: &'static str) -> Out {
    Full::from(text)
        .map_err(|never| match never {})
        .boxed_unsync()
}

async fn soon<F: Future>(future: F) -> F::Output {
    timeout(SOON, future).await.expect("it does not come to it")
}

/// All of a request, given back, with how long it was as trailers.
async fn echo(request: Request<Reading>) -> Result<Response<Out>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut trailers = HeaderMap::new();
    trailers.insert("length", body.len().into());
    // Which is not for trailers, and is no reason to lose them.
    trailers.insert("connection", "close".parse().unwrap());
    let frames = [Ok(Frame::data(body)), Ok(Frame::trailers(trailers))];
    Ok(Response::new(
        StreamBody::new(stream::iter(frames)).boxed_unsync(),
    ))
}

#[tokio::test]
async fn each_call_has_its_answer() {
    let (stream, _shut, ended) = serve(NEVER, echo).await;
    let mut requests = connect(stream).await;
    let mut calls = Vec::new();
    for n in 1..50_usize {
        let (answer, mut body) = requests.send_request(request(), false).unwrap();
        let mut said = Vec::new();
        said.put_bytes(n as u8, n * 100);
        body.send_data(said.into(), true).unwrap();
        calls.push((n, answer));
        requests = requests.ready().await.unwrap();
    }
    for (n, answer) in calls {
        let mut body = soon(answer).await.unwrap().into_body();
        let mut heard = Vec::new();
        while let Some(data) = soon(body.data()).await {
            heard.extend(data.unwrap());
        }
        assert_eq!(heard, vec![n as u8; n * 100]);
        let trailers = soon(body.trailers()).await.unwrap().unwrap();
        assert_eq!(trailers["length"], (n * 100).to_string());
        assert_eq!(trailers.len(), 1);
    }
    drop(requests);
    assert!(soon(ended).await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_more_threads_calls_of_one_connection_go_on_side_by_side() {
    // Each blocks its thread until the other has begun.
    let met = Arc::new((std::sync::Mutex::new(0), std::sync::Condvar::new()));
    let (stream, _shut, _ended) = serve(NEVER, move |_| {
        let met = met.clone();
        async move {
            let (count, more) = &*met;
            let mut count = count.lock().unwrap();
            *count += 1;
            more.notify_all();
            let (count, _) = more
                .wait_timeout_while(count, SOON, |count| *count < 2)
                .unwrap();
            let said = if *count == 2 { "met" } else { "alone" };
            Ok(Response::new(whole(said)))
        }
    })
    .await;
    let mut requests = connect(stream).await;
    let (first, _) = requests.send_request(request(), true).unwrap();
    let mut requests = soon(requests.ready()).await.unwrap();
    let (second, _) = requests.send_request(request(), true).unwrap();
    for answer in [first, second] {
        let mut body = soon(answer).await.unwrap().into_body();
        assert_eq!(soon(body.data()).await.unwrap().unwrap(), "met");
    }
}

/// Tells when it is dropped.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn whom_nobody_waits_for_any_more_is_dropped() {
    let (begun, dropped) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let handler = (begun.clone(), dropped.clone());
    let (stream, _shut, _ended) = serve(NEVER, move |_| {
        let (begun, dropped) = handler.clone();
        async move {
            let _dropped = Dropped(dropped);
            begun.notify_one();
            std::future::pending().await
        }
    })
    .await;
    let mut requests = connect(stream).await;
    // By name, by leaving, and with the connection.
    let (_answer, mut body) = requests.send_request(request(), false).unwrap();
    soon(begun.notified()).await;
    body.send_reset(Reason::CANCEL);
    soon(dropped.notified()).await;
    let (answer, _) = requests.send_request(request(), true).unwrap();
    soon(begun.notified()).await;
    drop(answer);
    soon(dropped.notified()).await;
    let (answer, body) = requests.send_request(request(), true).unwrap();
    soon(begun.notified()).await;
    drop((answer, body, requests));
    soon(dropped.notified()).await;
}

/// Panics when it is dropped.
struct Spiteful;

impl Drop for Spiteful {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[tokio::test]
async fn what_panics_when_it_is_dropped_ends_no_other_call() {
    let begun = Arc::<Notify>::default();
    let handler = begun.clone();
    let (stream, _shut, _ended) = serve(NEVER, move |request| {
        let begun = handler.clone();
        async move {
            let kind = request.uri().path().to_owned();
            let spiteful = (kind != "/whole").then(|| Spiteful);
            if kind == "/waits" {
                begun.notify_one();
                std::future::pending::<()>().await;
            }
            let frames = stream::iter([Ok(Frame::data(Bytes::from_static(b"all")))]);
            // At its end, and where the caller does not wait for it.
            let frames = frames.chain(stream::poll_fn(move |_| {
                let _ = &spiteful;
                match kind.as_str() {
                    "/stays" => Poll::Pending,
                    _ => Poll::Ready(None),
                }
            }));
            Ok(Response::new(StreamBody::new(frames).boxed_unsync()))
        }
    })
    .await;
    let mut requests = connect(stream).await;
    let to = |path| {
        Request::post(format!("http://somebody{path}"))
            .body(())
            .unwrap()
    };
    let (waits, _) = requests.send_request(to("/waits"), true).unwrap();
    soon(begun.notified()).await;
    drop(waits);
    for path in ["/stays", "/ends", "/whole"] {
        requests = soon(requests.ready()).await.unwrap();
        let (answer, _) = requests.send_request(to(path), true).unwrap();
        let said = soon(async { answer.await?.into_body().data().await.unwrap() }).await;
        match said {
            Ok(said) => assert_eq!(said, "all", "{path}"),
            // Its end panicked, so there is none.
            Err(error) => assert_eq!((path, error.reason()), ("/ends", Some(Reason::CANCEL))),
        }
    }
}

#[tokio::test]
async fn a_request_that_is_cut_off_is_no_whole_one() {
    let (told, heard) = oneshot::channel();
    let mut told = Some(told);
    let (stream, _shut, _ended) = serve(NEVER, move |request: Request<Reading>| {
        let told = told.take().unwrap();
        // Beside the handler, which is dropped.
        tokio::spawn(async move { told.send(request.into_body().collect().await.map(drop)) });
        std::future::pending()
    })
    .await;
    let mut requests = connect(stream).await;
    let (_answer, mut body) = requests.send_request(request(), false).unwrap();
    body.send_data(Bytes::from_static(b"half"), false).unwrap();
    body.send_reset(Reason::CANCEL);
    let error = soon(heard).await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CANCEL));
}

#[tokio::test]
async fn of_a_long_answer_no_more_is_taken_than_its_reader_has_room_for() {
    let length = 16 * 1024;
    let taken = Arc::<AtomicUsize>::default();
    let counter = taken.clone();
    let (stream, _shut, _ended) = serve(NEVER, move |_| {
        let counter = counter.clone();
        let pieces = stream::iter(0..400).map(move |_| {
            counter.fetch_add(1, SeqCst);
            Ok(Frame::data(Bytes::from(vec![7; length])))
        });
        std::future::ready(Ok(Response::new(StreamBody::new(pieces).boxed_unsync())))
    })
    .await;
    let mut requests = connect(stream).await;
    let (answer, _) = requests.send_request(request(), true).unwrap();
    let mut body = soon(answer).await.unwrap().into_body();
    // Until the window is full, which nobody makes larger as yet.
    let full = 65_535 / length;
    while taken.load(SeqCst) < full {
        yield_now().await;
    }
    for _ in 0..1000 {
        yield_now().await;
    }
    let held = call::AT_ONCE / length + full + 1;
    assert!(taken.load(SeqCst) <= held, "{taken:?}");
    let mut read = 0;
    while let Some(data) = soon(body.data()).await {
        let data = data.unwrap();
        read += data.len();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    assert_eq!(read, 400 * length);
}

#[tokio::test]
async fn an_answer_that_fails_is_no_whole_one() {
    let (stream, _shut, _ended) = serve(NEVER, |_| async {
        let frames = [
            Ok(Frame::data(Bytes::from_static(b"half"))),
            Err(Status::internal("lost")),
        ];
        Ok(Response::new(
            StreamBody::new(stream::iter(frames)).boxed_unsync(),
        ))
    })
    .await;
    let mut requests = connect(stream).await;
    let (answer, _) = requests.send_request(request(), true).unwrap();
    // The reset may overtake what came before it.
    let error = match soon(answer).await {
        Err(error) => error,
        Ok(answer) => {
            let mut body = answer.into_body();
            loop {
                match soon(body.data()).await.expect("an end that is none") {
                    Ok(_) => {}
                    Err(error) => break error,
                }
            }
        }
    };
    assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
}

#[tokio::test]
async fn what_http1_says_of_a_connection_stays_here() {
    let (stream, _shut, _ended) = serve(NEVER, |_| async {
        let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
        for name in ["connection", "keep-alive", "upgrade", "x-own"] {
            let value = "keep-alive".parse().unwrap();
            answer.headers_mut().insert(name, value);
        }
        Ok(answer)
    })
    .await;
    let mut requests = connect(stream).await;
    let (answer, _) = requests.send_request(request(), true).unwrap();
    let answer = soon(answer).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let names: Vec<_> = answer.headers().keys().collect();
    assert_eq!(names, ["x-own"]);
    assert!(answer.body().is_end_stream());
}

#[tokio::test]
async fn who_is_asked_to_end_does_so_with_the_last_call() {
    let go_on = Arc::<Notify>::default();
    let (begun, waits) = (Arc::<Notify>::default(), go_on.clone());
    let handler = begun.clone();
    let (stream, shut, ended) = serve(NEVER, move |_| {
        let (begun, waits) = (handler.clone(), waits.clone());
        async move {
            begun.notify_one();
            waits.notified().await;
            Ok(Response::new(whole("done")))
        }
    })
    .await;
    let mut requests = connect(stream).await;
    let (answer, _) = requests.send_request(request(), true).unwrap();
    soon(begun.notified()).await;
    shut.send(()).unwrap();
    // The other side hears of it, and nobody is cut off.
    let refused = soon(async {
        loop {
            match requests.ready().await {
                Ok(ready) => requests = ready,
                Err(error) => break error,
            }
            yield_now().await;
        }
    });
    let refused = refused.await;
    assert_eq!(refused.reason(), Some(Reason::NO_ERROR), "{refused}");
    assert!(!ended.is_finished());
    go_on.notify_one();
    let mut body = soon(answer).await.unwrap().into_body();
    assert_eq!(soon(body.data()).await.unwrap().unwrap(), "done");
    assert!(soon(ended).await.unwrap().is_ok());
}

#[tokio::test]
async fn who_is_asked_to_end_before_it_begins_takes_no_call() {
    let (mut stream, shut, ended) = serve(NEVER, echo).await;
    shut.send(()).unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut heard = Vec::new();
    // Its settings, and that it goes; it goes when the first of its two farewells is confirmed, or the other side is gone.
    let mut piece = [0; 1024];
    while !heard
        .windows(4)
        .any(|frame| frame[..] == *b"\x00\x08\x07\x00")
    {
        let read = soon(stream.read(&mut piece)).await.unwrap();
        assert_ne!(read, 0, "{heard:?}");
        heard.extend_from_slice(&piece[..read]);
    }
    drop(stream);
    let _ = soon(ended).await.unwrap();
}

#[tokio::test]
async fn who_is_gone_without_a_word_is_not_kept() {
    let soon_enough = Duration::from_millis(50);
    let pings = Pings {
        interval: soon_enough,
        timeout: soon_enough,
    };
    let (mut stream, _shut, ended) = serve(pings, echo).await;
    // Says hello, and no word after that.
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let error = soon(ended).await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectionError::Silent), "{error}");
}
