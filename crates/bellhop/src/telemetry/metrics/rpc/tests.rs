//! Which series calls fall into.

use std::time::Duration;

use tokio::time::advance;

use super::{super::snapshot::Value, *};

/// Attributes and count of each series, as text.
fn series(calls: &Calls) -> Vec<String> {
    let mut snapshot = Snapshot::default();
    calls.collect(&mut snapshot);
    let durations = snapshot
        .families()
        .filter(|family| family.metric.unit == "s");
    let series = durations.flat_map(|family| &family.series);
    let text = |(attributes, value): (&Attributes, &Value)| {
        let values: Vec<_> = attributes.iter().map(|(_, value)| &**value).collect();
        match value {
            Value::Spread(spread) => format!("{} {}", values.join(" "), spread.count()),
            Value::Number(_) => unreachable!("durations spread"),
        }
    };
    series.map(text).collect()
}

fn server() -> Arc<Calls> {
    Arc::new(Calls::at(["geo.Geo"]))
}

#[test]
fn a_method_counts_under_its_name_once_it_was_answered() {
    let calls = server();
    calls.begin("/geo.Geo/Nearby").end(Code::Unavailable, None);
    for _ in 0..2 {
        let mut timing = calls.begin("/geo.Geo/Nearby");
        timing.handled();
        timing.end(Code::Ok, None);
    }
    calls.begin("/geo.Geo/Nearby").end(Code::Unavailable, None);
    assert_eq!(
        series(&calls),
        [
            "grpc _OTHER UNAVAILABLE UNAVAILABLE 1",
            "grpc geo.Geo/Nearby OK 2",
            "grpc geo.Geo/Nearby UNAVAILABLE UNAVAILABLE 1",
        ]
    );
}

#[test]
fn invented_methods_are_no_series() {
    let calls = server();
    for number in 0..1000 {
        calls
            .begin(&format!("/geo.Geo/M{number}"))
            .end(Code::Unimplemented, None);
        let mut timing = calls.begin(&format!("/p.S{number}/M"));
        timing.handled();
        timing.end(Code::Unimplemented, None);
    }
    assert_eq!(
        series(&calls),
        ["grpc _OTHER UNIMPLEMENTED UNIMPLEMENTED 2000"]
    );
}

#[test]
fn a_client_knows_what_it_calls() {
    let calls = Arc::new(Calls::to("geo".into()));
    let never_answered = calls.begin("/geo.Geo/Nearby");
    never_answered.end(Code::Unavailable, None);
    drop(calls.begin("/geo.Geo/Far"));
    assert_eq!(
        series(&calls),
        ["grpc geo.Geo/Nearby UNAVAILABLE UNAVAILABLE geo 1"]
    );
}

#[test]
fn methods_that_are_too_many_are_one_series() {
    let calls = Arc::new(Calls::to("geo".into()));
    for number in 0..METHODS + 10 {
        calls
            .begin(&format!("/p.S/M{number:03}"))
            .end(Code::Ok, None);
    }
    let series = series(&calls);
    assert_eq!(series.len(), METHODS + 1);
    assert!(series.contains(&"true 10".to_owned()), "{series:?}");
}

#[test]
fn a_client_blames_every_code_but_ok() {
    let calls = Arc::new(Calls::to("geo".into()));
    calls.begin("/geo.Geo/Nearby").end(Code::NotFound, None);
    let at_the_client = series(&calls);
    let calls = server();
    calls.begin("/geo.Geo/Nearby").end(Code::NotFound, None);
    assert_eq!(
        at_the_client,
        ["grpc geo.Geo/Nearby NOT_FOUND NOT_FOUND geo 1"]
    );
    assert_eq!(series(&calls), ["grpc _OTHER NOT_FOUND 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_under_way_until_it_ends() {
    let calls = Arc::new(Calls::to("geo".into()));
    let active = || calls.active.load(Relaxed);
    let (one, other) = (calls.begin("/geo.Geo/A"), calls.begin("/geo.Geo/A"));
    assert_eq!(active(), 2);
    drop(other);
    advance(Duration::from_secs(3)).await;
    one.end(Code::Ok, None);
    assert_eq!(active(), 0);
    let place = calls
        .methods
        .find(hash(b"geo.Geo/A"), |known| **known == *"geo.Geo/A");
    let by_code = calls.methods.at(place.unwrap()).unwrap();
    assert_eq!(by_code.0[0].get().unwrap().read().sum, 3.0);
}
