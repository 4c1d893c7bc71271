use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    http::{Request, StatusCode},
};
use bellhop::{limit::ClientLimiter, server::RemoteAddr};
use frontend::{Frontend, Settings};
use serde_json::Value;

use crate::support::{Answer, EXAMPLE, real_profile, real_search, send};

/// Two at once and then one each two seconds; proxies in 10.0.0.0/8 are trusted.
fn limited() -> Router {
    let proxies = "10.0.0.0/8".parse().unwrap();
    let settings = Settings {
        limit: Some(ClientLimiter::new("0.5:2".parse().unwrap(), proxies)),
        ..Settings::default()
    };
    Frontend::new(real_search(), real_profile(), settings).router()
}

async fn ask(router: &Router, path: &str, peer: &str, forwarded_for: &str) -> Answer {
    let mut request = Request::get(path);
    if !peer.is_empty() {
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        request = request.extension(RemoteAddr(peer));
    }
    if !forwarded_for.is_empty() {
        request = request.header("x-forwarded-for", forwarded_for);
    }
    send(router, request).await
}

async fn status(router: &Router, peer: &str, forwarded_for: &str) -> u16 {
    let answer = ask(router, EXAMPLE, peer, forwarded_for).await;
    answer.status.as_u16()
}

#[tokio::test(start_paused = true)]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let router = limited();
    for _ in 0..2 {
        assert_eq!(status(&router, "192.0.2.1", "").await, 200);
    }
    for (pause, seconds) in [(0, 2), (500, 2), (600, 1)] {
        tokio::time::advance(Duration::from_millis(pause)).await;
        let answer = ask(&router, EXAMPLE, "192.0.2.1", "").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.header("retry-after"), seconds.to_string());
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("x-trace-id").len(), 32);
        let error = &answer.json::<Value>()["error"];
        assert_eq!(error["code"], "RATE_LIMITED");
        let message = format!("too many requests from one address, try again in {seconds} s");
        assert_eq!(error["message"], message);
    }
    // What was told is enough.
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(status(&router, "192.0.2.1", "").await, 200);
    assert_eq!(status(&router, "192.0.2.1", "").await, 429);
}

#[tokio::test(start_paused = true)]
async fn the_page_is_one_request() {
    let router = limited();
    let page = ask(&router, "/", "192.0.2.1", "").await;
    assert_eq!(page.status, StatusCode::OK);
    let parts = ["/assets/LICENSES.txt", "/settings.json"];
    for part in parts.repeat(5) {
        let answer = ask(&router, part, "192.0.2.1", "").await;
        assert_eq!(answer.status, StatusCode::OK, "{part}");
    }
    assert_eq!(status(&router, "192.0.2.1", "").await, 200);
    for path in ["/", "/nothing", EXAMPLE] {
        let answer = ask(&router, path, "192.0.2.1", "").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_client_has_its_own() {
    let router = limited();
    let table = [
        ("192.0.2.1", "", [200, 200, 429]),
        ("192.0.2.2", "", [200, 200, 429]),
        ("::ffff:192.0.2.1", "", [429, 429, 429]),
        ("2001:db8:1:2::1", "", [200, 200, 429]),
        ("2001:db8:1:2:ff::1", "", [429, 429, 429]),
        ("2001:db8:1:3::1", "", [200, 200, 429]),
        // A header of somebody who is not trusted counts for nothing.
        ("192.0.2.1", "203.0.113.1", [429, 429, 429]),
        // One of a proxy does, whatever the client wrote before it.
        ("10.0.0.1", "203.0.113.1", [200, 200, 429]),
        (
            "10.0.0.2",
            "1.2.3.4, 203.0.113.1, 10.0.0.1",
            [429, 429, 429],
        ),
        ("10.0.0.1", "203.0.113.2", [200, 200, 429]),
        // Junk from a proxy is the proxy's own.
        ("10.0.0.1", "junk", [200, 200, 429]),
        ("10.0.0.1", "", [429, 429, 429]),
    ];
    for (peer, forwarded_for, expected) in table {
        for expected in expected {
            let status = status(&router, peer, forwarded_for).await;
            assert_eq!(status, expected, "{peer} {forwarded_for}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn health_is_for_everybody_at_any_time() {
    let router = limited();
    for path in ["/", "/nowhere", EXAMPLE] {
        ask(&router, path, "192.0.2.1", "").await;
    }
    for path in ["/", "/nowhere", EXAMPLE] {
        let answer = ask(&router, path, "192.0.2.1", "").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        for _ in 0..10 {
            let answer = ask(&router, path, "192.0.2.1", "").await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn without_a_limit_nobody_is_refused() {
    let router = Frontend::new(real_search(), real_profile(), Settings::default()).router();
    for _ in 0..100 {
        assert_eq!(status(&router, "192.0.2.1", "").await, 200);
    }
}
