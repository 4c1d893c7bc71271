//! What log lines of the whole system say, one process per service.

use e2e::{Launch, Process, Raw, Receiver, Registry, System, until};
use hotel_proto::search::{NearbyRequest, search_client::SearchClient};
use serde_json::Value;
use tonic::{Request, transport::Endpoint};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
const SERVICES: [&str; 5] = ["frontend", "search", "profile", "geo", "rate"];

/// The lines of a process about calls that were answered.
fn access(process: &Process) -> Vec<Value> {
    let output = process.output();
    output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["target"] == "bellhop::access")
        .collect()
}

/// Those of them that are about a request.
fn about(process: &Process, request_id: &str) -> Vec<Value> {
    let mut lines = access(process);
    lines.retain(|line| line["request_id"] == request_id);
    lines
}

/// The line of each service about a request.
async fn lines(system: &System, request_id: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    for service in SERVICES {
        let process = &system.processes[service][0];
        let what = format!("{service} tells of {request_id}");
        let line = until(&what, || async { about(process, request_id).pop() });
        lines.push(line.await);
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_found_in_the_logs_of_all_hops() {
    let (registry, receiver) = (Registry::mini().await, Receiver::start().await);
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("BELLHOP_ACCESS_LOG", "all")
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        .set("OTEL_BSP_SCHEDULE_DELAY", "50");
    let system = System::start(launch).await;
    let ids = [("x-request-id", "order-66"), ("baggage", "tenant=a")];
    let answer = system.example_with(&ids).await.unwrap();
    assert_eq!(answer.header("x-request-id"), "order-66");
    let trace = answer.header("x-trace-id").to_owned();

    let lines = lines(&system, "order-66").await;
    for (line, service) in lines.iter().zip(SERVICES) {
        assert_eq!(
            (&line["level"], &line["message"]),
            (&"INFO".into(), &"answered".into())
        );
        assert_eq!(line["service.name"], service, "{line}");
        let instance = line["service.instance.id"].as_str().unwrap();
        assert!(instance.starts_with(service), "{line}");
        assert_eq!(line["trace_id"], trace, "{line}");
        assert!(line["duration"].as_f64().unwrap() < 10.0, "{line}");
        assert_eq!(line["network.peer.address"], "127.0.0.1", "{line}");
    }
    assert_eq!(lines[0]["http.request.method"], "GET");
    assert_eq!(lines[0]["http.route"], "/hotels");
    assert_eq!(lines[0]["http.response.status_code"], 200);
    assert_eq!(lines[0]["http.response.body.size"], answer.body.len());
    assert_eq!(lines[3]["rpc.method"], "geo.Geo/Nearby");
    assert_eq!(lines[3]["rpc.response.status_code"], "OK");
    assert!(lines[3]["rpc.response.size"].as_u64().unwrap() > 0);
    // Each line is about the server's span of its hop.
    let spans = until("all spans", || async {
        let spans = receiver.spans();
        let of_request = spans.into_iter().filter(|span| span.trace_id == trace);
        let servers: Vec<_> = of_request.filter(|span| span.kind == 2).collect();
        (servers.len() >= SERVICES.len()).then_some(servers)
    });
    for span in spans.await {
        let is_its = |line: &&Value| line["service.name"] == *span.service;
        let line = lines.iter().find(is_its).expect("a line");
        assert_eq!(line["span_id"], *span.span_id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_keep_what_is_nobodys_business_to_themselves() {
    let registry = Registry::mini().await;
    let system = System::start(Launch::new(BINARY).registry(&registry)).await;
    let secrets = [
        ("x-request-id", "r-2"),
        ("authorization", "Bearer hush-hush"),
        ("cookie", "session=hush-hush"),
        ("baggage", "card=hush-hush"),
    ];
    system.example_with(&secrets).await.unwrap();
    system
        .get("/somebody/hush-hush?token=hush-hush")
        .await
        .unwrap();
    system.hotels("inDate=hush-hush").await.unwrap();
    let frontend = &system.processes["frontend"][0];
    until("lines of all three requests", || async {
        let output = frontend.output();
        (output.matches("bellhop::access").count() == 3).then_some(())
    })
    .await;
    for process in system.processes.values().flatten() {
        let output = process.output();
        assert!(!output.contains("hush"), "{output}");
        assert!(!output.contains("2015-04-09"), "{output}");
    }
    // By default the door tells of requests, and nobody behind it.
    assert_eq!(about(frontend, "r-2").len(), 1);
    assert_eq!(about(&system.processes["geo"][0], "r-2").len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_in_no_line_however_much_is_logged() {
    let registry = Registry::mini().await;
    let receiver = Receiver::start().await;
    // The one takes spans and no metrics, the other one neither.
    let collectors = [
        ("grpc", receiver.endpoint()),
        ("http/protobuf", format!("http://{}", registry.address())),
    ];
    for (protocol, endpoint) in collectors {
        let launch = Launch::new(BINARY)
            .registry(&registry)
            .set("RUST_LOG", "trace")
            .set("CONSUL_HTTP_TOKEN", "hush-hush")
            .set("CONSUL_HTTP_AUTH", "ann:hush-hush")
            .set("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
            .set("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .set("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hush-hush")
            .set("OTEL_METRIC_EXPORT_INTERVAL", "50")
            .set("OTEL_BSP_SCHEDULE_DELAY", "50");
        let system = System::start(launch).await;
        system.example().await.unwrap();
        let frontend = &system.processes["frontend"][0];
        until("exports of both", || async {
            let output = frontend.output();
            let of_spans = match protocol {
                "grpc" => !receiver.spans().is_empty(),
                _ => output.contains("spans cannot be exported"),
            };
            (of_spans && output.contains("metrics cannot be exported")).then_some(())
        })
        .await;
        let output = frontend.output();
        // Also as it is encoded for the registry.
        for secret in ["hush", "YW5uOmh1c2g"] {
            let line = output.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{protocol}");
        }
    }
}

/// The lines of modules of the mesh, with all that they tell.
fn of_the_mesh(process: &Process) -> Vec<Value> {
    let output = process.output();
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| {
            let target = line["target"].as_str();
            target.is_some_and(|target| target.starts_with("bellhop::"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_many_members_in_one_process_names_its_member() {
    let mut registry = Registry::mini().await;
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("RUST_LOG", "bellhop=debug");
    let mut process = launch.start(&["up", "--http", "127.0.0.1:0"]);
    until("a system that is ready", || async {
        process.output().contains("Hotels is ready").then_some(())
    })
    .await;
    registry.stop();
    // Each of the five, and each of its own: what it keeps registered, and whom it asks after.
    let said = |lines: &[Value], service: &str, what: &str| {
        lines.iter().any(|line| {
            let message = line["message"].as_str();
            line["service.name"] == service && message.is_some_and(|message| message.contains(what))
        })
    };
    until("all that is said without a registry", || async {
        let lines = of_the_mesh(&process);
        let registered = |service| said(&lines, service, "cannot tell whether");
        let found = |service| {
            said(&lines, service, "discovery fails") && said(&lines, service, "connected")
        };
        let all = SERVICES.into_iter().all(registered);
        (all && ["frontend", "search"].into_iter().all(found)).then_some(())
    })
    .await;
    process.terminate();
    assert!(process.end().await.success());
    for line in of_the_mesh(&process) {
        let (service, instance) = (&line["service.name"], &line["service.instance.id"]);
        let (Some(service), Some(instance)) = (service.as_str(), instance.as_str()) else {
            panic!("nobody says {line}");
        };
        assert!(SERVICES.contains(&service), "{line}");
        assert!(instance.starts_with(service), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_without_an_id_is_given_one() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("BELLHOP_ACCESS_LOG", "all");
    let system = System::start(launch).await;
    for headers in [&[][..], &[("x-request-id", "two words")]] {
        let answer = system.example_with(headers).await.unwrap();
        let id = answer.header("x-request-id");
        assert_eq!(id.len(), 32);
        lines(&system, id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_comes_in_by_grpc_has_an_id_too() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("BELLHOP_ACCESS_LOG", "all");
    let system = System::start(launch).await;
    let instance = registry.services("search").await.remove(0);
    let url = format!("http://127.0.0.1:{}", instance["Port"]);
    let channel = Endpoint::from_shared(url).unwrap().connect().await;
    let mut search = SearchClient::new(channel.unwrap());
    let ask = || NearbyRequest {
        lat: 37.7749,
        lon: -122.4194,
        in_date: "2015-04-09".into(),
        out_date: "2015-04-10".into(),
        ..NearbyRequest::default()
    };
    search.nearby(ask()).await.unwrap();
    let hops = ["search", "geo", "rate"].map(|service| &system.processes[service][0]);
    let made = until("an id that was made", || async {
        let line = access(hops[0]).pop()?;
        line["request_id"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(made.len(), 32);

    let mut call = Request::new(ask());
    let id = "order-67".parse().unwrap();
    call.metadata_mut().insert("x-request-id", id);
    search.nearby(call).await.unwrap();
    for (id, hop) in [&*made, "order-67"]
        .iter()
        .flat_map(|id| hops.map(|hop| (id, hop)))
    {
        until(&format!("a line about {id}"), || async {
            about(hop, id).pop()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_goes_on_is_told_of_when_it_ends() {
    let registry = Registry::mini().await;
    let system = System::start(Launch::new(BINARY).registry(&registry)).await;
    let address = system.address().trim_start_matches("http://").parse();
    let address = address.unwrap();
    let mut client = Raw::connect(address).await;
    let asked = "GET /mesh/events HTTP/1.1\r\nHost: localhost\r\nx-request-id: r-3\r\n\r\n";
    assert!(client.say(asked).await);
    client.heard("data: ").await;
    let frontend = &system.processes["frontend"][0];
    assert!(about(frontend, "r-3").is_empty());
    drop(client);
    let line = until("the end", || async { about(frontend, "r-3").pop() }).await;
    assert_eq!(line["message"], "the client left", "{line}");
    assert_eq!(line["http.response.status_code"], 200, "{line}");
    assert!(
        line["http.response.body.size"].as_u64() > Some(100),
        "{line}"
    );

    let mut client = Raw::connect(address).await;
    assert!(client.say(&asked.replace("r-3", "r-4")).await);
    client.heard("data: ").await;
    frontend.terminate();
    let line = until("the end", || async { about(frontend, "r-4").pop() }).await;
    assert_eq!(line["message"], "answered", "the member ended it: {line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_that_go_no_further_are_not_made_at_every_hop() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("OTEL_PROPAGATORS", "tracecontext")
        .set("BELLHOP_ACCESS_LOG", "all");
    let system = System::start(launch).await;
    let answer = system.example_with(&[]).await.unwrap();
    let id = answer.header("x-request-id");
    let door = &system.processes["frontend"][0];
    until("a line of the door", || async { about(door, id).pop() }).await;
    for service in &SERVICES[1..] {
        let process = &system.processes[service][0];
        let what = format!("a line of {service}");
        let line = until(&what, || async { access(process).pop() }).await;
        assert_eq!(line.get("request_id"), None, "{line}");
    }
}
