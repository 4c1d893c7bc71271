//! What the mesh page is told: the whole mesh, live, while instances come and go.

use std::time::Duration;

use e2e::{Launch, PATIENCE, Registry, System, free_ports};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    time::timeout,
};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

const SERVICES: [&str; 5] = ["frontend", "geo", "profile", "rate", "search"];

/// The stream of pictures.
struct Pictures {
    lines: Lines<BufReader<TcpStream>>,
    status: String,
    /// All disagreements that were told so far.
    told: Vec<Value>,
}

impl Pictures {
    async fn watch(system: &System) -> Self {
        Self::ask(system, "localhost").await
    }

    async fn ask(system: &System, host: &str) -> Self {
        let address = system.address().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a frontend");
        let head = format!("GET /mesh/events HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("a frontend");
        let mut lines = BufReader::new(stream).lines();
        let status = lines.next_line().await.expect("an answer");
        Self {
            lines,
            status: status.expect("a status"),
            told: Vec::new(),
        }
    }

    /// The next picture; `None` where there are no more.
    async fn next(&mut self) -> Option<Value> {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let line = line.expect("a picture in time").ok()??;
            if let Some(picture) = line.strip_prefix("data: ") {
                let picture: Value = serde_json::from_str(picture).expect("JSON");
                let told = picture["disagreements"].as_array();
                self.told.extend(told.expect("a list").iter().cloned());
                return Some(picture);
            }
        }
    }

    /// The first picture that is so.
    async fn until(&mut self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let picture = self.next().await.expect("a picture");
                if is(&picture) {
                    return picture;
                }
            }
        };
        match timeout(PATIENCE, found).await {
            Ok(picture) => picture,
            Err(_) => panic!("{what}: not within {PATIENCE:?}"),
        }
    }

    async fn until_all_pass(&mut self, of_rate: usize) -> Value {
        self.until("all pass", |picture| {
            SERVICES.iter().all(|service| {
                let wanted = if *service == "rate" { of_rate } else { 1 };
                let there = instances(picture, service);
                there.len() == wanted
                    && there
                        .iter()
                        .all(|one| one["state"] == "passing" && one["seen_ms"].is_u64())
            })
        })
        .await
    }
}

fn instances<'p>(picture: &'p Value, service: &str) -> Vec<&'p Value> {
    let services = picture["services"].as_array().expect("services");
    let service = services.iter().find(|one| one["name"] == service);
    let instances = service.and_then(|service| service["instances"].as_array());
    instances.into_iter().flatten().collect()
}

fn instance<'p>(picture: &'p Value, id: &str) -> Option<&'p Value> {
    let all = SERVICES
        .iter()
        .flat_map(|service| instances(picture, service));
    all.into_iter().find(|instance| instance["id"] == id)
}

