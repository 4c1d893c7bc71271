//! What the dashboard that we ship shows of a system that runs, asked of a real Prometheus panel by panel.

use e2e::{Launch, Registry, System, until};
use serde_json::Value;

use crate::{
    collector::Stage,
    prometheus::{Prometheus, encoded},
    stage::{BINARY, Jaeger, trace_id, traced},
};

const DASHBOARD: &str = include_str!("../../../deploy/grafana/dashboards/hotels.json");

/// A query of Prometheus, as Grafana asks it for all services.
struct Query {
    /// The panel that it is for.
    title: String,
    text: String,
    /// Whether the panel shows traced calls beside it.
    exemplars: bool,
}

fn queries() -> Vec<Query> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let queries = panels.flat_map(|panel| {
        let title = panel["title"].as_str().unwrap_or_default();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().filter_map(move |target| {
            let is_ours = target["datasource"]["type"] == "prometheus";
            let text = target["expr"].as_str()?.replace("$service", ".+");
            is_ours.then(|| Query {
                title: title.to_owned(),
                text,
                exemplars: target["exemplar"] == true,
            })
        })
    });
    queries.collect()
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
        .set("BELLHOP_VERSION", "v7")
        // Nobody: there are figures of what is lost.
        .set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1");
    let system = System::start(launch).await;
    let queries = queries();
    assert!(queries.len() > 30, "{}", queries.len());
    for Query { title, text, .. } in queries {
        // What is above nothing is to be seen only where there is trouble.
        let query = text.strip_suffix(" > 0").unwrap_or(&text);
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
    // Each of those that are called, by the version that its instances say; of some Prometheus hears later than of others.
    until("four services of v7, and nobody of another", || async {
        system.example().await.unwrap();
        let calls = prometheus
            .query(&encoded("version:rpc_server_calls:rate5m"))
            .await;
        let versions = calls
            .iter()
            .map(|(labels, _)| labels["service_version"].as_str());
        let versions: Vec<_> = versions.collect();
        assert!(versions.iter().all(|version| *version == Some("v7")));
        (versions.len() == 4).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_that_promises_traces_leads_to_one_that_jaeger_has() {
    let Some(registry) = Registry::consul().await else {
        return;
    };
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let Some(prometheus) = Prometheus::start(&registry).await else {
        return;
    };
    let system = System::start(traced(&registry, &jaeger.otlp)).await;
    let queries = queries().into_iter().filter(|query| query.exemplars);
    let queries: Vec<_> = queries.collect();
    let titles: Vec<_> = queries.iter().map(|query| &*query.title).collect();
    assert_eq!(titles, ["Duration by route", "Duration", "Duration, p99"]);
    for Query { title, text, .. } in queries {
        let trace = until(&format!("a trace for {title}"), || async {
            system.example().await.unwrap();
            let exemplars = prometheus.exemplars(&text).await;
            let trace = exemplars.first()?["labels"]["trace_id"].as_str()?;
            Some(trace.to_owned())
        })
        .await;
        // What was asked of the system is traced whole.
        assert_eq!(jaeger.trace(&trace, 9).await.len(), 9, "{title}");
    }
}

/// The searches in Jaeger that panels about failures lead to, by title.
fn searches() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let links = panels.filter_map(|panel| {
        let link = &panel["fieldConfig"]["defaults"]["links"][0]["url"];
        let (_, search) = link.as_str()?.split_once("/search?")?;
        Some((panel["title"].as_str()?.to_owned(), search.to_owned()))
    });
    links.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_leads_through_the_collector_to_its_trace() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let mut system = System::start(stage.launch()).await;
    let well = trace_id(&system.example_with(&[]).await.unwrap());
    system.processes.remove("geo");
    let failed = system.example_with(&[]).await.unwrap();
    assert_eq!(failed.status, 503);
    let failed = trace_id(&failed);

    let searches = searches();
    let titles: Vec<_> = searches.iter().map(|(title, _)| &**title).collect();
    let fail = ["Requests that fail", "Calls that fail"];
    assert_eq!(titles, [fail[0], fail[0], fail[1], fail[1]]);
    for (title, search) in &searches {
        // Both are in what fails: one at the door, one behind it.
        for service in ["frontend", "search"] {
            let search = search
                .replace("${__field.labels.service}", service)
                .replace("${__from}000", "0")
                .replace("${__to}000", "9000000000000000");
            let traces = until(&format!("{title} of {service}"), || async {
                let found = stage.jaeger.ask(&format!("/api/traces?{search}")).await;
                let found = found.as_array()?.iter();
                let ids: Vec<_> = found
                    .map(|trace| trace["traceID"].as_str().unwrap().to_owned())
                    .collect();
                (!ids.is_empty()).then_some(ids)
            })
            .await;
            assert_eq!(traces, [&*failed], "{title}: {search}, and {well} was well");
        }
    }
}
