//! Calls over instances that do what a script says, with the clock paused.

mod fake;
mod hedges;
mod scripts;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use tokio::time::Instant;
use tonic::{Code, body::Body};
use tower::{Layer, Service};

use self::{
    Act::{Answer, Hang, Head, Lost, Nobody, PassedOn, Pushback, Refused, Trailers, Unprocessed},
    fake::{Act, Fake, FakeBody, FakeError},
};
use super::{Budget, End, Retry, RetryLayer, Settings};
use crate::{config::Reader, context::Scope, dropped::at_every_await};

/// Idempotent by its nature.
const READ: &str = "/grpc.health.v1.Health/Check";
/// Of which nothing is known.
const BOOK: &str = "/hotel.Desk/Book";

const UNAVAILABLE: Code = Code::Unavailable;

type Answered = Result<Response<FakeBody>, FakeError>;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let owned = |(name, value): &(&str, &str)| (format!("BELLHOP_{name}"), (*value).to_owned());
    let source: BTreeMap<_, _> = pairs.iter().map(owned).collect();
    let mut reader = Reader::new(&source);
    let settings = Settings::read(&mut reader);
    reader.finish().unwrap();
    settings
}

fn retry(fake: &Fake, pairs: &[(&str, &str)]) -> Retry<Fake> {
    let settings = settings(pairs);
    let budget = Budget::new(settings.allowance, Instant::now());
    RetryLayer::new(settings, Arc::new(budget)).layer(fake.clone())
}

fn request(path: &'static str, timeout: Option<&'static str>) -> Request<Body> {
    let body = Body::new(Full::new(Bytes::from_static(b"a room, please")));
    let mut request = Request::post(path).body(body).unwrap();
    let headers = request.headers_mut();
    headers.insert("x-guest", HeaderValue::from_static("somebody"));
    headers.append("x-wish", HeaderValue::from_static("quiet"));
    headers.append("x-wish", HeaderValue::from_static("upstairs"));
    if let Some(timeout) = timeout {
        headers.insert("grpc-timeout", HeaderValue::from_static(timeout));
    }
    request
}

async fn call(fake: &Fake, path: &'static str) -> Answered {
    retry(fake, &[]).call(request(path, None)).await
}

/// The status of an answer that is nothing else, in words.
fn message(answer: &Answered) -> String {
    match answer {
        Ok(response) => {
            let message = response.headers().get("grpc-message");
            message.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        }
        Err(error) => error.to_string(),
    }
}

