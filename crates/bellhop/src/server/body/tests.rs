//! Streams at their deadlines, read fast, slowly and not at all.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use tokio::{
    runtime::Handle,
    time::{Instant, advance, timeout},
};

use super::*;
use crate::limit::OVERLOAD;

const AFTER: Duration = Duration::from_secs(1);

type Said = Result<Frame<Bytes>, Status>;

fn one() -> Said {
    Ok(Frame::data(Bytes::from_static(b"one")))
}

/// An answer that has to be over after a while.
fn within(after: Duration, frames: impl Stream<Item = Said> + Send + 'static) -> ResponseBody {
    let timer = Timer::new(Instant::now(), after);
    let body = Body::new(StreamBody::new(frames));
    ResponseBody::new(body, Some(timer), true, None)
}

/// The same, and what its handler holds.
fn working(
    after: Duration,
    frames: impl Stream<Item = Said> + Send + 'static,
) -> (ResponseBody, Arc<()>) {
    let work = Arc::new(());
    let held = work.clone();
    let frames = frames.inspect(move |_| assert!(Arc::strong_count(&held) > 0));
    (within(after, frames), work)
}

fn is_given_up(work: &Arc<()>) -> bool {
    Arc::strong_count(work) == 1
}

/// The next frame, which is data.
async fn reads(body: &mut ResponseBody) {
    assert!(body.frame().await.unwrap().unwrap().is_data());
}

/// Reads the end, which is the deadline.
async fn is_out_of_time(body: &mut ResponseBody) {
    let last = timeout(2 * AFTER, body.frame()).await.expect("an end");
    let trailers = last.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers[Status::GRPC_STATUS], "4");
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_body_that_has_said_its_end_is_not_asked_again() {
    let frames = stream::unfold(
        Some(()),
        |first| async move { first.map(|()| (one(), None)) },
    );
    let mut body = within(AFTER, frames);
    reads(&mut body).await;
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_deadline_and_its_work_with_it() {
    let start = Instant::now();
    for begins in [0, 1, 2] {
        let frames = stream::iter((0..begins).map(|_| one()));
        let (mut body, work) = working(AFTER, frames.chain(stream::pending()));
        for _ in 0..begins {
            reads(&mut body).await;
        }
        is_out_of_time(&mut body).await;
        assert!(is_given_up(&work), "the handler's work goes on");
    }
    assert_eq!(start.elapsed(), 3 * AFTER);
}

#[tokio::test(start_paused = true)]
async fn so_it_does_where_its_reader_stands_still() {
    for begins in [1, 2] {
        let frames = stream::iter((0..begins).map(|_| one()));
        for frames in [
            frames.clone().chain(stream::pending()).boxed(),
            frames.chain(stream::repeat_with(one)).boxed(),
        ] {
            let (mut body, work) = working(AFTER, frames);
            reads(&mut body).await;
            assert!(!is_given_up(&work));
            advance(AFTER).await;
            tokio::task::yield_now().await;
            assert!(is_given_up(&work), "the handler's work goes on");
            assert!(body.is_out_of_time());
            is_out_of_time(&mut body).await;
        }
    }
}

#[tokio::test]
async fn so_does_one_that_always_has_something() {
    let (mut body, work) = working(Duration::from_millis(20), stream::repeat_with(one));
    // Nothing but the deadline ends it: this reader never waits.
    let last = loop {
        let frame = body.frame().await.unwrap().unwrap();
        if let Ok(trailers) = frame.into_trailers() {
            break trailers;
        }
    };
    assert_eq!(last[Status::GRPC_STATUS], "4");
    assert!(is_given_up(&work), "the handler's work goes on");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_left_is_left_at_once() {
    let (mut body, work) = working(AFTER, stream::repeat_with(one));
    reads(&mut body).await;
    drop(body);
    assert!(is_given_up(&work), "the handler's work goes on");
}

#[tokio::test(start_paused = true)]
async fn what_is_all_there_needs_no_clock_and_is_never_cut() {
    let ends = || Ok(Frame::trailers(trailers(&Status::ok(""))));
    let mut body = within(AFTER, stream::iter([one(), ends()]));
    reads(&mut body).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    advance(2 * AFTER).await;
    let last = body.frame().await.unwrap().unwrap();
    assert_eq!(last.trailers_ref().unwrap()[Status::GRPC_STATUS], "0");
    assert!(!body.is_out_of_time());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_panics_behind_its_first_message_fails_behind_it() {
    let panics = stream::once(async { panic!("in the middle") });
    let mut body = within(AFTER, stream::iter([one()]).chain(panics));
    reads(&mut body).await;
    let last = body.frame().await.unwrap().unwrap();
    assert_eq!(last.trailers_ref().unwrap()[Status::GRPC_STATUS], "13");
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_status_that_a_handler_passes_on_at_the_end_of_a_stream_is_its_own() {
    let mut said = trailers(&Status::unavailable("another has too much to do"));
    said.insert(REFUSED, OVERLOAD);
    for begins in [0, 1] {
        let frames = stream::iter((0..begins).map(|_| one()));
        let end = stream::iter([Ok(Frame::trailers(said.clone()))]);
        let body = within(AFTER, frames.chain(end));
        let body = BodyExt::collect(body).await.unwrap();
        assert_eq!(body.trailers().unwrap().get(REFUSED), Some(&UPSTREAM));
    }
}
