//! The admin endpoint of a member, over its socket.

mod grpc;
mod log_level;
mod shape;
mod stage;

use std::{io::ErrorKind, net::TcpListener};

use bellhop::Error;
use e2e::{Registry, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use stage::{ask, get, member, mesh, nobody, serve};

/// How many connections it has at a time.
const MAX_CONNECTIONS: usize = 64;

e2e::against_both!(
    a_member_tells_the_registry_where_to_look,
    it_is_ready_from_its_registration_to_its_leaving,
);

async fn a_member_tells_the_registry_where_to_look(registry: Registry) {
    let serving = member(&registry, &[("BELLHOP_META", "zone=east")]).await;
    let admin = serving.admin_address().unwrap();
    assert!(admin.ip().is_loopback());
    let meta = until("a registration", || async {
        let services = registry.services("geo").await;
        services.first().map(|service| service["Meta"].clone())
    })
    .await;
    assert_eq!(meta["bellhop-admin"], admin.to_string());
    assert_eq!(meta["bellhop"], env!("CARGO_PKG_VERSION"));
    assert_eq!(meta["zone"], "east");
    serving.stop().await;
}

async fn it_is_ready_from_its_registration_to_its_leaving(registry: Registry) {
    let settings = [
        ("BELLHOP_DRAIN_QUIET", "10m"),
        ("BELLHOP_DRAIN_TIMEOUT", "10m"),
    ];
    let serving = member(&registry, &settings).await;
    let admin = serving.admin_address().unwrap();
    until("a member that is ready", || async {
        (get(&serving, "/readyz").await.status == 200).then_some(())
    })
    .await;
    let leaving = tokio::spawn(serving.stop());
    let answer = until("a member that leaves", || async {
        let answer = ask(admin, "GET", "/readyz", &[], "").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(answer.json()["status"], "unavailable");
    assert_eq!(answer.json()["reason"], "it is leaving");
    assert_eq!(ask(admin, "GET", "/healthz", &[], "").await.status, 200);
    let mesh = ask(admin, "GET", "/mesh", &[], "").await.json();
    assert_eq!(mesh["state"], "draining");
    leaving.abort();
}

#[tokio::test]
async fn while_the_registry_has_not_answered_it_lives_and_is_not_ready() {
    let serving = serve(&mesh(nobody(), &[])).await.unwrap();
    assert_eq!(get(&serving, "/healthz").await.json()["status"], "ok");
    let answer = get(&serving, "/readyz").await;
    assert_eq!(answer.status, 503);
    let reason = answer.json()["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("it is not registered yet"), "{reason}");
}

#[tokio::test]
async fn every_path_is_listed_and_every_listed_path_is_there() {
    let serving = serve(&mesh(nobody(), &[])).await.unwrap();
    let list = get(&serving, "/").await;
    assert_eq!(list.status, 200);
    let paths: Vec<_> = list
        .body
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    for path in ["/", "/metrics", "/mesh", "/log-level", "/debug/tasks"] {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
    for path in paths {
        assert_ne!(get(&serving, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn metrics_are_told_in_the_format_that_is_asked_for() {
    let serving = serve(&mesh(nobody(), &[])).await.unwrap();
    let admin = serving.admin_address().unwrap();
    let answer = get(&serving, "/metrics").await;
    assert!(
        answer.head.contains("content-type: text/plain; version="),
        "{}",
        answer.head
    );
    assert!(
        answer.body.contains("\nprocess_uptime_seconds "),
        "{}",
        answer.body
    );
    let accept = [("accept", "application/openmetrics-text; version=1.0.0")];
    let answer = ask(admin, "GET", "/metrics", &accept, "").await;
    assert!(
        answer.head.contains("application/openmetrics-text"),
        "{}",
        answer.head
    );
    assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_not_there_is_told_as_json() {
    let serving = serve(&mesh(nobody(), &[])).await.unwrap();
    let admin = serving.admin_address().unwrap();
    let answer = get(&serving, "/metricz").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error"]["code"], "NOT_FOUND");
    let answer = ask(admin, "DELETE", "/mesh", &[], "").await;
    assert_eq!(answer.status, 405);
    assert!(answer.head.contains("allow: get, head"), "{answer:?}");
    let answer = ask(admin, "HEAD", "/mesh", &[], "").await;
    assert_eq!((answer.status, &*answer.body), (200, ""));
}

#[tokio::test]
async fn a_page_under_a_strangers_name_sees_nothing() {
    let serving = serve(&mesh(nobody(), &[])).await.unwrap();
    let admin = serving.admin_address().unwrap();
    let strange = [("host", "evil.example")];
    let answer = ask(admin, "GET", "/config", &strange, "").await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let own = [("host", "localhost:9000")];
    assert_eq!(ask(admin, "GET", "/config", &own, "").await.status, 200);
}

#[tokio::test]
async fn a_port_that_is_taken_stops_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mesh = mesh(nobody(), &[("BELLHOP_ADMIN", &address.to_string())]);
    match serve(&mesh).await.unwrap_err() {
        Error::Admin {
            address: at,
            source,
        } => {
            assert_eq!((at, source.kind()), (address, ErrorKind::AddrInUse));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn without_an_endpoint_none_is_registered() {
    let registry = Registry::mini().await;
    let serving = member(&registry, &[("BELLHOP_ADMIN", "off")]).await;
    assert_eq!(serving.admin_address(), None);
    let meta = until("a registration", || async {
        let services = registry.services("geo").await;
        services.first().map(|service| service["Meta"].clone())
    })
    .await;
    assert_eq!(meta.get("bellhop-admin"), None);
    assert_eq!(meta["bellhop"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn settings_are_shown_with_where_they_come_from_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.toml");
    let file = "timeout = \"3s\"\n[channel.rate]\nretry_attempts = 2\n";
    std::fs::write(&path, file).unwrap();
    let settings = [
        ("BELLHOP_CONFIG", path.to_str().unwrap()),
        ("BELLHOP_WEIGHT", "7"),
        ("CONSUL_HTTP_TOKEN", "hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2"),
    ];
    let serving = serve(&mesh(nobody(), &settings)).await.unwrap();
    let answer = get(&serving, "/config").await;
    assert!(!answer.body.contains("hunter2"), "{}", answer.body);
    let json = answer.json();
    let shown = |name: &str| {
        let settings = json["settings"].as_array().unwrap();
        let setting = settings.iter().find(|setting| setting["name"] == name);
        let setting = setting.unwrap_or_else(|| panic!("{name}: {json}"));
        let text = |key: &str| setting[key].as_str().map(str::to_owned);
        (text("value"), text("source").unwrap())
    };
    let is = |name, value: Option<&str>, source: &str| {
        assert_eq!(
            shown(name),
            (value.map(str::to_owned), source.to_owned()),
            "{name}"
        );
    };
    is("BELLHOP_TIMEOUT", Some("3s"), "file: timeout in mesh.toml");
    let own = "file: channel.rate.retry_attempts in mesh.toml";
    is("BELLHOP_CHANNEL_RATE_RETRY_ATTEMPTS", Some("2"), own);
    is("BELLHOP_WEIGHT", Some("7"), "program");
    is("CONSUL_HTTP_TOKEN", Some("***"), "program");
    is("OTEL_EXPORTER_OTLP_HEADERS", Some("***"), "program");
    is("BELLHOP_ADVERTISE", None, "default");
    is("BELLHOP_DRAIN_QUIET", Some("250ms"), "default");
}

#[tokio::test]
async fn connections_are_bounded() {
    let serving = serve(&mesh(nobody(), &[])).await.unwrap();
    let admin = serving.admin_address().unwrap();
    let mut idle = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        idle.push(TcpStream::connect(admin).await.unwrap());
    }
    let mut one_too_many = TcpStream::connect(admin).await.unwrap();
    // Closed, in order or not.
    let end = one_too_many.read(&mut [0]).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    drop(idle);
    until("room for others", || async {
        let mut stream = TcpStream::connect(admin).await.ok()?;
        stream
            .write_all(b"GET /healthz HTTP/1.0\r\n\r\n")
            .await
            .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        answer.contains("200 OK").then_some(())
    })
    .await;
}
