//! What only mini-consul promises: starting, stopping, bounds, quick reaping, and its page.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mini_consul::{Config, Error, MiniConsul};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// No wait of a test is longer.
const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    async fn start(config: Config) -> Self {
        let registry = MiniConsul::bind(config).await.expect("the address is free");
        let address = registry.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        Self {
            address,
            stop,
            serving: tokio::spawn(registry.serve(stopped)),
        }
    }

    async fn stop(self) {
        drop(self.stop);
        timeout(PATIENCE, self.serving)
            .await
            .expect("it stops")
            .expect("it does not panic");
    }
}

fn anywhere() -> Config {
    Config::new(SocketAddr::from(([127, 0, 0, 1], 0)))
}

async fn ask(
    address: SocketAddr,
    method: Method,
    path: &str,
    body: &str,
) -> hyper::Result<Response<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "registry");
    let request = request
        .body(Full::new(Bytes::from(body.to_owned())))
        .expect("a valid request");
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

async fn get(address: SocketAddr, path: &str) -> Value {
    let answer = timeout(PATIENCE, ask(address, Method::GET, path, ""))
        .await
        .expect("an answer")
        .expect("an answer");
    serde_json::from_slice(answer.body()).expect("JSON")
}

async fn register(address: SocketAddr, service: Value) {
    let body = service.to_string();
    let answer = ask(address, Method::PUT, "/v1/agent/service/register", &body)
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200, "{:?}", answer.body());
}

/// The index that the answer to a query stands at.
async fn index(address: SocketAddr, path: &str) -> u64 {
    let answer = ask(address, Method::GET, path, "")
        .await
        .expect("an answer");
    answer.headers()["x-consul-index"]
        .to_str()
        .expect("text")
        .parse()
        .expect("an index")
}

