//! Metrics that go by OTLP through a real Collector to a real Prometheus, beside the same ones that it scrapes.

use std::collections::BTreeMap;

use e2e::{Registry, System, until};
use serde_json::Value;

use crate::{
    collector::Stage,
    prometheus::{Prometheus, encoded},
    stage::traced,
};

/// The series of a job, by their labels but for the job itself; without `target_info`, where the Collector tells nothing twice that
/// is in `service` and `instance`.
async fn series(prometheus: &Prometheus, job: &str) -> BTreeMap<String, f64> {
    let query = format!(r#"{{job="{job}",__name__!~"up|scrape_.+|target_info"}}"#);
    let found = prometheus.query(&encoded(&query)).await;
    let series = found.into_iter().map(|(mut labels, value)| {
        labels.as_object_mut().unwrap().remove("job");
        (labels.to_string(), value)
    });
    series.collect()
}

/// Those that stand still while nobody asks.
fn of_calls(series: &BTreeMap<String, f64>) -> BTreeMap<&str, f64> {
    let named = |labels: &str| {
        let labels: Value = serde_json::from_str(labels).unwrap();
        labels["__name__"].as_str().unwrap().to_owned()
    };
    let calls = series.iter().filter(|(labels, _)| {
        let name = named(labels);
        name.starts_with("rpc_") || name.starts_with("http_")
    });
    calls
        .map(|(labels, value)| (labels.as_str(), *value))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pushed_is_what_is_scraped() {
    let Some(registry) = Registry::consul().await else {
        return;
    };
    let Some(collector) = Stage::start().await else {
        return;
    };
    let Some(prometheus) = Prometheus::beside(&registry, &collector.metrics).await else {
        return;
    };
    let launch = traced(&registry, &collector.otlp)
        .set("OTEL_METRICS_EXPORTER", "otlp")
        .set("OTEL_METRIC_EXPORT_INTERVAL", "200");
    let system = System::start(launch).await;
    for _ in 0..10 {
        system.example().await.unwrap();
    }
    let both = until("the same by both ways", || async {
        let scraped = series(&prometheus, "bellhop").await;
        let pushed = series(&prometheus, "bellhop-pushed").await;
        let alike = scraped.keys().eq(pushed.keys()) && of_calls(&scraped) == of_calls(&pushed);
        let calls = scraped.iter().filter(|(labels, calls)| {
            let is_it = labels.contains(r#""__name__":"rpc_server_call_duration_seconds_count""#);
            is_it && labels.contains(r#""service":"geo""#) && **calls >= 10.0
        });
        (alike && calls.count() == 1).then_some(scraped)
    })
    .await;
    assert!(both.len() > 300, "{both:#?}");
    let exemplars = r#"rpc_server_call_duration_seconds_bucket{job="bellhop-pushed"}"#;
    until("exemplars of what is pushed", || async {
        let found = prometheus.exemplars(exemplars).await;
        (!found.is_empty()).then_some(())
    })
    .await;
    // And each is counted once.
    let rate = r#"rate(rpc_server_call_duration_seconds_count{job="bellhop",service="geo"}[5m])"#;
    let twice =
        format!("service:rpc_server_calls:rate5m > on (service) 1.5 * sum by (service) ({rate})");
    assert_eq!(prometheus.query(&encoded(&twice)).await, []);
}
