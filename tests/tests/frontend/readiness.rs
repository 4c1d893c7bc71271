use axum::http::StatusCode;
use frontend::{Frontend, Settings};
use tokio::time::Instant;
use tonic::Status;
use tonic_health::ServingStatus;

use crate::support::{failing, get, over, real, silent, untouchable};

#[tokio::test]
async fn alive_asks_nobody() {
    let answer = get(&over(untouchable(), untouchable()), "/healthz").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (StatusCode::OK, r#"{"status":"ok"}"#)
    );
}

#[tokio::test]
async fn ready_when_everything_answers() {
    // The services in memory have no health service: UNIMPLEMENTED is an answer too.
    let answer = get(&real(), "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.body,
        r#"{"status":"ok","dependencies":{"search":"ok","profile":"ok"}}"#
    );
}

#[tokio::test]
async fn whoever_cannot_be_reached_is_named() {
    let gone = failing(Status::unavailable("no instance of profile is passing"));
    let answer = get(&over(failing(Status::internal("odd")), gone), "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        answer.body,
        r#"{"status":"unavailable","dependencies":{"search":"ok","profile":"UNAVAILABLE: no instance of profile is passing"}}"#
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_waited_for_once_and_bounded() {
    let start = Instant::now();
    let answer = get(&over(silent(), silent()), "/readyz").await;
    assert_eq!(
        start.elapsed().as_millis() / 10,
        200,
        "both at the same time"
    );
    let silence = "DEADLINE_EXCEEDED: no answer within 2s";
    assert_eq!(
        answer.body,
        format!(
            r#"{{"status":"unavailable","dependencies":{{"search":"{silence}","profile":"{silence}"}}}}"#
        )
    );
}

#[tokio::test]
async fn more_dependencies_are_asked_by_their_service() {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("geo.Geo", ServingStatus::Serving)
        .await;
    reporter
        .set_service_status("rate.Rate", ServingStatus::NotServing)
        .await;
    let router = Frontend::new(health.clone(), health.clone(), Settings::default())
        .with_dependency("geo", "geo.Geo", health.clone())
        .with_dependency("rate", "rate.Rate", health)
        .router();
    let answer = get(&router, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        answer.body,
        r#"{"status":"unavailable","dependencies":{"search":"ok","profile":"ok","geo":"ok","rate":"NOT_SERVING: it answers, but does not serve"}}"#
    );
}

#[tokio::test]
async fn whoever_can_be_done_without_does_not_take_the_frontend_out_of_rotation() {
    let health = tonic_health::server::health_reporter().1;
    let gone = failing(Status::unavailable("nobody"));
    let router = Frontend::new(health.clone(), health, Settings::default())
        .with_optional_dependency("rate", "rate.Rate", gone)
        .router();
    let answer = get(&router, "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.body,
        r#"{"status":"degraded","dependencies":{"search":"ok","profile":"ok","rate":"UNAVAILABLE: nobody"}}"#
    );
}
