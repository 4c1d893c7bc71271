//! Traffic split by version, one process per service, against mini-consul and against a real Consul.

mod ill;
mod many;
mod walk;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use e2e::{Answer, Client, Launch, Load, Process, Registry, System, against_both, until};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
const KEY: &str = "bellhop/split/rate";
const EXPLAIN: (&str, &str) = ("x-bellhop-explain", "1");

against_both![
    a_split_is_exact_and_its_changes_hold,
    a_change_holds_within_a_second,
    one_request_names_its_version_on_all_hops,
    the_same_user_is_served_by_the_same_version,
    canary_and_rolling_lose_no_request,
    blue_and_green_change_over_without_losing_a_request,
];

/// So that each request is one call of rate, however late it is.
fn launch(registry: &Registry) -> Launch {
    Launch::new(BINARY)
        .registry(registry)
        .set("BELLHOP_EXPLAIN", "true")
        .set("BELLHOP_HEDGE_AFTER", "off")
        .set("BELLHOP_CHECK_TIMEOUT", "10s")
        // As it is where nothing is said, and with the lines that tests wait for.
        .set(
            "RUST_LOG",
            "warn,hotels=info,bellhop::mesh=info,bellhop::split=info",
        )
}

/// A system of version v1.
async fn system(launch: Launch) -> System {
    System::start(launch.set("BELLHOP_VERSION", "v1")).await
}

/// An instance of another version, once it serves.
async fn start(launch: &Launch, version: &str, service: &str) -> Process {
    let process = launch
        .clone()
        .set("BELLHOP_VERSION", version)
        .start(&[service]);
    process.serving(service).await;
    process
}

/// Which version of each service served.
#[derive(Debug, PartialEq, Eq)]
struct Served {
    search: String,
    rate: String,
    geo: String,
    profile: String,
}

fn served(answer: &Answer) -> Option<Served> {
    let hop: Value = serde_json::from_str(answer.header(EXPLAIN.0)).ok()?;
    let version = |call: &Value| {
        let attempts = call["attempts"].as_array()?;
        let version = attempts.last()?["version"].as_str();
        Some(version.unwrap_or_default().to_owned())
    };
    let search = &hop["calls"][0]["attempts"][0]["hop"]["calls"];
    Some(Served {
        search: version(&hop["calls"][0])?,
        geo: version(&search[0])?,
        rate: version(&search[1])?,
        profile: version(&hop["calls"][1])?,
    })
}

/// Asks with these headers.
async fn ask(system: &System, headers: &[(&str, &str)]) -> Served {
    let headers: Vec<_> = headers.iter().copied().chain([EXPLAIN]).collect();
    let answer = system.example_with(&headers).await.unwrap();
    assert_eq!(answer.status, 200);
    served(&answer).expect("an explanation")
}

/// The versions of rate that served so many requests, one after the other.
async fn rates(system: &System, requests: usize) -> Vec<String> {
    let mut rates = Vec::new();
    for _ in 0..requests {
        rates.push(ask(system, &[]).await.rate);
    }
    rates
}

fn count(rates: &[String], version: &str) -> usize {
    rates.iter().filter(|rate| *rate == version).count()
}

/// Asks until so many of twenty requests in a row are served by v2.
async fn until_of_twenty(system: &System, expected: usize) {
    of_twenty(system, "v2", expected).await;
}

/// The same by any version.
async fn of_twenty(system: &System, version: &str, expected: usize) {
    until(&format!("{expected} of twenty by {version}"), || async {
        (count(&rates(system, 20).await, version) == expected).then_some(())
    })
    .await;
}

async fn said(process: &Process, message: &str) {
    until(message, || async {
        process.log().find(|line| {
            let text = line["message"].as_str()?;
            (text.starts_with(message) && line["service"] == "rate").then_some(())
        })
    })
    .await;
}

/// What search knows of the split of rate.
async fn split(system: &System) -> Value {
    let admin = system.processes["search"][0].admin("search").await;
    let mesh = Client::new().get(&format!("http://{admin}/mesh")).await;
    let mesh = mesh.unwrap().json();
    let mut upstreams = mesh["upstreams"].as_array().unwrap().iter();
    let rate = upstreams.find(|upstream| upstream["service"] == "rate");
    rate.unwrap()["split"].clone()
}

