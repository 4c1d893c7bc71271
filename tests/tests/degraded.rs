//! What the frontend answers while others are down, one process per service.

use e2e::{Answer, Launch, Process, Receiver, Registry, System, until};
use futures_util::future::join_all;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

/// Log lines of a process at a level that mean degraded answers.
fn told(process: &Process, level: &str) -> usize {
    let output = process.output();
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let about = |line: &Value| {
        let message = line["message"].as_str().unwrap_or_default();
        line["level"] == level && (message.contains("degraded") || message.contains("rate"))
    };
    lines.filter(about).count()
}

/// Whether a degraded answer has all that it should; an answer that is neither whole nor degraded is a failure.
fn is_degraded(answer: &Answer) -> bool {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 200, "{body}");
    let answer = answer.json();
    let features = answer["features"].as_array().unwrap();
    let ids: Vec<_> = features
        .iter()
        .take(2)
        .map(|feature| &feature["id"])
        .collect();
    assert_eq!(ids, ["5", "3"], "{body}");
    let degraded = answer.get("degraded").is_some();
    for feature in features {
        assert_eq!(feature["properties"]["price"].is_null(), degraded, "{body}");
    }
    if degraded {
        assert_eq!(answer["degraded"], serde_json::json!(["rate"]));
    }
    degraded
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_rate_there_are_hotels_without_prices_until_there_is_one() {
    let registry = Registry::mini().await;
    let receiver = Receiver::start().await;
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        .set("OTEL_BSP_SCHEDULE_DELAY", "50");
    let mut system = System::start(launch).await;
    system.add("rate");
    system.passing(&registry, "rate", 2).await;
    assert!(!is_degraded(&system.example_with(&[]).await.unwrap()));

    // Killed, not stopped: the registry still names them.
    system.processes.remove("rate");
    until("a degraded answer", || async {
        is_degraded(&system.example_with(&[]).await.unwrap()).then_some(())
    })
    .await;
    for _ in 0..3 {
        assert!(is_degraded(&system.example_with(&[]).await.unwrap()));
    }
    for service in ["frontend", "search"] {
        assert_eq!(told(&system.processes[service][0], "WARN"), 1, "{service}");
    }
    until("an event of a span", || async {
        let spans = receiver.spans();
        let mut roots = spans.iter().filter(|span| span.name == "GET /hotels");
        roots.find(|span| span.events == ["degraded"]).map(|_| ())
    })
    .await;

    system.add("rate");
    until("a whole answer", || async {
        let answer = system.example_with(&[]).await.unwrap();
        (!is_degraded(&answer)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_rate_costs_nobody_an_answer_under_load() {
    let registry = Registry::mini().await;
    let mut system = System::start(Launch::new(BINARY).registry(&registry)).await;
    let many = async |system: &System, count| {
        let requests = (0..count).map(|_| system.example_with(&[]));
        let answers = join_all(requests).await;
        let degraded = answers
            .into_iter()
            .map(|answer| is_degraded(&answer.unwrap()));
        degraded.filter(|degraded| *degraded).count()
    };
    // A burst, so that the servers know what it is to have much to do.
    assert_eq!(many(&system, 200).await, 0);
    system.processes.remove("rate");
    // Each waits for a rate to come back: many more are under way than before.
    for _ in 0..5 {
        many(&system, 100).await;
    }
    assert_eq!(many(&system, 100).await, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_that_hangs_does_not_take_the_answer_with_it() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    // So that it stays known although it reports nothing.
    let system = System::start(launch.set("BELLHOP_CHECK", "ttl")).await;
    assert!(!is_degraded(&system.example_with(&[]).await.unwrap()));
    let rate = &system.processes["rate"][0];
    rate.signal("STOP");
    assert!(is_degraded(&system.example_with(&[]).await.unwrap()));
    rate.signal("CONT");
    until("a whole answer", || async {
        let answer = system.example_with(&[]).await.unwrap();
        (!is_degraded(&answer)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_geo_or_profile_the_answer_says_who_is_missing() {
    let registry = Registry::mini().await;
    for missing in ["geo", "profile"] {
        let mut system = System::start(Launch::new(BINARY).registry(&registry)).await;
        system.processes.remove(missing);
        // Nobody comes for a second; from then on a call waits for a tenth of it.
        let message = until("an answer of 503 that fails fast", || async {
            let answer = system.example_with(&[]).await.unwrap();
            if answer.status == 200 {
                assert!(!is_degraded(&answer));
                return None;
            }
            assert_eq!(answer.status, 503);
            assert!(!answer.header("retry-after").is_empty());
            let error = answer.json()["error"].clone();
            assert_eq!(error["code"], "UNAVAILABLE");
            let message = error["message"].as_str().unwrap();
            message
                .contains("(waited 100ms)")
                .then(|| message.to_owned())
        })
        .await;
        assert!(message.contains(&format!("{missing}: ")), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_calls_others_no_more_often_than_it_may() {
    let registry = Registry::mini().await;
    let limited = |service: &str, rate| {
        let setting = format!("BELLHOP_CHANNEL_{service}_CLIENT_LIMIT");
        Launch::new(BINARY).registry(&registry).set(&setting, rate)
    };
    let system = System::start(limited("SEARCH", "0.01:2")).await;
    for _ in 0..2 {
        assert!(!is_degraded(&system.example_with(&[]).await.unwrap()));
    }
    let refused = system.example_with(&[]).await.unwrap();
    assert_eq!(refused.status, 429);
    let seconds: u32 = refused.header("retry-after").parse().unwrap();
    assert!((90..=100).contains(&seconds), "{seconds}");

    // Without its share of rate, search answers what it can.
    drop(system);
    let system = System::start(limited("RATE", "0.01:1")).await;
    assert!(!is_degraded(&system.example_with(&[]).await.unwrap()));
    assert!(is_degraded(&system.example_with(&[]).await.unwrap()));
}
