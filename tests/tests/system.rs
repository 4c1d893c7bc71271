//! The whole system, one process per service, against mini-consul and against a real Consul.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use bellhop::{
    Mesh,
    config::{Overlay, Source},
};
use e2e::{Launch, Load, Receiver, Registry, System, against_both, until};
use hotel_proto::{geo, rate, search, view};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

against_both![
    the_example_request_is_answered_as_the_contract_says,
    bad_input_is_refused_by_name,
    three_instances_take_turns_evenly,
    a_later_instance_takes_turns,
    an_instance_of_twice_the_weight_has_twice_the_turns,
    members_that_report_for_themselves_pass,
    a_stopped_instance_loses_no_request,
    an_agent_without_memory_gets_everybody_back,
    one_trace_spans_all_services,
    peers_of_the_old_contract_are_served,
    a_prefix_stands_before_every_name,
];

fn launch(registry: &Registry) -> Launch {
    Launch::new(BINARY).registry(registry)
}

/// All is traced, and spans arrive soon.
fn traced(registry: &Registry, receiver: &Receiver) -> Launch {
    launch(registry)
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        .set("OTEL_BSP_SCHEDULE_DELAY", "50")
}

/// So that each request is one call of rate, however long it takes: nobody is asked once more beside one who is late, and nobody
/// is taken for dead who is slow to say how it is.
fn counted(registry: &Registry, receiver: &Receiver) -> Launch {
    traced(registry, receiver)
        .set("BELLHOP_HEDGE_AFTER", "off")
        .set("BELLHOP_CHECK_TIMEOUT", "10s")
}

async fn the_example_request_is_answered_as_the_contract_says(registry: Registry) {
    let system = System::start(launch(&registry)).await;
    let answer = system
        .example_with(&[("x-request-id", "mine")])
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/geo+json");
    assert_eq!(answer.header("x-request-id"), "mine");
    assert_eq!(answer.header("x-trace-id").len(), 32);

    let body = answer.json();
    assert_eq!(body["type"], "FeatureCollection");
    let (first, second) = (&body["features"][0], &body["features"][1]);
    assert_eq!(
        (&first["type"], &first["id"]),
        (&"Feature".into(), &"5".into())
    );
    assert_eq!(first["properties"]["name"], "Phoenix Hotel");
    assert_eq!(first["properties"]["phone_number"], "(415) 776-1380");
    assert_eq!(
        (&second["id"], &second["properties"]["name"]),
        (&"3".into(), &"Hotel Zetta".into())
    );
    assert_eq!(second["properties"]["price"]["total"], 109.0);
    assert_eq!(second["properties"]["price"]["total_inclusive"], 123.17);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let point = r#""geometry":{"type":"Point","coordinates":[-122.4181,37.7831]}"#;
    assert!(text.contains(point), "{text}");
}

async fn bad_input_is_refused_by_name(registry: Registry) {
    let system = System::start(launch(&registry)).await;
    let stay = "inDate=2015-04-09&outDate=2015-04-10";
    let table = [
        ("", "inDate"),
        ("inDate=2015-04-09", "outDate"),
        ("outDate=2015-04-10", "inDate"),
        ("inDate=2015-04-31&outDate=2015-05-02", "inDate"),
        ("inDate=2015-02-29&outDate=2015-03-02", "inDate"),
        ("inDate=09.04.2015&outDate=2015-04-10", "inDate"),
        ("inDate=2015-4-9&outDate=2015-04-10", "inDate"),
        ("inDate=2015-04-10&outDate=2015-04-10", "outDate"),
        ("inDate=2015-04-10&outDate=2015-04-09", "outDate"),
        ("inDate=2015-04-01&outDate=2015-05-02", "outDate"),
        (&format!("{stay}&lat=91&lon=0"), "lat"),
        (&format!("{stay}&lat=NaN&lon=0"), "lat"),
        (&format!("{stay}&lat=0&lon=181"), "lon"),
        (&format!("{stay}&lat=37"), "lon"),
        (&format!("{stay}&limit=0"), "limit"),
        (&format!("{stay}&limit=101"), "limit"),
        (&format!("{stay}&limit=many"), "limit"),
        (&format!("{stay}&radius=0"), "radius"),
        (&format!("{stay}&radius=51"), "radius"),
        (&format!("{stay}&radius=-1"), "radius"),
        (&format!("{stay}&inDate=2015-04-09"), "inDate"),
    ];
    for (query, field) in table {
        let answer = system.hotels(query).await.unwrap();
        assert_eq!(answer.status, 400, "{query}");
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "INVALID_ARGUMENT", "{query}");
        assert_eq!(error["field"], field, "{query}: {error}");
        assert!(
            error["message"].as_str().unwrap().contains(field),
            "{query}: {error}"
        );
    }
    let answer = system.get("/nothing").await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["code"]),
        (404, &"NOT_FOUND".into())
    );
}

