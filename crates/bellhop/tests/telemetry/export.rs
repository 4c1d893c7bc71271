//! Who the spans say they are from, and when they are sent.

use bellhop::telemetry::ServerCall;
use http::HeaderMap;
use tonic::Code;

use crate::support::{Collector, Find, PATIENCE, PROTOCOLS, identity, member, settings};

fn call(path: &str) -> ServerCall<'_> {
    ServerCall { path, peer: None }
}

#[tokio::test]
async fn members_of_one_process_are_told_apart() {
    let mut collector = Collector::start().await;
    for name in ["geo", "rate"] {
        let member = member(name, &collector.url(), "grpc", &[]);
        let span = member.server(&HeaderMap::new(), call(name));
        span.end_grpc(Code::Ok);
        member.shutdown(PATIENCE).await.unwrap();
    }
    let spans = collector.rest();
    for name in ["geo", "rate"] {
        let resource = &spans.named(name).resource;
        assert_eq!(resource["service.name"], name);
        assert_eq!(resource["service.instance.id"], "instance-1");
        assert_eq!(resource["service.version"], "1.2.3");
        assert_eq!(resource["telemetry.sdk.language"], "rust");
    }
}

#[tokio::test]
async fn an_operators_words_win() {
    let mut collector = Collector::start().await;
    let more = [
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.version=9,service.name=lost,zone=a%20b",
        ),
        ("OTEL_SERVICE_NAME", "renamed"),
    ];
    let geo = member("geo", &collector.url(), "http/protobuf", &more);
    geo.server(&HeaderMap::new(), call("/one"))
        .end_grpc(Code::Ok);
    geo.shutdown(PATIENCE).await.unwrap();

    let resource = collector.rest().remove(0).resource;
    assert_eq!(resource["service.name"], "renamed");
    assert_eq!(resource["service.version"], "9");
    assert_eq!(resource["zone"], "a b");
}

#[tokio::test]
async fn headers_are_sent_along() {
    for protocol in PROTOCOLS {
        let mut collector = Collector::start().await;
        let more = [("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")];
        let geo = member("geo", &collector.url(), protocol, &more);
        geo.server(&HeaderMap::new(), call("/one"))
            .end_grpc(Code::Ok);
        geo.shutdown(PATIENCE).await.unwrap();

        let headers = collector.rest().remove(0).headers;
        let sent: Vec<_> = headers.get_all("authorization").iter().collect();
        assert_eq!(sent, ["Bearer abc"], "{protocol}");
        // Set only in the environment of the test below.
        assert!(!headers.contains_key("x-more"), "{protocol}");
    }
}

#[tokio::test]
async fn spans_are_sent_while_the_member_runs() {
    for protocol in PROTOCOLS {
        let mut collector = Collector::start().await;
        let more = [("OTEL_BSP_SCHEDULE_DELAY", "10")];
        let geo = member("geo", &collector.url(), protocol, &more[..]);
        for _ in 0..3 {
            geo.server(&HeaderMap::new(), call("/one"))
                .end_grpc(Code::Ok);
            assert_eq!(collector.next(1).await[0].span.name, "one");
        }
        geo.shutdown(PATIENCE).await.unwrap();
    }
}

#[tokio::test]
async fn shards_with_runtimes_of_their_own_share_one_export() {
    let mut collector = Collector::start().await;
    let geo = member("geo", &collector.url(), "grpc", &[]);
    let shards: Vec<_> = (0..4)
        .map(|_| {
            let geo = geo.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    for _ in 0..100 {
                        let span = geo.server(&HeaderMap::new(), call("/one"));
                        tokio::task::yield_now().await;
                        span.end_grpc(Code::Ok);
                    }
                });
            })
        })
        .collect();
    for shard in shards {
        shard.join().unwrap();
    }
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 400);
}

#[tokio::test]
async fn traces_may_have_an_endpoint_of_their_own() {
    let mut collector = Collector::start().await;
    let traces = format!("{}/v1/traces", collector.url());
    let geo = settings(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &traces),
    ])
    .start(identity("geo"))
    .unwrap();
    geo.server(&HeaderMap::new(), call("/one"))
        .end_grpc(Code::Ok);
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 1);
}

#[tokio::test]
async fn a_second_shutdown_and_late_spans_do_no_harm() {
    let mut collector = Collector::start().await;
    let geo = member("geo", &collector.url(), "grpc", &[]);
    geo.shutdown(PATIENCE).await.unwrap();
    geo.server(&HeaderMap::new(), call("/late"))
        .end_grpc(Code::Ok);
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 0);
}

/// Runs the tests of what an operator sets once more, in a process whose environment says otherwise.
#[test]
fn the_process_environment_is_not_read() {
    let environment = [
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=wrong,x-more=wrong",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "zone=wrong"),
        ("OTEL_SERVICE_NAME", "wrong"),
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
    ];
    let run = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["headers_are_sent_along", "an_operators_words_win"])
        .envs(environment)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("2 passed"), "{said}");
}