async fn stage() -> (Registry, System) {
    let registry = Registry::mini().await;
    let system = System::start(Launch::new(BINARY).registry(&registry)).await;
    (registry, system)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_seen_to_come_and_to_go() {
    let (_registry, mut system) = stage().await;
    let mut pictures = Pictures::watch(&system).await;
    pictures.until_all_pass(1).await;
    let (_, leaving) = system.add("rate").serving("rate").await;
    let (_, killed) = system.add("rate").serving("rate").await;
    pictures.until_all_pass(3).await;
    system.processes["rate"][1].terminate();
    let gone = |picture: &Value| instance(picture, &leaving).is_none();
    pictures.until("one has left", gone).await;
    assert_eq!(pictures.told, Vec::<Value>::new(), "no disagreement");

    system.processes["rate"][2].signal("KILL");
    let lost = |picture: &Value| match instance(picture, &killed) {
        Some(instance) => ["connecting", "critical"]
            .iter()
            .any(|state| instance["state"] == *state),
        None => true,
    };
    pictures.until("one is lost", lost).await;
}

/// Sends the registry a request of its agent's API.
async fn put(registry: &Registry, path: &str, body: &str) {
    let mut stream = TcpStream::connect(registry.address())
        .await
        .expect("a registry");
    let length = body.len();
    let request = format!(
        "PUT {path} HTTP/1.1\r\nHost: registry\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a registry");
    let status = BufReader::new(stream).lines().next_line().await;
    assert_eq!(
        status.expect("an answer").as_deref(),
        Some("HTTP/1.1 200 OK")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_registry_finds_passing_and_nobody_reaches_is_told() {
    let (registry, system) = stage().await;
    let [closed] = free_ports::<1>();
    let ghost = format!(
        r#"{{"ID": "rate-ghost", "Name": "rate", "Address": "127.0.0.1", "Port": {closed}}}"#
    );
    put(&registry, "/v1/agent/service/register", &ghost).await;
    let mut pictures = Pictures::watch(&system).await;
    let is_told = |picture: &Value| {
        let told = picture["disagreements"].as_array().into_iter().flatten();
        told.filter(|flag| flag["instance"] == "rate-ghost" && flag["kind"] == "not_connected")
            .any(|flag| {
                flag["text"]
                    .as_str()
                    .is_some_and(|text| text.starts_with("search-"))
            })
    };
    let picture = pictures.until("it is told", is_told).await;
    let ghost = instance(&picture, "rate-ghost").expect("the ghost");
    assert_eq!(
        (&ghost["state"], &ghost["registry"]),
        (&"connecting".into(), &"passing".into())
    );
    assert_eq!(ghost["unseen"], "the registry says of no admin endpoint");

    put(&registry, "/v1/agent/service/deregister/rate-ghost", "").await;
    let is_gone = |picture: &Value| !is_told(picture) && instance(picture, "rate-ghost").is_none();
    pictures.until("it is gone", is_gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_called_has_its_figures() {
    let (_registry, system) = stage().await;
    let mut pictures = Pictures::watch(&system).await;
    let mut calls = 0;
    loop {
        system.example().await.expect("hotels");
        calls += 1;
        let picture = pictures.next().await.expect("a picture");
        let edges = picture["edges"].as_array().expect("edges");
        let is_called = |from: &str, to: &str| {
            let mut edges = edges
                .iter()
                .filter(|edge| edge["from"] == from && edge["to"] == to);
            edges.any(|edge| edge["rate"].as_f64() > Some(0.0))
        };
        let is_measured = |service: &&str| {
            let figure = |name: &str| instances(&picture, service)[0][name].as_f64();
            figure("rate") > Some(0.0)
                && figure("p50_ms") <= figure("p99_ms")
                && figure("p99_ms").is_some()
        };
        let all = SERVICES.iter().all(is_measured)
            && [
                ("frontend", "search"),
                ("frontend", "profile"),
                ("search", "geo"),
                ("search", "rate"),
            ]
            .iter()
            .all(|(from, to)| is_called(from, to));
        if all {
            let rate = instances(&picture, "rate")[0];
            assert_eq!(
                (&rate["share"], &rate["errors"]),
                (&1.0.into(), &0.0.into())
            );
            break;
        }
        assert!(calls < 200, "{picture:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_hangs_delays_nobody() {
    let (_registry, system) = stage().await;
    let mut pictures = Pictures::watch(&system).await;
    pictures.until_all_pass(1).await;
    let geo = &system.processes["geo"][0];
    geo.signal("STOP");
    let age = |picture: &Value, service| instances(picture, service)[0]["seen_ms"].as_u64();
    let is_late =
        |picture: &Value| age(picture, "geo") > Some(4_000) && age(picture, "rate") < Some(2_000);
    let picture = pictures
        .until("geo's view is old, rate's is not", is_late)
        .await;
    assert!(instances(&picture, "geo")[0]["unseen"].is_string());
    geo.signal("CONT");
    pictures
        .until("geo is seen again", |picture| {
            age(picture, "geo") < Some(2_000)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_for_few_and_ends_with_the_frontend() {
    let (_registry, mut system) = stage().await;
    let stranger = Pictures::ask(&system, "evil.example").await;
    assert_eq!(stranger.status, "HTTP/1.1 403 Forbidden");
    let mut all = Vec::new();
    for _ in 0..32 {
        let mut pictures = Pictures::watch(&system).await;
        pictures.next().await.expect("a picture");
        all.push(pictures);
    }
    let further = Pictures::watch(&system).await;
    assert_eq!(further.status, "HTTP/1.1 503 Service Unavailable");

    let mut frontend = system
        .processes
        .remove("frontend")
        .expect("a frontend")
        .remove(0);
    frontend.terminate();
    let ended = timeout(Duration::from_secs(15), async {
        for pictures in &mut all {
            while pictures.next().await.is_some() {}
        }
        frontend.end().await
    });
    assert!(
        ended
            .await
            .expect("nobody waits for those who watch")
            .success()
    );
}
