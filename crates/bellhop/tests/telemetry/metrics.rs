//! Metrics at a collector, and what happens where it takes nothing.

use std::{collections::BTreeMap, convert::Infallible};

use bellhop::{
    App, Mesh, Serving,
    server::{HttpRoute, RequestBody},
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{HistogramDataPoint, metric::Data},
};

use crate::support::{Collector, Gate, PROTOCOLS, within};

/// Far beyond any test: what waits for an export hangs.
const NEVER: &str = "3600000";

/// A member that answers everything, and exports when it stops.
async fn member(collector: &Collector, more: &[(&str, &str)]) -> (Mesh, Serving) {
    let url = collector.url();
    let common = [
        // Nobody: registering goes on beside all this.
        ("CONSUL_HTTP_ADDR", "127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "3600000"),
        ("BELLHOP_DRAIN_QUIET", "1ms"),
    ];
    let settings = common.into_iter().chain(more.iter().copied());
    let settings: BTreeMap<_, _> = settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mesh = Mesh::from_source("door", &settings).expect("good settings");
    let serving = mesh.start(|_| App::http(tower::service_fn(answer))).await;
    (mesh, serving.expect("a start"))
}

async fn answer(_: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    response.extensions_mut().insert(HttpRoute("/here"));
    Ok(response)
}

async fn ask(serving: &Serving, times: usize) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    for _ in 0..times {
        let url = format!("http://{}/here", serving.address());
        let url = url.parse().expect("a url");
        let answer = within("an answer", client.get(url))
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

/// The one series of the durations of requests.
fn requests(pushed: &ExportMetricsServiceRequest) -> Option<&HistogramDataPoint> {
    let scope = &pushed.resource_metrics[0].scope_metrics[0];
    let mut metrics = scope.metrics.iter();
    let metric = metrics.find(|metric| metric.name == "http.server.request.duration")?;
    assert_eq!(metric.unit, "s");
    let Some(Data::Histogram(histogram)) = &metric.data else {
        panic!("a histogram")
    };
    assert_eq!(histogram.data_points.len(), 1);
    histogram.data_points.first()
}

/// Waits for metrics that tell of so many requests.
async fn until_counted(collector: &mut Collector, count: u64) {
    loop {
        let (pushed, _) = collector.metrics().await;
        if requests(&pushed).is_some_and(|point| point.count == count) {
            return;
        }
    }
}

#[tokio::test]
async fn metrics_are_pushed_with_the_last_word() {
    for protocol in PROTOCOLS {
        let mut collector = Collector::start().await;
        let more = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc"),
        ];
        let (_mesh, serving) = member(&collector, &more).await;
        ask(&serving, 3).await;
        serving.stop().await;

        let (pushed, headers) = collector.metrics().await;
        assert_eq!(headers["authorization"], "Bearer abc", "{protocol}");
        let resource = pushed.resource_metrics[0].resource.as_ref().unwrap();
        let names: Vec<_> = resource.attributes.iter().map(|pair| &*pair.key).collect();
        assert!(names.contains(&"service.instance.id"), "{names:?}");
        let point = requests(&pushed).expect("requests");
        assert_eq!(
            (point.count, point.bucket_counts.iter().sum::<u64>()),
            (3, 3)
        );
        assert_eq!(point.explicit_bounds.len() + 1, point.bucket_counts.len());

        // The examples are traces that were sent, too.
        let spans = collector.rest();
        let is_sent = |id: &Vec<u8>| spans.iter().any(|one| one.span.trace_id == *id);
        assert!(!point.exemplars.is_empty());
        assert!(
            point
                .exemplars
                .iter()
                .all(|example| is_sent(&example.trace_id))
        );
    }
}

#[tokio::test]
async fn metrics_are_pushed_while_the_member_runs() {
    for protocol in PROTOCOLS {
        let mut collector = Collector::start().await;
        let more = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_METRIC_EXPORT_INTERVAL", "10"),
        ];
        let (_mesh, serving) = member(&collector, &more).await;
        ask(&serving, 2).await;
        // What was counted stays counted, so that it comes again with each.
        for _ in 0..2 {
            until_counted(&mut collector, 2).await;
        }
    }
}

#[tokio::test]
async fn a_collector_that_hangs_costs_spans_and_nothing_else() {
    for protocol in PROTOCOLS {
        let collector = Collector::behind(Gate::shut()).await;
        let more = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
            ("OTEL_BSP_SCHEDULE_DELAY", "1"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "16"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4"),
            // It is never let go: leaving waits no longer than this for the last of either.
            ("BELLHOP_DRAIN_TIMEOUT", "200ms"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", NEVER),
            ("OTEL_BSP_EXPORT_TIMEOUT", NEVER),
            ("OTEL_METRIC_EXPORT_TIMEOUT", NEVER),
        ];
        let (mesh, serving) = member(&collector, &more).await;
        ask(&serving, 500).await;

        let text = mesh.metrics().text(None).body;
        let value = |start: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(start));
            line.and_then(|value| value.trim().parse::<usize>().ok())
                .expect(start)
        };
        let counted = value(
            "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"/here\",\
             http_response_status_code=\"200\",url_scheme=\"http\"}",
        );
        assert_eq!(counted, 500);
        // All others wait: in the queue, or with the one batch that is on its way.
        let dropped = value("bellhop_telemetry_dropped_total{error_type=\"queue_full\"}");
        assert!(
            (500 - 16 - 4..=500).contains(&dropped),
            "{protocol}: {dropped}"
        );
        within("the end", serving.stop()).await;
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_is_no_failure_of_calls() {
    for protocol in PROTOCOLS {
        let mut collector = Collector::start().await;
        let more = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
        ];
        let (_mesh, serving) = member(&collector, &more).await;
        ask(&serving, 50).await;
        within("the end", serving.stop()).await;
        assert!(collector.rest().is_empty());
    }
}

#[tokio::test]
async fn nothing_is_counted_where_metrics_are_off() {
    let mut collector = Collector::start().await;
    let (mesh, serving) = member(&collector, &[("BELLHOP_METRICS", "off")]).await;
    ask(&serving, 3).await;
    let text = mesh.metrics().text(None).body;
    assert_eq!(
        text.lines().filter(|line| !line.contains("target")).count(),
        0,
        "{text}"
    );
    serving.stop().await;
    assert_eq!(collector.rest().len(), 3, "spans are sent all the same");
}

#[tokio::test]
async fn others_may_scrape_where_nothing_is_pushed() {
    for exporter in ["none", "prometheus"] {
        let collector = Collector::start().await;
        let (mesh, serving) = member(&collector, &[("OTEL_METRICS_EXPORTER", exporter)]).await;
        ask(&serving, 1).await;
        let text = mesh
            .metrics()
            .text(Some("application/openmetrics-text; version=1.0.0"));
        assert!(
            text.content_type
                .starts_with("application/openmetrics-text")
        );
        assert!(text.body.contains("trace_id=") && text.body.ends_with("# EOF\n"));
        within("the end", serving.stop()).await;
    }
}
