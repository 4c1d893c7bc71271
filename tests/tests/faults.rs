//! Faults that somebody asks for: only where that is allowed, only by the own page, and never for long.

use std::net::SocketAddr;

use e2e::{Client, Launch, PATIENCE, Registry, System, free_ports, until};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

const OWN: &str = "x-hotels-chaos: 1\r\n";
const FAILS: &str = r#"{"errors": 1, "seconds": 60}"#;

async fn stage(settings: &[(&str, &str)]) -> (Registry, System) {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let launch = settings
        .iter()
        .fold(launch, |launch, (name, value)| launch.set(name, value));
    let system = System::start(launch).await;
    (registry, system)
}

/// Sends a request with these headers, of which the first is the host; the status and the body of the answer.
async fn send(address: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, exchange).await.expect("in time");
    let answer = answer.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    let body = serde_json::from_str(body).unwrap_or_default();
    (status.expect("a status"), body)
}

async fn admin(address: SocketAddr, method: &str, path: &str, headers: &str) -> (u16, Value) {
    let address = address.to_string();
    let headers = format!("Host: {address}\r\n{headers}");
    send(&address, method, path, &headers, FAILS).await
}

/// The same of the frontend, as its own page asks unless `headers` say more.
async fn page(
    system: &System,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, Value) {
    let address = system.address().trim_start_matches("http://");
    let headers = format!("Host: {address}\r\n{headers}");
    send(address, method, path, &headers, body).await
}

