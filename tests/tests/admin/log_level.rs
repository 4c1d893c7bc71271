//! Which log lines there are, changed while the program runs.

use std::net::SocketAddr;

use bellhop::{LogFilter, Serving};
use e2e::{Launch, Process, Registry, until};

use crate::stage::{Answer, ask, get, mesh, nobody, serve};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

async fn member() -> Serving {
    let filter = LogFilter::new("warn", |filter| match filter {
        "loud" => Err("no such level"),
        _ => Ok(()),
    });
    let mesh = mesh(nobody(), &[]).with_log_filter(filter);
    serve(&mesh).await.unwrap()
}

async fn put(admin: SocketAddr, query: &str, filter: &str) -> Answer {
    ask(admin, "PUT", &format!("/log-level{query}"), &[], filter).await
}

async fn shown(member: &Serving) -> String {
    let answer = get(member, "/log-level").await;
    answer.json()["filter"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_filter_is_changed_for_good() {
    let member = member().await;
    let admin = member.admin_address().unwrap();
    assert_eq!(shown(&member).await, "warn");
    let answer = put(admin, "", "info,bellhop=debug\n").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(shown(&member).await, "info,bellhop=debug");
    let answer = ask(admin, "POST", "/log-level", &[], "error").await;
    assert_eq!(answer.json()["filter"], "error");
}

#[tokio::test]
async fn a_filter_for_a_while_goes_back() {
    let member = member().await;
    let admin = member.admin_address().unwrap();
    let answer = put(admin, "?for=20ms", "debug").await;
    assert_eq!(answer.json()["filter"], "debug");
    assert_eq!(answer.json()["then"], "warn");
    until("the filter from before", || async {
        (shown(&member).await == "warn").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_no_filter_changes_nothing() {
    let member = member().await;
    let admin = member.admin_address().unwrap();
    let long = "x".repeat(5000);
    for (query, filter, reason) in [
        ("", "loud", "no such level"),
        ("", "", "expected a filter"),
        ("", &*long, "expected a filter"),
        ("?for=ever", "info", "expected for="),
        ("?for=2d", "info", "expected for="),
        ("?until=5m", "info", "expected for="),
    ] {
        let answer = put(admin, query, filter).await;
        assert_eq!(answer.status, 400, "{query} {filter}");
        assert!(answer.body.contains(reason), "{answer:?}");
        assert_eq!(answer.json()["error"]["code"], "INVALID_ARGUMENT");
    }
    assert_eq!(shown(&member).await, "warn");
}

#[tokio::test]
async fn a_browsers_page_changes_nothing() {
    let member = member().await;
    let admin = member.admin_address().unwrap();
    let page = [("origin", "http://evil.example")];
    let answer = ask(admin, "POST", "/log-level", &page, "off").await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(shown(&member).await, "warn");
}

#[tokio::test]
async fn a_program_without_a_filter_says_so() {
    let member = serve(&mesh(nobody(), &[])).await.unwrap();
    assert_eq!(get(&member, "/log-level").await.status, 501);
    let answer = put(member.admin_address().unwrap(), "", "info").await;
    assert_eq!(answer.json()["error"]["code"], "UNIMPLEMENTED");
}

/// Where the admin endpoint of a service in this process listens.
async fn admin_of(process: &Process, service: &str) -> SocketAddr {
    until("an admin endpoint", || async {
        process.log().find(|line| {
            let is_it = line["message"] == "admin endpoint" && line["service"] == service;
            is_it
                .then(|| line["address"].as_str()?.parse().ok())
                .flatten()
        })
    })
    .await
}

#[tokio::test]
async fn a_running_process_says_more_when_it_is_asked_to() {
    let registry = Registry::mini().await;
    let process = Launch::new(BINARY).registry(&registry).start(&["geo"]);
    let admin = admin_of(&process, "geo").await;
    let bad = put(admin, "", "bellhop=loud").await;
    assert_eq!(bad.status, 400, "{bad:?}");
    let answer = put(admin, "", "info,bellhop::registration=trace,hyper=debug").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told =
        |line: &serde_json::Value| (line["message"] == "the log filter has changed").then_some(());
    until("word of the change", || async { process.log().find(told) }).await;
    let shown = ask(admin, "GET", "/log-level", &[], "").await.json();
    assert!(
        shown["filter"].as_str().unwrap().contains("hyper=debug"),
        "{shown}"
    );
}