/// Waits, by blocking queries, until a service has so many instances.
async fn until_count(address: SocketAddr, service: &str, count: usize) {
    let waiting = async {
        let mut at = 0;
        loop {
            let path = format!("/v1/health/service/{service}?wait=5s&index={at}");
            let answer = ask(address, Method::GET, &path, "")
                .await
                .expect("an answer");
            at = answer.headers()["x-consul-index"]
                .to_str()
                .expect("text")
                .parse()
                .expect("an index");
            let instances: Vec<Value> = serde_json::from_slice(answer.body()).expect("a list");
            if instances.len() == count {
                return;
            }
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .expect("the count is reached");
}

#[tokio::test]
async fn a_restart_on_the_same_port_forgets_everything() {
    let first = Running::start(anywhere()).await;
    let address = first.address;
    register(address, json!({"Name": "web"})).await;
    let seen = index(address, "/v1/health/service/web").await;
    let path = format!("/v1/health/service/web?index={seen}&wait=10m");
    let waiting = tokio::spawn(async move { ask(address, Method::GET, &path, "").await });
    let idle = TcpStream::connect(address).await.expect("a connection");
    // Answered after the query above was accepted, for connections are taken in turn.
    get(address, "/v1/agent/services").await;
    first.stop().await;
    let ended = timeout(PATIENCE, waiting)
        .await
        .expect("blocked queries end")
        .expect("no panic");
    assert!(
        !ended.is_ok_and(|answer| answer.status().is_success()),
        "an agent that stops has no news"
    );
    closed(idle).await;
    let second = Running::start(Config::new(address)).await;
    assert_eq!(get(address, "/v1/agent/services").await, json!({}));
    second.stop().await;
}

async fn closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("the connection is closed");
    assert!(end.is_err() || rest.is_empty());
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_up_the_stop() {
    let running = Running::start(anywhere()).await;
    let mut stream = TcpStream::connect(running.address)
        .await
        .expect("a connection");
    stream
        .write_all(b"PUT /v1/kv/a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf")
        .await
        .expect("sent");
    get(running.address, "/v1/agent/services").await;
    running.stop().await;
}

#[tokio::test]
async fn dropping_the_server_closes_everything() {
    let running = Running::start(anywhere()).await;
    let idle = TcpStream::connect(running.address)
        .await
        .expect("a connection");
    get(running.address, "/v1/agent/services").await;
    running.serving.abort();
    closed(idle).await;
    let address = running.address;
    assert!(
        running
            .serving
            .await
            .is_err_and(|error| error.is_cancelled())
    );
    MiniConsul::bind(address)
        .await
        .expect("the port is free again");
}

#[tokio::test]
async fn a_port_that_is_taken_says_so() {
    let running = Running::start(anywhere()).await;
    let error = MiniConsul::bind(running.address)
        .await
        .expect_err("the port is taken");
    assert!(error.is_address_in_use());
    assert!(
        error.to_string().contains(&running.address.to_string()),
        "{error}"
    );
    let error = MiniConsul::bind(anywhere().reap_interval(Duration::ZERO))
        .await
        .expect_err("no interval");
    assert!(
        matches!(
            error,
            Error::Config {
                setting: "reap_interval",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_service_that_stays_critical_is_taken_out() {
    let quick = anywhere()
        .min_deregister_after(Duration::from_millis(50))
        .reap_interval(Duration::from_millis(20));
    let running = Running::start(quick).await;
    let mortal = json!({"TTL": "100s", "DeregisterCriticalServiceAfter": "10ms"});
    register(running.address, json!({"Name": "mortal", "Check": mortal})).await;
    register(
        running.address,
        json!({"Name": "patient", "Check": {"TTL": "100s"}}),
    )
    .await;
    until_count(running.address, "mortal", 0).await;
    until_count(running.address, "patient", 1).await;
    running.stop().await;
}

#[tokio::test]
async fn only_so_many_queries_wait() {
    let running = Running::start(anywhere().max_waiting(1)).await;
    let address = running.address;
    let path = format!(
        "/v1/catalog/services?wait=10m&index={}",
        index(address, "/v1/catalog/services").await
    );
    let mut queries = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let path = path.clone();
        queries.spawn(async move { ask(address, Method::GET, &path, "").await });
    }
    let refused = timeout(PATIENCE, queries.join_next())
        .await
        .expect("one is refused at once");
    let refused = refused
        .expect("two queries")
        .expect("no panic")
        .expect("an answer");
    assert_eq!(refused.status(), 429);
    register(address, json!({"Name": "web"})).await;
    let answered = timeout(PATIENCE, queries.join_next())
        .await
        .expect("the other is answered");
    assert_eq!(
        answered
            .expect("two queries")
            .expect("no panic")
            .expect("an answer")
            .status(),
        200
    );
    running.stop().await;
}

#[tokio::test]
async fn node_maintenance_takes_every_instance_out() {
    let running = Running::start(anywhere()).await;
    register(running.address, json!({"Name": "web"})).await;
    let maintenance = |enable: bool| format!("/v1/agent/maintenance?enable={enable}");
    ask(running.address, Method::PUT, &maintenance(true), "")
        .await
        .expect("an answer");
    assert_eq!(
        get(running.address, "/v1/health/service/web?passing").await,
        json!([])
    );
    ask(running.address, Method::PUT, &maintenance(false), "")
        .await
        .expect("an answer");
    until_count(running.address, "web", 1).await;
    running.stop().await;
}

#[tokio::test]
async fn what_is_left_out_is_refused() {
    let running = Running::start(anywhere()).await;
    for check in [
        json!({"GRPC": "127.0.0.1:1", "GRPCUseTLS": true, "Interval": "1s"}),
        json!({"HTTP": "https://127.0.0.1:1", "Interval": "1s"}),
        json!({"AliasService": "other"}),
        json!({"DockerContainerID": "x", "Args": ["true"], "Interval": "1s"}),
    ] {
        let body = json!({"Name": "web", "Check": check}).to_string();
        let answer = ask(
            running.address,
            Method::PUT,
            "/v1/agent/service/register",
            &body,
        )
        .await
        .expect("an answer");
        assert!(
            answer.status().is_client_error() || answer.status().is_server_error(),
            "{check}"
        );
        assert!(!answer.body().is_empty());
    }
    let body = "x".repeat(2 * 1024 * 1024);
    // The rest of a body that is too long may be cut off before the answer is read.
    let answer = ask(
        running.address,
        Method::PUT,
        "/v1/agent/service/register",
        &body,
    )
    .await;
    assert!(answer.is_ok_and(|answer| answer.status() == 413));
    assert_eq!(get(running.address, "/v1/agent/services").await, json!({}));
    running.stop().await;
}

#[tokio::test]
async fn the_page_needs_nobody_else() {
    let running = Running::start(anywhere()).await;
    for (path, kind) in [
        ("/ui/", "text/html"),
        ("/ui/style.css", "text/css"),
        ("/ui/script.js", "text/javascript"),
    ] {
        let answer = ask(running.address, Method::GET, path, "")
            .await
            .expect("an answer");
        let text = String::from_utf8(answer.body().to_vec()).expect("text");
        assert!(
            answer.headers()[header::CONTENT_TYPE]
                .to_str()
                .is_ok_and(|found| found.starts_with(kind))
        );
        assert!(text.len() > 500, "{path} is all but empty");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("text");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        for foreign in [
            "http://",
            "https://",
            "innerHTML",
            "<style",
            "style=",
            "onclick",
        ] {
            assert!(!text.contains(foreign), "{path} has {foreign}");
        }
    }
    running.stop().await;
}

#[test]
fn it_runs_in_a_thread_of_its_own() {
    let (tell, told) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let registry = MiniConsul::bind(anywhere()).await.expect("a free port");
            tell.send(registry.local_addr()).expect("somebody waits");
            registry.serve(stopped).await;
        });
    });
    let address = told.recv_timeout(PATIENCE).expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async { assert_eq!(get(address, "/v1/agent/services").await, json!({})) });
    drop(stop);
    thread.join().expect("it ends without a panic");
}
