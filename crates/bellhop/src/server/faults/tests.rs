//! When faults are in force.

use proptest::prelude::*;
use tokio::time::{Duration, timeout};

use super::*;

fn wish(latency: u64, errors: f64, paused: bool, seconds: u64) -> Wish {
    let said = serde_json::json!({
        "latency_ms": latency, "errors": errors, "paused": paused, "seconds": seconds,
    });
    Wish::read(said.to_string().as_bytes()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_late_or_fails_until_that_ends() {
    let faults = Faults::default();
    let start = Instant::now();
    assert!(faults.admit(0.0).await);
    faults.set(start, wish(200, 0.5, false, 10), "a test");
    assert!(faults.admit(0.5).await);
    assert_eq!(start.elapsed(), Duration::from_millis(200));
    assert!(!faults.admit(0.49).await);
    assert_eq!(start.elapsed(), Duration::from_millis(400));
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(faults.standing(Instant::now()), None);
    let late = Instant::now();
    assert!(faults.admit(0.0).await);
    assert_eq!(late.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_goes_on_when_somebody_ends_it_or_by_itself() {
    let faults = Faults::default();
    faults.set(Instant::now(), wish(0, 0.0, true, 300), "a test");
    let held = faults.admit(0.0);
    tokio::pin!(held);
    assert!(timeout(Duration::from_secs(200), &mut held).await.is_err());
    faults.end("a test");
    assert!(held.await);
    faults.set(Instant::now(), wish(0, 0.0, true, 300), "a test");
    let start = Instant::now();
    assert!(faults.admit(0.0).await);
    assert_eq!(start.elapsed(), LONGEST);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_end_sees_it_or_what_takes_its_place() {
    let faults = Faults::default();
    faults.clone().outlast().await;
    let start = Instant::now();
    faults.set(start, wish(1, 0.0, false, 10), "a test");
    let first = tokio::spawn(faults.clone().outlast());
    tokio::task::yield_now().await;
    faults.set(start, wish(2, 0.0, false, 20), "a test");
    first.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(faults.standing(start).is_some());
    faults.clone().outlast().await;
    assert_eq!(start.elapsed(), Duration::from_secs(20));
    assert_eq!(*faults.standing.borrow(), None);
}

#[test]
fn what_cannot_be_is_refused() {
    for (bad, why) in [
        ("", BadWish::Json),
        ("[]x", BadWish::Json),
        (r#"{"stop": true}"#, BadWish::Json),
        ("{}", BadWish::Nothing),
        (r#"{"latency_ms": 30001}"#, BadWish::Latency),
        (r#"{"errors": 1.1}"#, BadWish::Errors),
        (r#"{"errors": -0.1}"#, BadWish::Errors),
        (r#"{"paused": true, "seconds": 301}"#, BadWish::Lasts),
        (r#"{"paused": true, "seconds": 0}"#, BadWish::Lasts),
    ] {
        assert_eq!(Wish::read(bad.as_bytes()), Err(why), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_wish_is_for_longer_than_is_allowed(text in "\\PC{0,60}", seconds in any::<u64>()) {
        let _ = Wish::read(text.as_bytes());
        let said = format!(r#"{{"paused": true, "seconds": {seconds}}}"#);
        let read = Wish::read(said.as_bytes());
        prop_assert_eq!(read.is_ok(), (1..=300).contains(&seconds));
    }
}