fn instances(fake: &Fake) -> Vec<String> {
    fake.seen().into_iter().map(|seen| seen.instance).collect()
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_sent_somewhere_else_as_it_was() {
    for act in [Head(UNAVAILABLE), Trailers(UNAVAILABLE), Lost, Unprocessed] {
        let fake = Fake::acting(3, [act]);
        call(&fake, READ).await.unwrap();
        let seen = fake.seen();
        assert_eq!(seen.len(), 2, "{act:?}");
        assert_ne!(seen[0].instance, seen[1].instance);
        for seen in &seen {
            assert_eq!(seen.body, "a room, please");
            assert_eq!(seen.header("x-guest"), Some("somebody"));
            assert_eq!(seen.headers.get_all("x-wish").iter().count(), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_says_how_many_were_before_and_what_it_may_use_up() {
    let fake = Fake::acting(3, [Lost, Head(UNAVAILABLE)]);
    call(&fake, READ).await.unwrap();
    let previous = |seen: &fake::Seen| seen.header("grpc-previous-rpc-attempts").map(str::to_owned);
    let share = |seen: &fake::Seen| seen.header("bellhop-attempts").unwrap().to_owned();
    let seen = fake.seen();
    let previous: Vec<_> = seen.iter().map(previous).collect();
    assert_eq!(previous, [None, Some("1".to_owned()), Some("2".to_owned())]);
    assert_eq!(seen.iter().map(share).collect::<Vec<_>>(), ["2", "1", "1"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_within_another_makes_do_with_what_it_was_given() {
    for (given, made) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
        let fake = Fake::acting(3, [Lost; 9]);
        let scope = Scope {
            attempts: Some(given),
            ..Scope::default()
        };
        scope.enter(call(&fake, READ)).await.unwrap_err();
        let shares = fake.seen();
        let shares = shares
            .iter()
            .map(|seen| seen.header("bellhop-attempts").unwrap());
        let sum: u32 = shares.map(|share| share.parse::<u32>().unwrap()).sum();
        assert_eq!((fake.seen().len(), sum), (made, given), "{given}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_of_which_nothing_is_known_is_called_once() {
    for act in [Head(UNAVAILABLE), Trailers(UNAVAILABLE), Lost] {
        let fake = Fake::acting(3, [act]);
        let _ = call(&fake, BOOK).await;
        assert_eq!(fake.seen().len(), 1, "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_reached_nobody_costs_nothing() {
    let fake = Fake::acting(3, [Unprocessed]);
    let none = [("RETRY_BUDGET", "0%"), ("RETRY_FLOOR", "0")];
    let scope = Scope {
        attempts: Some(1),
        ..Scope::default()
    };
    let started = Instant::now();
    let call = retry(&fake, &none).call(request(BOOK, None));
    scope.enter(call).await.unwrap();
    let seen = fake.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(started.elapsed(), Duration::ZERO, "at once");
    assert_eq!(seen[1].header("grpc-previous-rpc-attempts"), None);
    assert_eq!(
        seen[1].header("bellhop-attempts"),
        seen[0].header("bellhop-attempts")
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_everywhere_gives_up() {
    let fake = Fake::acting(3, [Unprocessed; 50]);
    let error = call(&fake, BOOK).await.unwrap_err();
    assert_eq!(
        fake.seen().len(),
        8,
        "one, five that cost nothing, and two that do"
    );
    assert!(error.to_string().ends_with("(after 8 attempts)"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_hears_of_it_at_once_where_all_have_too_much_to_do() {
    for path in [READ, BOOK] {
        let fake = Fake::acting(3, [Refused, Refused, Refused, Refused]);
        let started = Instant::now();
        let answer = call(&fake, path).await;
        assert!(message(&answer).contains("3 attempts"), "{answer:?}");
        assert_eq!(instances(&fake), ["i0", "i1", "i2"]);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    let fake = Fake::acting(3, [PassedOn]);
    let started = Instant::now();
    call(&fake, READ).await.unwrap();
    assert_eq!(fake.seen().len(), 1, "others were asked already");
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_application_is_an_answer() {
    for code in (1..17)
        .map(Code::from_i32)
        .filter(|code| *code != UNAVAILABLE)
    {
        let fake = Fake::acting(3, [Head(code)]);
        assert!(
            call(&fake, READ)
                .await
                .unwrap()
                .headers()
                .contains_key("grpc-status")
        );
        assert_eq!(fake.seen().len(), 1, "{code:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn codes_that_the_application_marks_are_tried_again() {
    let marks = [("RETRYABLE", "hotel.Desk/Book:ABORTED")];
    let fake = Fake::acting(3, [Head(Code::Aborted), Trailers(Code::Aborted)]);
    retry(&fake, &marks)
        .call(request(BOOK, None))
        .await
        .unwrap();
    assert_eq!(fake.seen().len(), 3);

    let fake = Fake::acting(3, [Head(UNAVAILABLE)]);
    let _ = retry(&fake, &marks).call(request(BOOK, None)).await;
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_how_often_it_was_tried() {
    let fake = Fake::acting(3, [Head(UNAVAILABLE); 3]);
    let answer = call(&fake, READ).await;
    assert_eq!(message(&answer), "(after 3 attempts)");
    let trail = answer.unwrap().into_body().trail.unwrap();
    assert_eq!(trail.attempts().len(), 3);

    let error = call(&Fake::acting(3, [Lost; 3]), READ).await.unwrap_err();
    assert_eq!(error.to_string(), "lost i2 (after 3 attempts)");
    let FakeError::After(3, trail, _) = error else {
        panic!("{error}")
    };
    let ends: Vec<_> = trail
        .attempts()
        .iter()
        .map(|one| one.end.to_string())
        .collect();
    assert_eq!(ends, ["lost i0", "lost i1", "lost i2"]);
}

#[tokio::test(start_paused = true)]
async fn why_an_instance_failed_says_more_than_that_nobody_is_left() {
    let error = call(&Fake::acting(1, [Lost, Nobody]), READ)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "lost i0");
    let fake = Fake::acting(1, [Nobody]);
    assert_eq!(call(&fake, READ).await.unwrap_err().to_string(), "nobody");
    assert_eq!(
        fake.seen().len(),
        1,
        "who has waited for somebody does not wait again"
    );
}

#[tokio::test(start_paused = true)]
async fn between_attempts_there_is_a_pause_of_any_length_up_to_a_bound() {
    // A millisecond more, for that is how finely time is told.
    for (pause, bound) in [(0, 11), (1, 21)] {
        let (mut shortest, mut longest) = (Duration::MAX, Duration::ZERO);
        for _ in 0..100 {
            let fake = Fake::acting(3, [Lost, Lost]);
            call(&fake, READ).await.unwrap();
            let seen = fake.seen();
            let pause = seen[pause + 1].at - seen[pause].at;
            (shortest, longest) = (shortest.min(pause), longest.max(pause));
        }
        let bound = Duration::from_millis(bound);
        assert!(longest <= bound, "{longest:?}");
        // All of it is chance.
        assert!(
            shortest < bound / 4 && longest > bound / 2,
            "{shortest:?} {longest:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_says_when_to_come_again() {
    let fake = Fake::acting(3, [Pushback(UNAVAILABLE, "1500")]);
    call(&fake, READ).await.unwrap();
    let seen = fake.seen();
    assert_eq!(seen[1].at - seen[0].at, Duration::from_millis(1500));

    for never in ["-1", "later"] {
        let fake = Fake::acting(3, [Pushback(UNAVAILABLE, never)]);
        let _ = call(&fake, READ).await;
        assert_eq!(fake.seen().len(), 1, "{never}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_awaited_past_the_deadline() {
    let fake = Fake::acting(3, [Pushback(UNAVAILABLE, "1000")]);
    let started = Instant::now();
    let answer = retry(&fake, &[]).call(request(READ, Some("1S"))).await;
    assert!(answer.unwrap().headers().contains_key("grpc-status"));
    assert_eq!(
        started.elapsed(),
        Duration::ZERO,
        "the failure is told at once"
    );
    assert_eq!(fake.seen().len(), 1);

    let fake = Fake::acting(3, [Pushback(UNAVAILABLE, "400")]);
    retry(&fake, &[])
        .call(request(READ, Some("1S")))
        .await
        .unwrap();
    assert_eq!(fake.seen()[1].header("grpc-timeout"), Some("600000u"));
}

#[tokio::test(start_paused = true)]
async fn attempts_end_with_the_budget() {
    let fake = Fake::acting(3, [Lost; 1000]);
    let bounds = [("RETRY_BUDGET", "10%"), ("RETRY_FLOOR", "0")];
    let mut retry = retry(&fake, &bounds);
    for _ in 0..100 {
        retry.call(request(READ, None)).await.unwrap_err();
    }
    assert_eq!(fake.seen().len(), 110);
}

#[tokio::test(start_paused = true)]
async fn channels_to_a_service_share_what_their_calls_earn() {
    let acts = [Answer; 100].into_iter().chain([Lost; 100]);
    let fake = Fake::acting(3, acts);
    let settings = settings(&[("RETRY_BUDGET", "10%"), ("RETRY_FLOOR", "0")]);
    let budget = Arc::new(Budget::new(settings.allowance, Instant::now()));
    let channel = || RetryLayer::new(settings.clone(), budget.clone()).layer(fake.clone());
    let (mut one, mut other) = (channel(), channel());
    for _ in 0..100 {
        one.call(request(READ, None)).await.unwrap();
    }
    for _ in 0..20 {
        other.call(request(READ, None)).await.unwrap_err();
    }
    assert_eq!(fake.seen().len(), 100 + 20 + 12, "a tenth of all 120");
}

#[tokio::test(start_paused = true)]
async fn retries_can_be_switched_off() {
    let fake = Fake::acting(3, [Lost]);
    let off = [("RETRY_ATTEMPTS", "off")];
    retry(&fake, &off)
        .call(request(READ, None))
        .await
        .unwrap_err();
    assert_eq!(fake.seen()[0].header("bellhop-attempts"), None);

    let scope = Scope {
        attempts: Some(2),
        ..Scope::default()
    };
    let call = async { retry(&fake, &off).call(request(READ, None)).await };
    scope.enter(call).await.unwrap();
    assert_eq!(fake.seen()[1].header("bellhop-attempts"), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn even_then_what_reached_nobody_is_sent_elsewhere_once() {
    for off in ["off", "1"] {
        let off = [("RETRY_ATTEMPTS", off), ("RETRY_BUDGET", "0%")];
        for path in [READ, BOOK] {
            let fake = Fake::acting(3, [Unprocessed]);
            retry(&fake, &off).call(request(path, None)).await.unwrap();
            let seen = fake.seen();
            assert_eq!(instances(&fake), ["i0", "i1"]);
            assert!(
                seen.iter()
                    .all(|seen| seen.header("bellhop-attempts").is_none())
            );

            let fake = Fake::acting(3, [Unprocessed; 9]);
            let call = retry(&fake, &off).call(request(path, None));
            call.await.unwrap_err();
            assert_eq!(fake.seen().len(), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_sent_once() {
    for (size, attempts) in [(64 * 1024, 2), (64 * 1024 + 1, 1)] {
        let fake = Fake::acting(3, [Unprocessed]);
        let body = Bytes::from(vec![7; size]);
        let request = Request::post(READ).body(Body::new(Full::new(body.clone())));
        let _ = retry(&fake, &[]).call(request.unwrap()).await;
        let seen = fake.seen();
        assert_eq!(seen.len(), attempts, "{size}");
        assert!(seen.iter().all(|seen| seen.body == body));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_anywhere_leaves_nothing_behind() {
    let waits = at_every_await(async |lifetime| {
        let millis = Duration::from_millis;
        let script = [
            (millis(10), Lost),
            (millis(900), Trailers(UNAVAILABLE)),
            (millis(500), Answer),
        ];
        let fake = Fake::new(3, script);
        let mut retry = retry(&fake, &[]);
        let call = retry.call(request(READ, Some("60S")));
        let answer = lifetime.run(call).await;
        drop(retry);
        assert_eq!(fake.flying(), 0, "attempts under way");
        assert_eq!(fake.holders(), 0, "holders of the instances");
        answer.is_some_and(|answer| answer.is_ok())
    })
    .await;
    assert!(waits >= 4, "{waits}");
}