/// How many calls each instance of a service has served, as its spans say.
fn served(receiver: &Receiver, name: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for span in receiver.spans() {
        if span.name == name && span.kind == 2 {
            *counts.entry(span.instance).or_default() += 1;
        }
    }
    counts
}

/// Asks so many times, one after the other, and returns how many calls of these each instance of rate has served.
async fn ask(system: &System, receiver: &Receiver, requests: usize) -> Vec<usize> {
    const RATES: &str = "rate.Rate/GetRates";
    let before = served(receiver, RATES);
    for _ in 0..requests {
        system.example().await.unwrap();
    }
    let total = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
    let all = total(&before) + requests;
    let after = until("all spans", || async {
        let counts = served(receiver, RATES);
        (total(&counts) == all).then_some(counts)
    })
    .await;
    after
        .iter()
        .map(|(id, count)| count - before.get(id).unwrap_or(&0))
        .collect()
}

/// Asks until all of three instances are connected everywhere, which shows in even counts.
async fn until_three_take_turns(system: &System, receiver: &Receiver) {
    until("three instances that take turns", || async {
        (ask(system, receiver, 30).await == [10, 10, 10]).then_some(())
    })
    .await;
}

async fn three_instances_take_turns_evenly(registry: Registry) {
    let receiver = Receiver::start().await;
    let mut system = System::start(counted(&registry, &receiver)).await;
    system.add("rate");
    system.add("rate");
    system.passing(&registry, "rate", 3).await;
    until_three_take_turns(&system, &receiver).await;
    assert_eq!(ask(&system, &receiver, 300).await, [100, 100, 100]);
}

async fn an_instance_of_twice_the_weight_has_twice_the_turns(registry: Registry) {
    let receiver = Receiver::start().await;
    let system = System::start(counted(&registry, &receiver)).await;
    let _heavy = system
        .launch
        .clone()
        .set("BELLHOP_WEIGHT", "2")
        .start(&["rate"]);
    system.passing(&registry, "rate", 2).await;
    let shares = async |requests| {
        let mut shares = ask(&system, &receiver, requests).await;
        shares.sort_unstable();
        shares
    };
    until("both take turns", || async {
        (shares(30).await == [10, 20]).then_some(())
    })
    .await;
    assert_eq!(shares(300).await, [100, 200]);
}

async fn members_that_report_for_themselves_pass(registry: Registry) {
    let system = System::start(launch(&registry).set("BELLHOP_CHECK", "ttl")).await;
    for service in ["geo", "rate", "profile", "search", "frontend"] {
        system.passing(&registry, service, 1).await;
    }
    system.example().await.unwrap();
}

async fn a_later_instance_takes_turns(registry: Registry) {
    let receiver = Receiver::start().await;
    let mut system = System::start(counted(&registry, &receiver)).await;
    let (_, newcomer) = system.add("rate").serving("rate").await;
    system.passing(&registry, "rate", 2).await;
    let passing = Instant::now();
    until("the newcomer serves", || async {
        ask(&system, &receiver, 2).await;
        served(&receiver, "rate.Rate/GetRates")
            .contains_key(&newcomer)
            .then_some(())
    })
    .await;
    // A figure, not a verdict: the machine may be busy. The spans' own way here is part of it.
    println!(
        "a later instance has served within {:?} of passing",
        passing.elapsed()
    );
}

async fn a_stopped_instance_loses_no_request(registry: Registry) {
    let system = System::start(launch(&registry)).await;
    // Long enough to be found serving, also where finding it takes long.
    let launch = launch(&registry).set("BELLHOP_DRAIN_QUIET", "4s");
    let mut instance = launch.start(&["rate"]);
    let (address, leaving) = instance.serving("rate").await;
    system.passing(&registry, "rate", 2).await;
    let system = Arc::new(system);
    let load = Load::start(&system, 4);
    load.pass(100).await;

    instance.terminate();
    until("out of the catalog", || async {
        let left = !registry.registered("rate").await.contains(&leaving);
        left.then_some(())
    })
    .await;
    // It has left the catalog, and serves those who do not know yet.
    tokio::net::TcpStream::connect(address)
        .await
        .expect("it still serves");
    load.pass(200).await;
    load.stop().await;

    let end = instance.end().await;
    assert!(end.success(), "{end}");
}

async fn an_agent_without_memory_gets_everybody_back(mut registry: Registry) {
    let system = System::start(launch(&registry)).await;
    system.example().await.unwrap();
    registry.restart().await;
    let back = Instant::now();
    for service in ["geo", "rate", "profile", "search", "frontend"] {
        system.passing(&registry, service, 1).await;
    }
    println!("everybody is back {:?} after the agent", back.elapsed());
    until("answers again", || async { system.example().await.ok() }).await;
}