/// An admin endpoint where no faults are allowed knows nothing of them.
async fn nothing_is_there(endpoint: SocketAddr) {
    for method in ["GET", "POST", "PUT", "DELETE"] {
        for path in ["/faults", "/faults?stop"] {
            let (status, _) = admin(endpoint, method, path, "").await;
            assert_eq!(status, 404, "{method} {path}");
        }
    }
    let (_, view) = admin(endpoint, "GET", "/mesh", "").await;
    assert!(view.get("instance").is_some() && view.get("faults").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_option_nothing_of_it_is_there() {
    let (_registry, system) = stage(&[]).await;
    let (_, rate) = system.processes["rate"][0].serving("rate").await;
    for (method, path) in [("POST", ""), ("DELETE", ""), ("POST", "/stop")] {
        let path = format!("/mesh/faults/{rate}{path}");
        let (status, _) = page(&system, method, &path, OWN, FAILS).await;
        assert_eq!(status, 404, "{method} {path}");
    }
    let settings = system.get("/settings.json").await.expect("settings");
    assert!(settings.json().get("chaos").is_none());
    for service in ["rate", "search", "frontend"] {
        nothing_is_there(system.processes[service][0].admin(service).await).await;
    }
    system.example().await.expect("hotels");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_own_page_may_ask_and_the_member_says_who_did() {
    let (_registry, system) =
        stage(&[("HOTELS_ALLOW_CHAOS", "true"), ("HOTELS_MESH_PAGE", "on")]).await;
    let process = &system.processes["rate"][0];
    let (_, rate) = process.serving("rate").await;
    let path = format!("/mesh/faults/{rate}");
    let host = system.address();
    for headers in [
        String::new(),
        format!("{OWN}Origin: http://evil.example\r\n"),
        format!("{OWN}Origin: null\r\n"),
        format!("{OWN}Sec-Fetch-Site: cross-site\r\n"),
        format!("Origin: {host}\r\n"),
    ] {
        let (status, _) = page(&system, "POST", &path, &headers, FAILS).await;
        assert_eq!(status, 403, "{headers}");
    }
    for (path, body, expected) in [
        ("/mesh/faults/nobody", FAILS, 404),
        (&*path, "{}", 400),
        (&*path, r#"{"errors": 1, "seconds": 301}"#, 400),
    ] {
        let (status, _) = page(&system, "POST", path, OWN, body).await;
        assert_eq!(status, expected, "{path} {body}");
    }
    // Where everybody may look, a name that a stranger owns leads nowhere all the same.
    let rebound = format!(
        "Host: evil.example\r\n{OWN}Origin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n"
    );
    let address = host.trim_start_matches("http://");
    let (status, _) = send(address, "POST", &path, &rebound, FAILS).await;
    assert_eq!(status, 403);
    system.example().await.expect("nothing has happened yet");

    let headers = format!("{OWN}Origin: {host}\r\n");
    let (status, standing) = page(&system, "POST", &path, &headers, FAILS).await;
    assert_eq!(
        (status, &standing["errors"]),
        (200, &1.0.into()),
        "{standing}"
    );
    let answer = system.example_with(&[]).await.expect("an answer");
    assert_eq!(answer.json()["degraded"], json!(["rate"]));
    until("it is logged", || async {
        process.log().find(|line| {
            let by = line["by"].as_str()?;
            let is_it = line["message"] == "faults are asked for" && line["level"] == "WARN";
            (is_it && by.contains("on the mesh page")).then_some(())
        })
    })
    .await;

    let (status, standing) = page(&system, "DELETE", &path, OWN, "").await;
    assert_eq!((status, &standing["seconds"]), (200, &0.into()));
    until("prices are back", || async { system.example().await.ok() }).await;
    let over = |line: &Value| line["message"] == "faults are over, for their time is";
    let found = process.log().find(|line| over(line).then_some(()));
    assert!(found.is_none(), "somebody ended them");
    let soon = r#"{"latency_ms": 1, "seconds": 1}"#;
    page(&system, "POST", &path, OWN, soon).await;
    until("that it is over is logged", || async {
        process.log().find(|line| over(line).then_some(()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_is_to_stop_leaves() {
    let (registry, mut system) = stage(&[("HOTELS_ALLOW_CHAOS", "true")]).await;
    let (_, second) = system.add("rate").serving("rate").await;
    system.passing(&registry, "rate", 2).await;
    let path = format!("/mesh/faults/{second}/stop");
    let (status, _) = page(&system, "POST", &path, OWN, "").await;
    assert_eq!(status, 200);
    let process = system.processes.get_mut("rate").expect("rate").last_mut();
    assert!(process.expect("two of rate").end().await.success());
    system.passing(&registry, "rate", 1).await;
    system.example().await.expect("hotels");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_its_admin_endpoint_a_member_obeys_whom_it_is_meant_to() {
    let (_registry, system) = stage(&[("HOTELS_ALLOW_CHAOS", "true")]).await;
    let process = &system.processes["rate"][0];
    let endpoint = process.admin("rate").await;
    let (_, id) = process.serving("rate").await;
    for (headers, expected) in [
        ("Origin: http://127.0.0.1\r\n", 403),
        ("Bellhop-Instance: somebody-else\r\n", 421),
    ] {
        let (status, _) = admin(endpoint, "POST", "/faults", headers).await;
        assert_eq!(status, expected, "{headers}");
    }
    system.example().await.expect("nothing has happened yet");
    let (status, _) = admin(endpoint, "PATCH", "/faults", "").await;
    assert_eq!(status, 405);
    let (status, _) = admin(
        endpoint,
        "POST",
        "/faults",
        &format!("Bellhop-Instance: {id}\r\n"),
    )
    .await;
    assert_eq!(status, 200);
    let (_, view) = admin(endpoint, "GET", "/mesh", "").await;
    assert_eq!(view["faults"]["errors"], 1.0);
    // Who serves no gRPC has no faults, and so cannot be asked for any.
    nothing_is_there(system.processes["frontend"][0].admin("frontend").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_one_process_have_faults_of_their_own() {
    let launch = Launch::new(BINARY).set("HOTELS_ALLOW_CHAOS", "true");
    let ports = free_ports::<2>().map(|port| format!("127.0.0.1:{port}"));
    let [http, consul] = &ports;
    let process = launch.start(&["up", "--http", http, "--registry", consul]);
    let client = Client::without_reuse();
    let hotels = format!("http://{http}/hotels?inDate=2015-04-09&outDate=2015-04-10");
    let degraded = async |wanted: Value| {
        until(&format!("degraded: {wanted}"), || async {
            let answer = client.get(&hotels).await.ok()?;
            (answer.status == 200 && answer.json()["degraded"] == wanted).then_some(())
        })
        .await;
    };
    degraded(Value::Null).await;
    let listed = client
        .get(&format!("http://{consul}/v1/health/service/rate"))
        .await;
    let listed = listed.expect("the registry").json();
    let rate = listed[0]["Service"]["ID"].as_str().expect("rate");
    let path = format!("/mesh/faults/{rate}");
    let own = format!("Host: {http}\r\n{OWN}");

    let (status, _) = send(
        http,
        "POST",
        &path,
        &own,
        r#"{"paused": true, "seconds": 300}"#,
    )
    .await;
    assert_eq!(status, 200);
    degraded(json!(["rate"])).await;
    let (status, _) = send(http, "DELETE", &path, &own, "").await;
    assert_eq!(status, 200);
    degraded(Value::Null).await;

    let (status, _) = send(http, "POST", &format!("{path}/stop"), &own, "").await;
    assert_eq!(status, 200);
    until("rate has left", || async {
        let listed = client
            .get(&format!("http://{consul}/v1/health/service/rate"))
            .await
            .ok()?;
        (listed.json() == json!([])).then_some(())
    })
    .await;
    degraded(json!(["rate"])).await;
    assert!(!process.output().contains("panicked"));
}
