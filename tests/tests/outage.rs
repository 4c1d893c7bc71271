//! What becomes of Hotels while its registry is away, and when that comes back without memory.

use std::{collections::BTreeMap, sync::Arc};

use bellhop::Mesh;
use e2e::{Counted, Launch, Load, PATIENCE, Process, Registry, System, against_both, until};
use hotel_proto::geo::{Request as Ask, geo_client::GeoClient};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
const SERVICES: [&str; 4] = ["geo", "rate", "profile", "search"];

fn launch(registry: &Registry) -> Launch {
    Launch::new(BINARY).registry(registry)
}

/// How many lines of a process's log have this in them.
fn said(process: &Process, what: &str) -> usize {
    let output = process.output();
    output.lines().filter(|line| line.contains(what)).count()
}

async fn until_said(process: &Process, what: &str) {
    until(what, || async { (said(process, what) > 0).then_some(()) }).await;
}

async fn load_goes_on_through_an_outage(mut registry: Registry) {
    let mut system = System::start(launch(&registry)).await;
    for service in SERVICES {
        system.add(service);
        system.passing(&registry, service, 2).await;
    }
    let system = Arc::new(system);
    let load = Load::start(&system, 4);
    load.pass(100).await;
    for _ in 0..2 {
        registry.stop();
        load.pass(200).await;
        registry.start().await;
        for service in SERVICES {
            system.passing(&registry, service, 2).await;
        }
        load.pass(200).await;
    }
    load.stop().await;
}

async fn a_registry_that_is_gone_for_good_stops_nobody(mut registry: Registry) {
    let system = Arc::new(System::start(launch(&registry)).await);
    let load = Load::start(&system, 4);
    load.pass(100).await;
    registry.stop();
    let search = &system.processes["search"][0];
    // Once for each of the two that it calls, however often it is asked.
    let words = [
        ("discovery fails", 2),
        ("cannot tell whether this instance", 1),
    ];
    let counts = || words.map(|(words, _)| said(search, words));
    let expected = words.map(|(_, count)| count);
    until("all that is to be said", || async {
        let is_said = counts()
            .iter()
            .zip(&expected)
            .all(|(said, all)| said >= all);
        is_said.then_some(())
    })
    .await;
    load.pass(500).await;
    load.stop().await;
    assert_eq!(counts(), expected);
    registry.start().await;
    until_said(search, "the agent answers again").await;
    let output = search.output();
    let end = output
        .lines()
        .find(|line| line.contains("the agent answers again"));
    let end: serde_json::Value = serde_json::from_str(end.unwrap()).unwrap();
    assert!(end["failures"].as_u64() >= Some(1), "{end}");
}