async fn one_trace_spans_all_services(registry: Registry) {
    let receiver = Receiver::start().await;
    let system = System::start(traced(&registry, &receiver)).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let answer = system
        .example_with(&[("traceparent", &parent)])
        .await
        .unwrap();
    assert_eq!(answer.header("x-trace-id"), trace);

    // A server's span each, and a client's for each of the four hops.
    let spans = until("a whole trace", || async {
        let spans = receiver
            .spans()
            .into_iter()
            .filter(|span| span.trace_id == trace);
        let spans: Vec<_> = spans.collect();
        (spans.len() == 9).then_some(spans)
    })
    .await;
    let questions = receiver
        .spans()
        .into_iter()
        .filter(|span| span.name.contains("Health"));
    assert_eq!(
        questions.count(),
        0,
        "questions after health are nobody's trace"
    );
    let find = |service: &str, kind: i32, name: &str| {
        let mut found = spans
            .iter()
            .filter(|span| (&*span.service, span.kind, &*span.name) == (service, kind, name));
        found
            .next()
            .unwrap_or_else(|| panic!("{service} {kind} {name}: {spans:#?}"))
    };
    let root = find("frontend", 2, "GET /hotels");
    assert_eq!(root.parent_id, "00f067aa0ba902b7");
    for (caller, service, name) in [
        ("frontend", "search", "search.Search/Nearby"),
        ("frontend", "profile", "profile.Profile/GetProfiles"),
        ("search", "geo", "geo.Geo/Nearby"),
        ("search", "rate", "rate.Rate/GetRates"),
    ] {
        let (client, server) = (find(caller, 3, name), find(service, 2, name));
        assert_eq!(server.parent_id, client.span_id, "{name}");
        let parent = spans
            .iter()
            .find(|span| span.span_id == client.parent_id)
            .expect("a parent");
        assert_eq!((&*parent.service, parent.kind), (caller, 2), "{name}");
    }
}

/// A client of ours in the tests' own process.
fn mesh(registry: &Registry) -> Mesh {
    let settings = [(
        "CONSUL_HTTP_ADDR".to_owned(),
        registry.address().to_string(),
    )];
    struct Nothing;
    impl Source for Nothing {
        fn get(&self, _: &str) -> Option<String> {
            None
        }
    }
    Mesh::from_source("tests", &Overlay::new(BTreeMap::from(settings), Nothing)).unwrap()
}

async fn peers_of_the_old_contract_are_served(registry: Registry) {
    let _system = System::start(launch(&registry)).await;
    let mesh = mesh(&registry);
    // Only what the old contract knows is set.
    let mut geo = geo::geo_client::GeoClient::new(mesh.channel("geo"));
    let centre = geo::Request {
        lat: 37.7749,
        lon: -122.4194,
        ..Default::default()
    };
    let near = geo.nearby(centre).await.unwrap().into_inner().hotel_ids;
    let near: Vec<_> = near.iter().flatten().collect();
    assert_eq!(near[..2], ["5", "3"]);

    let (in_date, out_date) = ("2015-04-09".to_owned(), "2015-04-10".to_owned());
    let mut rate = rate::rate_client::RateClient::new(mesh.channel("rate"));
    let hotel_ids = Some(["2", "nobody", "1"].iter().collect());
    let request = rate::Request {
        hotel_ids,
        in_date: in_date.clone(),
        out_date,
    };
    let plans = rate
        .get_rates(request)
        .await
        .unwrap()
        .into_inner()
        .rate_plans;
    let total = |plan| {
        let plan = view::RatePlan::<&str>::read(plan).unwrap();
        (plan.hotel_id, plan.room_type.unwrap().total_rate_inclusive)
    };
    let totals: Vec<_> = plans.iter().flatten().map(total).collect();
    assert_eq!(totals, [("2", 153.09), ("1", 123.17)]);

    let mut search = search::search_client::SearchClient::new(mesh.channel("search"));
    let request = search::NearbyRequest {
        lat: 37.7749,
        lon: -122.4194,
        in_date,
        out_date: "tomorrow".to_owned(),
        ..Default::default()
    };
    let status = search.nearby(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().contains("outDate"), "{status}");
}

async fn a_prefix_stands_before_every_name(registry: Registry) {
    let system = System::start(launch(&registry).set("BELLHOP_SERVICE_PREFIX", "srv-")).await;
    system.example().await.unwrap();
    system.passing(&registry, "srv-geo", 1).await;
    assert_eq!(registry.registered("geo").await, Vec::<String>::new());
}
