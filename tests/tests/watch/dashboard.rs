//! What the dashboard that we ship shows of a system that runs, asked of a real Prometheus panel by panel.

use std::fmt::Write;

use e2e::{Launch, Registry, System, until};
use serde_json::Value;

use crate::{prometheus::Prometheus, stage::BINARY};

const DASHBOARD: &str = include_str!("../../../deploy/grafana/dashboards/hotels.json");

/// The queries of Prometheus, each with the panel that it is for, as Grafana asks them for all services.
fn queries() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let queries = panels.flat_map(|panel| {
        let title = panel["title"].as_str().unwrap_or_default();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().filter_map(move |target| {
            let is_ours = target["datasource"]["type"] == "prometheus";
            let query = target["expr"].as_str()?.replace("$service", ".+");
            is_ours.then(|| (title.to_owned(), query))
        })
    });
    queries.collect()
}

/// As it stands in a URL.
fn encoded(query: &str) -> String {
    query.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => text.push(byte.into()),
            _ => write!(text, "%{byte:02X}").unwrap(),
        }
        text
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_shows_something_of_a_system_that_runs() {
    let Some(registry) = Registry::consul().await else {
        return;
    };
    let Some(prometheus) = Prometheus::start(&registry).await else {
        return;
    };
    let launch = Launch::new(BINARY)
        .registry(&registry)
        // Nobody: there are figures of what is lost.
        .set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1");
    let system = System::start(launch).await;
    let queries = queries();
    assert!(queries.len() > 30, "{queries:?}");
    for (title, query) in queries {
        // What is above nothing is to be seen only where there is trouble.
        let query = query.strip_suffix(" > 0").unwrap_or(&query);
        until(&format!("{title}: {query}"), || async {
            system.example().await.unwrap();
            let found = prometheus.query(&encoded(query)).await;
            (!found.is_empty()).then_some(())
        })
        .await;
    }
    // The services to choose from.
    let services = prometheus
        .query(&encoded("count by (service) (up{job=\"bellhop\"})"))
        .await;
    assert_eq!(services.len(), 5, "{services:?}");
}
