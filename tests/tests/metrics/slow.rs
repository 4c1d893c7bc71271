//! A collector that is slow: what requests, the queue and the memory of a process make of it.

use std::{sync::Arc, time::Duration};

use e2e::{Client, Launch, Receiver, Registry, System, total};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
/// Spans that wait, and those that are on their way.
const QUEUE: usize = 64;
const BATCH: usize = 16;
/// Enough that spans of all of them would be seen in the memory of the process.
const REQUESTS: usize = 10_000;
const CLIENTS: usize = 8;
/// More than what sockets and buffers of so many clients take.
const ROOM: f64 = (4 << 20) as f64;

/// Requests that end at the door: each is one span. All must be answered.
async fn ask(system: &Arc<System>, requests: usize) {
    let clients = (0..CLIENTS).map(|_| {
        let system = system.clone();
        tokio::spawn(async move {
            let client = Client::new();
            let url = format!("{}/hotels?inDate=none", system.address());
            for _ in 0..requests / CLIENTS {
                let answer = client.get(&url).await.expect("an answer");
                assert_eq!(answer.status, 400);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("answers");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_collector_costs_spans_and_neither_requests_nor_memory() {
    let registry = Registry::mini().await;
    let receiver = Receiver::slow(Duration::from_millis(500)).await;
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("RUST_LOG", "warn,hotels=info,bellhop::mesh=info")
        .set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &receiver.endpoint())
        .set("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")
        .set("OTEL_BSP_SCHEDULE_DELAY", "1")
        .set("OTEL_BSP_MAX_QUEUE_SIZE", &QUEUE.to_string())
        .set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", &BATCH.to_string());
    let system = Arc::new(System::start(launch).await);
    let admin = system.processes["frontend"][0].admin("frontend").await;
    let text = async || {
        let answer = Client::new().get(&format!("http://{admin}/metrics")).await;
        String::from_utf8(answer.expect("metrics").body.to_vec()).expect("text")
    };
    let memory = |text: &str| total(text, "process_memory_usage_bytes", &[]);
    ask(&system, REQUESTS / 10).await;
    for _ in 0..50 {
        system.example().await.expect("an answer");
    }
    let before = text().await;
    ask(&system, REQUESTS).await;
    let after = text().await;

    // What was neither taken nor given up waits, and there is room for so many only.
    let dropped = |why: &str| {
        let dropped = "bellhop_telemetry_dropped_total";
        total(&after, dropped, &[("error_type", why)]) as usize
    };
    let spans = receiver.spans();
    let taken = spans.iter().filter(|span| span.service == "frontend");
    let taken = taken.count();
    let known = taken + dropped("queue_full");
    assert!(known + QUEUE + BATCH >= REQUESTS, "{known}");
    assert!(taken > 0, "it is slow, but it takes some");
    // Requests that waited for room in the queue would be as slow as the collector, and lose nothing.
    assert!(dropped("queue_full") > taken, "{taken} were taken");
    assert_eq!(dropped("export_failed"), 0);
    let grown = memory(&after) - memory(&before);
    assert!(grown < ROOM, "{grown}");
}
