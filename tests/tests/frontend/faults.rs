use std::time::Duration;

use axum::http::{Method, Request, StatusCode};
use frontend::{Frontend, Settings};
use hotel_proto::{
    profile::Hotel,
    rate::{RatePlan, RoomType},
    search::SearchResult,
    view::{Encoded, Found},
};
use prost::Message;
use serde::Deserialize;
use tonic::{Code, Status, metadata::MetadataValue};

use crate::support::{
    Answer, Describes, EXAMPLE, Finds, failing, get, over, real, real_profile, real_search, send,
    silent, untouchable,
};

#[derive(Debug, Deserialize)]
struct Body {
    error: Told,
}

#[derive(Debug, Deserialize)]
struct Told {
    code: String,
    message: String,
    field: Option<String>,
}

fn told(answer: &Answer) -> Told {
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(answer.header("x-trace-id").len(), 32);
    answer.json::<Body>().error
}

#[tokio::test]
async fn bad_input_is_told_by_field_and_asks_nobody() {
    let router = over(untouchable(), untouchable());
    for (field, query) in [
        ("inDate", "outDate=2015-04-10"),
        ("outDate", "inDate=2015-04-09"),
        ("outDate", "inDate=2015-04-09&outDate=2015-04-09"),
        ("inDate", "inDate=2015-04-31&outDate=2015-05-01"),
        (
            "inDate",
            "inDate=2015-04-09&outDate=2015-04-10&inDate=2015-04-09",
        ),
        ("lon", "inDate=2015-04-09&outDate=2015-04-10&lat=1"),
        ("lat", "inDate=2015-04-09&outDate=2015-04-10&lat=x&lon=1"),
        ("limit", "inDate=2015-04-09&outDate=2015-04-10&limit=0"),
        ("radius", "inDate=2015-04-09&outDate=2015-04-10&radius=51"),
        ("locale", "inDate=2015-04-09&outDate=2015-04-10&locale=%00"),
        ("query", "inDate=2015-04-09&outDate=2015-04-10&x=%ff"),
    ] {
        let answer = get(&router, &format!("/hotels?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let told = told(&answer);
        assert_eq!(
            (&*told.code, told.field.as_deref()),
            ("INVALID_ARGUMENT", Some(field))
        );
        assert!(
            told.message.starts_with(&format!("{field}: expected ")),
            "{}",
            told.message
        );
    }
}

#[tokio::test]
async fn the_fault_of_an_upstream_is_told_by_its_code() {
    let (unavailable, internal) = ("search: no map", "search failed with ");
    for (code, status, name, message) in [
        (Code::InvalidArgument, 400, "INVALID_ARGUMENT", unavailable),
        (Code::ResourceExhausted, 429, "RATE_LIMITED", unavailable),
        (Code::Unavailable, 503, "UNAVAILABLE", unavailable),
        (
            Code::DeadlineExceeded,
            504,
            "DEADLINE_EXCEEDED",
            unavailable,
        ),
        (Code::Cancelled, 504, "DEADLINE_EXCEEDED", unavailable),
        (Code::Unknown, 500, "INTERNAL", internal),
        (Code::NotFound, 500, "INTERNAL", internal),
        (Code::AlreadyExists, 500, "INTERNAL", internal),
        (Code::PermissionDenied, 500, "INTERNAL", internal),
        (Code::FailedPrecondition, 500, "INTERNAL", internal),
        (Code::Aborted, 500, "INTERNAL", internal),
        (Code::OutOfRange, 500, "INTERNAL", internal),
        (Code::Unimplemented, 500, "INTERNAL", internal),
        (Code::Internal, 500, "INTERNAL", internal),
        (Code::DataLoss, 500, "INTERNAL", internal),
        (Code::Unauthenticated, 500, "INTERNAL", internal),
    ] {
        let router = over(failing(Status::new(code, "no map")), untouchable());
        let answer = get(&router, EXAMPLE).await;
        assert_eq!(answer.status.as_u16(), status, "{code:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let has_retry = matches!(status, 429 | 503);
        assert_eq!(
            answer.header("retry-after"),
            if has_retry { "1" } else { "" }
        );
        let told = told(&answer);
        assert_eq!(told.code, name, "{code:?}");
        assert!(
            told.message.starts_with(message),
            "{code:?}: {}",
            told.message
        );
        assert_eq!(told.message.contains("no map"), status != 500, "{code:?}");
    }
}

#[tokio::test]
async fn the_upstream_that_failed_is_named() {
    let router = over(real_search(), failing(Status::unavailable("")));
    let told = told(&get(&router, EXAMPLE).await);
    assert_eq!(
        told.message,
        "profile: The service is currently unavailable"
    );
}

#[tokio::test]
async fn so_is_one_whose_text_is_none() {
    let whole = Hotel {
        id: "1".to_owned(),
        description: "a \"fine\" house".to_owned(),
        ..Hotel::default()
    };
    let found = |plan: &[u8]| {
        let mut found = Encoded::default();
        let one = Found {
            hotel_id: "1",
            distance_m: 1.0,
            rate_plan: plan,
        };
        one.push_on(&mut found);
        let result = SearchResult {
            hotel_ids: Some(["1"].into_iter().collect()),
            found: Some(found),
            degraded: Vec::new(),
        };
        Finds(result).channel()
    };
    let room = RoomType {
        room_description: "wide".to_owned(),
        ..RoomType::default()
    };
    let plan = RatePlan {
        room_type: Some(room),
        ..RatePlan::default()
    };
    // One byte of a text is another.
    let broken = |message: Vec<u8>, text: &[u8]| {
        let at = message.windows(text.len()).position(|piece| piece == text);
        let mut broken = message;
        broken[at.unwrap()] = 0xff;
        broken
    };
    let (hotel, plan) = (whole.encode_to_vec(), plan.encode_to_vec());
    let profile = |hotel: &[u8]| Describes([hotel].into_iter().collect()).channel();
    let answer = get(&over(found(&plan), profile(&hotel)), EXAMPLE).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("wide") && answer.body.contains(r#"a \"fine\" house"#));

    let mute = broken(hotel.clone(), b"a \"fine");
    let answer = get(&over(found(&plan), profile(&mute)), EXAMPLE).await;
    assert_eq!(told(&answer).message, "profile failed with INTERNAL");
    // One that nobody is found by.
    let nameless = broken(hotel.clone(), b"1");
    let answer = get(&over(found(&plan), profile(&nameless)), EXAMPLE).await;
    assert_eq!(told(&answer).message, "profile failed with INTERNAL");
    let mute = broken(plan, b"wide");
    let answer = get(&over(found(&mute), profile(&hotel)), EXAMPLE).await;
    assert_eq!(told(&answer).message, "search failed with INTERNAL");
}

#[tokio::test]
async fn an_upstream_may_say_when_to_try_again() {
    for (pushback, seconds) in [("2500", "3"), ("0", "1"), ("-1", "1"), ("soon", "1")] {
        let mut status = Status::resource_exhausted("slow down");
        let value = MetadataValue::from_static(pushback);
        status
            .metadata_mut()
            .insert("grpc-retry-pushback-ms", value);
        let answer = get(&over(failing(status), untouchable()), EXAMPLE).await;
        assert_eq!(answer.header("retry-after"), seconds, "{pushback}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_ends_at_its_deadline() {
    let settings = Settings {
        deadline: Duration::from_millis(250),
        ..Settings::default()
    };
    let router = Frontend::new(real_search(), silent(), settings).router();
    let answer = get(&router, EXAMPLE).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let told = told(&answer);
    assert_eq!(
        (&*told.code, &*told.message),
        ("DEADLINE_EXCEEDED", "no answer within 250ms")
    );
}

#[tokio::test]
async fn a_panic_is_an_internal_error() {
    let answer = get(&over(untouchable(), untouchable()), EXAMPLE).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let told = told(&answer);
    assert_eq!(
        (&*told.code, &*told.message),
        ("INTERNAL", "internal error")
    );
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    for path in [
        "/hotel",
        "/hotels/",
        "/assets/",
        "/assets/page.jsx",
        "/%3Cb%3E",
    ] {
        let answer = get(&real(), path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(told(&answer).code, "NOT_FOUND");
    }
}

#[tokio::test]
async fn another_method_is_not_allowed() {
    for path in [EXAMPLE, "/", "/assets/LICENSES.txt", "/healthz", "/readyz"] {
        for method in [Method::POST, Method::DELETE, Method::OPTIONS] {
            let request = Request::builder().method(method).uri(path);
            let answer = send(&real(), request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(answer.header("allow"), "GET,HEAD", "{path}");
            assert_eq!(told(&answer).code, "METHOD_NOT_ALLOWED");
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_ids_of_its_request() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    for path in [EXAMPLE, "/hotels", "/", "/nowhere", "/healthz"] {
        let request = Request::get(path)
            .header("x-request-id", "mine-1")
            .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
        let answer = send(&real(), request).await;
        assert_eq!(answer.header("x-request-id"), "mine-1", "{path}");
        assert_eq!(answer.header("x-trace-id"), TRACE, "{path}");
    }
    let settings = Settings {
        trace_id: || Some("0af7651916cd43dd8448eb211c80319c".into()),
        ..Settings::default()
    };
    let router = Frontend::new(real_search(), real_profile(), settings).router();
    let answer = get(&router, "/healthz").await;
    assert_eq!(
        answer.header("x-trace-id"),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(answer.header("x-request-id").len(), 32);
}