async fn a_split_is_exact_and_its_changes_hold(mut registry: Registry) {
    let launch = launch(&registry);
    let system = system(launch.clone()).await;
    let search = &system.processes["search"][0];
    let mut new = start(&launch, "v2", "rate").await;
    until_of_twenty(&system, 10).await;
    assert!(split(&system).await.is_null());

    registry.put(KEY, r#"{"v1":90,"v2":10}"#).await;
    until_of_twenty(&system, 2).await;
    said(search, "traffic is split by version").await;
    let rates = rates(&system, 1000).await;
    for hundred in rates.windows(100) {
        assert_eq!((count(hundred, "v1"), count(hundred, "v2")), (90, 10));
    }

    registry.put(KEY, r#"{"v1":90"#).await;
    said(search, "a split that is none is not followed").await;
    until_of_twenty(&system, 2).await;
    let known = split(&system).await;
    assert!(
        known["error"]
            .as_str()
            .unwrap()
            .contains("is no JSON object"),
        "{known}"
    );
    registry.put(KEY, r#"{"v1":75,"v2":25}"#).await;
    until_of_twenty(&system, 5).await;
    assert!(split(&system).await["error"].is_null());

    // Without a registry the last one stays, and so it does when there is one again that has forgotten it.
    registry.stop();
    until("a split that cannot be asked for", || async {
        split(&system).await["error"].is_string().then_some(())
    })
    .await;
    until_of_twenty(&system, 5).await;
    registry.start().await;
    said(search, "the registry has lost the split").await;
    system.passing(&registry, "rate", 2).await;
    let known = split(&system).await;
    let error = known["error"].as_str().unwrap();
    assert!(
        error.contains("the registry has lost its memory"),
        "{known}"
    );
    registry.put("bellhop/split/other", r#"{"v1":1}"#).await;
    until_of_twenty(&system, 5).await;

    registry.put(KEY, r#"{"v1":75,"v2":25}"#).await;
    until("a split that is known again", || async {
        split(&system).await["error"].is_null().then_some(())
    })
    .await;
    until_of_twenty(&system, 5).await;
    new.terminate();
    new.end().await;
    until_of_twenty(&system, 0).await;
    said(search, "nobody of this version can serve").await;
    let known = split(&system).await;
    assert_eq!(known["versions"][1]["serving"], false, "{known}");
    let _new = start(&launch, "v2", "rate").await;
    until_of_twenty(&system, 5).await;
    said(search, "somebody of this version can serve").await;

    // A slip of the pen gives nothing to who was given nothing.
    registry.put(KEY, r#"{"V1":1,"v2":0}"#).await;
    until_of_twenty(&system, 0).await;
    until("a line of who is not there", || async {
        search
            .log()
            .find(|line| (line["version"] == "V1" && line["level"] == "WARN").then_some(()))
    })
    .await;

    registry.delete(KEY).await;
    until_of_twenty(&system, 10).await;
    said(search, "traffic is not split by version any more").await;
}

/// From before it is written until a request is served by it. One change of ten may find a machine that is busy with other work.
async fn a_change_holds_within_a_second(registry: Registry) {
    let launch = launch(&registry);
    let system = system(launch.clone()).await;
    let _new = start(&launch, "v2", "rate").await;
    until_of_twenty(&system, 10).await;
    let mut took = Vec::new();
    for (split, version) in [(r#"{"v1":0,"v2":1}"#, "v2"), (r#"{"v1":1,"v2":0}"#, "v1")].repeat(5) {
        let written = Instant::now();
        registry.put(KEY, split).await;
        until(&format!("a request to {version}"), || async {
            (ask(&system, &[]).await.rate == version).then_some(())
        })
        .await;
        took.push(written.elapsed());
        assert_eq!(count(&rates(&system, 20).await, version), 20);
    }
    took.sort_unstable();
    let but_one = took[took.len() - 2];
    assert!(but_one < Duration::from_secs(1), "{took:?}");
}

async fn one_request_names_its_version_on_all_hops(registry: Registry) {
    let launch = launch(&registry).set("BELLHOP_FORCE_VERSION", "true");
    let system = system(launch.clone()).await;
    let _rate = start(&launch, "v2", "rate").await;
    let _geo = start(&launch, "v2", "geo").await;
    let _search = start(&launch, "v2", "search").await;
    registry.put(KEY, r#"{"v1":1,"v2":0}"#).await;
    until_of_twenty(&system, 0).await;
    let forced = |version: &'static str| [("x-bellhop-version", version)];
    // From each thread of who calls them.
    until("all are there", || async {
        for _ in 0..20 {
            let served = ask(&system, &forced("v2")).await;
            let all = [served.search, served.rate, served.geo];
            if all.iter().any(|version| version != "v2") {
                return None;
            }
        }
        Some(())
    })
    .await;
    for _ in 0..20 {
        let expected = Served {
            search: "v2".to_owned(),
            rate: "v2".to_owned(),
            geo: "v2".to_owned(),
            // It has no such version, and serves all the same.
            profile: "v1".to_owned(),
        };
        assert_eq!(ask(&system, &forced("v2")).await, expected);
        assert_eq!(ask(&system, &forced("v7")).await.rate, "v1");
        assert_eq!(ask(&system, &[]).await.rate, "v1");
    }

    // A door that does not allow it hands nothing on.
    let strict =
        launch
            .set("BELLHOP_FORCE_VERSION", "false")
            .start(&["frontend", "--http", "127.0.0.1:0"]);
    let (address, _) = strict.serving("frontend").await;
    let url = format!("http://{address}/hotels?inDate=2015-04-09&outDate=2015-04-10");
    let served = until("an answer of the other door", || async {
        let headers = [("x-bellhop-version", "v2"), EXPLAIN];
        let answer = Client::new().get_with(&url, &headers).await.ok()?;
        served(&answer)
    });
    assert_eq!(served.await.rate, "v1");
}

async fn the_same_user_is_served_by_the_same_version(registry: Registry) {
    let launch = launch(&registry).set("BELLHOP_STICKY", "x-user");
    let system = system(launch.clone()).await;
    let _new = start(&launch, "v2", "rate").await;
    let users = (0..30).map(|user| match user % 3 {
        0 => format!("user-{user}"),
        1 => format!("{user}-{}", "long".repeat(300)),
        _ => format!("käufer-{user}"),
    });
    let users: Vec<_> = users.collect();
    let chosen = async || {
        let mut versions = Vec::new();
        for user in &users {
            versions.push(ask(&system, &[("x-user", user)]).await.rate);
        }
        versions
    };
    registry
        .put(KEY, r#"{"v1":90,"v2":10,"sticky":"x-user"}"#)
        .await;
    until_of_twenty(&system, 2).await;
    let before = chosen().await;
    assert_eq!(chosen().await, before);
    registry
        .put(KEY, r#"{"v1":50,"v2":50,"sticky":"x-user"}"#)
        .await;
    until_of_twenty(&system, 10).await;
    let after = chosen().await;
    assert_eq!(chosen().await, after);
    for (was, is) in before.iter().zip(&after) {
        assert!(was == is || is == "v2", "{was} to {is}");
    }
    assert!(count(&after, "v2") > count(&before, "v2"));
    assert!(count(&after, "v1") > 0);
}

/// Stops an instance as an orchestrator does.
async fn stop(mut process: Process) {
    process.terminate();
    let end = process.end().await;
    assert!(end.success(), "{end}");
}

async fn canary_and_rolling_lose_no_request(registry: Registry) {
    let launch = launch(&registry);
    let mut system = system(launch.clone()).await;
    let first = system.processes.remove("rate").unwrap().remove(0);
    let system = Arc::new(system);
    let load = Load::start(&system, 4);
    load.pass(50).await;

    registry.put(KEY, r#"{"v1":1,"v2":0}"#).await;
    let new = start(&launch, "v2", "rate").await;
    system.passing(&registry, "rate", 2).await;
    for split in [
        r#"{"v1":90,"v2":10}"#,
        r#"{"v1":50,"v2":50}"#,
        r#"{"v1":0,"v2":1}"#,
    ] {
        registry.put(KEY, split).await;
        load.pass(100).await;
    }
    stop(first).await;
    load.pass(100).await;

    // And back, with the new one gone before the split says so.
    let old = start(&launch, "v1", "rate").await;
    system.passing(&registry, "rate", 2).await;
    registry.put(KEY, r#"{"v1":10,"v2":90}"#).await;
    load.pass(100).await;
    stop(new).await;
    load.pass(100).await;
    registry.delete(KEY).await;
    load.pass(100).await;
    load.stop().await;
    drop(old);
}

async fn blue_and_green_change_over_without_losing_a_request(registry: Registry) {
    let launch = launch(&registry);
    let system = Arc::new(system(launch.clone()).await);
    registry.put(KEY, r#"{"v1":1,"v2":0}"#).await;
    until("a split", || async {
        split(&system).await.is_object().then_some(())
    })
    .await;
    let load = Load::start(&system, 4);
    let mut green = Vec::new();
    for _ in 0..2 {
        green.push(start(&launch, "v2", "rate").await);
    }
    system.passing(&registry, "rate", 3).await;
    until_of_twenty(&system, 0).await;
    for (split, expected) in [
        (r#"{"v1":0,"v2":1}"#, 20),
        (r#"{"v1":1,"v2":0}"#, 0),
        (r#"{"v1":0,"v2":1}"#, 20),
    ] {
        registry.put(KEY, split).await;
        until_of_twenty(&system, expected).await;
        load.pass(50).await;
    }
    load.stop().await;
}