async fn who_cannot_leave_the_registry_tells_its_callers(mut registry: Registry) {
    let longer_than_a_test = format!("{}s", 2 * PATIENCE.as_secs());
    let launch = launch(&registry)
        .set("BELLHOP_DRAIN_QUIET", "2s")
        .set("BELLHOP_DRAIN_TIMEOUT", &longer_than_a_test);
    let mut system = System::start(launch).await;
    let mut leaving = system.processes.remove("geo").unwrap().remove(0);
    let stays = system.add("geo").serving("geo").await.1;
    system.passing(&registry, "geo", 2).await;
    let search = &system.processes["search"][0];
    until("search to be connected to both", || async {
        let output = search.output();
        let mut lines = output.lines();
        lines
            .any(|line| line.contains(r#""connected""#) && line.contains(&stays))
            .then_some(())
    })
    .await;
    let system = Arc::new(system);
    let load = Load::start(&system, 4);
    load.pass(100).await;

    registry.stop();
    leaving.terminate();
    let status = leaving.end().await;
    assert!(status.success(), "{status}");
    assert_eq!(said(&leaving, "callers still come, they are told to go"), 1);
    load.pass(200).await;
    load.stop().await;
}

async fn a_start_without_a_registry_uses_the_cache_and_heals(mut registry: Registry) {
    let folder = TempDir::new().unwrap();
    let cache = folder.path().to_str().unwrap();
    let launch = launch(&registry).set("BELLHOP_DISCOVERY_CACHE", cache);
    let system = System::start(launch.clone()).await;
    system.example().await.unwrap();
    // Each service that is called, as its callers know it.
    for service in SERVICES {
        let file = folder.path().join(format!("{service}.json"));
        let known = || std::fs::read_to_string(&file).is_ok_and(|text| text.contains("\"port\""));
        until("a set in the cache", || async { known().then_some(()) }).await;
    }

    registry.stop();
    let later = launch.start(&["frontend", "--http", "127.0.0.1:0"]);
    until_said(&later, "using the cache of").await;
    let (address, _) = later.serving("frontend").await;
    let client = e2e::Client::without_reuse();
    let url = format!("http://{address}/hotels?inDate=2015-04-09&outDate=2015-04-10");
    let is_answered = async || {
        let answer = client.get(&url).await.ok()?;
        (answer.status == 200).then_some(())
    };
    until("an answer", is_answered).await;

    registry.start().await;
    for service in ["search", "profile", "frontend"] {
        system
            .passing(
                &registry,
                service,
                if service == "frontend" { 2 } else { 1 },
            )
            .await;
    }
    until_said(&later, "discovery answers again").await;
    for _ in 0..20 {
        assert_eq!(client.get(&url).await.unwrap().status, 200);
    }
}

async fn who_takes_the_port_of_a_dead_instance_gets_none_of_its_calls(mut registry: Registry) {
    let mut system = System::start(launch(&registry)).await;
    system.add("rate");
    system.passing(&registry, "rate", 2).await;
    let (address, _) = system.processes["rate"][0].serving("rate").await;
    let system = Arc::new(system);
    let load = Load::start(&system, 4);
    load.pass(100).await;

    registry.stop();
    system.processes["rate"][0].signal("KILL");
    let address = address.to_string();
    let search = &system.processes["search"][0];
    until_said(search, "cannot connect").await;
    let geo = system.launch.start(&["geo", "--listen", &address]);
    geo.serving("geo").await;
    until_said(search, &format!("{address} is geo, not rate")).await;
    load.pass(200).await;

    registry.start().await;
    system.passing(&registry, "geo", 2).await;
    system.passing(&registry, "rate", 1).await;
    load.pass(200).await;
    load.stop().await;
    for process in system.processes.values().flatten() {
        assert_eq!(said(process, "no such service"), 0, "a call went wrong");
        assert_eq!(said(process, "degraded"), 0, "half an answer");
    }
}

async fn nor_does_it_get_any_of_one_that_starts_without_a_registry(mut registry: Registry) {
    let folder = TempDir::new().unwrap();
    let cache = folder.path().to_str().unwrap();
    let launch = launch(&registry).set("BELLHOP_DISCOVERY_CACHE", cache);
    let mut system = System::start(launch).await;
    system.add("geo");
    let ids = system.passing(&registry, "geo", 2).await;
    let file = folder.path().join("geo.json");
    let knows = |text: String| ids.iter().all(|id| text.contains(id));
    let saved = || std::fs::read_to_string(&file).is_ok_and(knows);
    until("both in the cache", || async { saved().then_some(()) }).await;
    let (address, _) = system.processes["geo"][0].serving("geo").await;

    registry.stop();
    system.processes["geo"][0].signal("KILL");
    let stranger = Counted::start(address).await;
    let settings = BTreeMap::from([
        (
            "CONSUL_HTTP_ADDR".to_owned(),
            registry.address().to_string(),
        ),
        ("BELLHOP_DISCOVERY_CACHE".to_owned(), cache.to_owned()),
    ]);
    let later = Mesh::from_source("later", &settings).unwrap();
    let mut geo = GeoClient::new(later.channel("geo"));
    let words = format!("{address} is somebody else, not geo");
    until("a stranger that is met", || async {
        geo.clone().nearby(Ask::default()).await.expect("an answer");
        let report = later.report();
        let mut instances = report
            .upstreams
            .iter()
            .flat_map(|upstream| &upstream.instances);
        let is_met = instances.any(|instance| {
            let error = instance.connect_error.as_deref();
            error.is_some_and(|error| error.contains(&words))
        });
        is_met.then_some(())
    })
    .await;
    for _ in 0..20 {
        geo.nearby(Ask::default()).await.expect("an answer");
    }
    assert_eq!(stranger.calls(), 0);
}

async fn a_cache_of_no_use_is_no_harm(registry: Registry) {
    let folder = TempDir::new().unwrap();
    for service in SERVICES {
        let file = folder.path().join(format!("{service}.json"));
        std::fs::write(file, b"{\"format\": \"bell").unwrap();
    }
    let mut registry = registry;
    registry.stop();
    let cache = folder.path().to_str().unwrap();
    let launch = launch(&registry).set("BELLHOP_DISCOVERY_CACHE", cache);
    let search = launch.start(&["search"]);
    until_said(&search, "the cache is of no use").await;
    for file in ["geo.json", "rate.json"] {
        until_said(&search, file).await;
    }
    registry.start().await;
    search.serving("search").await;
}

against_both![
    load_goes_on_through_an_outage,
    a_registry_that_is_gone_for_good_stops_nobody,
    who_cannot_leave_the_registry_tells_its_callers,
    a_start_without_a_registry_uses_the_cache_and_heals,
    who_takes_the_port_of_a_dead_instance_gets_none_of_its_calls,
    nor_does_it_get_any_of_one_that_starts_without_a_registry,
    a_cache_of_no_use_is_no_harm,
];
