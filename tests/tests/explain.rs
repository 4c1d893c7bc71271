//! Answers that explain themselves, one process per service.

use e2e::{Answer, Launch, Registry, System, until};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
const EXPLAIN: &str = "x-bellhop-explain";

/// An answer with the wish to have it explained.
async fn ask(system: &System) -> Answer {
    let answer = system.example_with(&[(EXPLAIN, "1")]).await.unwrap();
    assert_eq!(answer.status, 200);
    answer
}

fn explanation(answer: &Answer) -> Value {
    serde_json::from_str(answer.header(EXPLAIN)).expect("JSON")
}

/// The only instance of a service.
async fn instance(registry: &Registry, service: &str) -> String {
    let ids = registry.registered(service).await;
    assert_eq!(ids.len(), 1, "{service}: {ids:?}");
    ids[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_tells_who_served_it_hop_by_hop() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let system = System::start(launch.set("BELLHOP_EXPLAIN", "true")).await;
    let hop = explanation(&ask(&system).await);
    assert_eq!(hop["service"], "frontend");
    assert_eq!(hop["instance"], instance(&registry, "frontend").await);

    let one_call = async |call: &Value, service: &str, method: &str| {
        assert_eq!(call["service"], service, "{call}");
        assert_eq!(call["method"], method);
        assert_eq!(call["outcome"], "OK");
        assert!(call.get("skipped").is_none(), "{call}");
        let attempts = call["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{call}");
        let id = instance(&registry, service).await;
        assert_eq!(attempts[0]["instance"], id);
        assert_eq!(attempts[0]["outcome"], "OK");
        let below = attempts[0]["hop"].clone();
        assert_eq!(below["service"], service);
        assert_eq!(below["instance"], id);
        // Each hop takes longer than what is below it.
        let ms = |value: &Value| value["ms"].as_f64().unwrap();
        assert!(ms(call) >= ms(&attempts[0]) && ms(&attempts[0]) >= ms(&below));
        below
    };
    let [search, profile] = &hop["calls"].as_array().unwrap()[..] else {
        panic!("{hop}")
    };
    let below = one_call(search, "search", "search.Search/Nearby").await;
    let leaf = one_call(profile, "profile", "profile.Profile/GetProfiles").await;
    assert!(leaf.get("calls").is_none());
    let [geo, rate] = &below["calls"].as_array().unwrap()[..] else {
        panic!("{below}")
    };
    one_call(geo, "geo", "geo.Geo/Nearby").await;
    one_call(rate, "rate", "rate.Rate/GetRates").await;

    let plain = system.example_with(&[]).await.unwrap();
    assert_eq!(plain.header(EXPLAIN), "", "nobody asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_turn_is_named_with_the_reason() {
    let registry = Registry::mini().await;
    // The registry hears from members themselves, and so takes a while to miss one.
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("BELLHOP_CHECK", "ttl")
        .set("BELLHOP_EXPLAIN", "true");
    let mut system = System::start(launch).await;
    let (_, gone) = system.add("rate").serving("rate").await;
    system.passing(&registry, "rate", 2).await;
    system.processes.get_mut("rate").unwrap().remove(1);
    until("an explanation that names who is gone", || async {
        let hop = explanation(&ask(&system).await);
        let search = &hop["calls"][0]["attempts"][0]["hop"];
        let skipped = &search["calls"][1]["skipped"][0];
        (skipped["instance"] == *gone).then(|| assert_eq!(skipped["why"], "not connected"))
    })
    .await;
}

/// Whom search passed over when it called rate, and why, by the hop of the frontend.
fn skipped(hop: &Value) -> Vec<(&str, &str)> {
    let call = &hop["calls"][0]["attempts"][0]["hop"]["calls"][1];
    let skipped = call["skipped"].as_array().into_iter().flatten();
    let told = skipped.map(|one| (&one["instance"], &one["why"]));
    told.map(|(id, why)| (id.as_str().unwrap(), why.as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_critical_is_named_too() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let mut system = System::start(launch.set("BELLHOP_EXPLAIN", "true")).await;
    // Of three, one may be ill and is not called; of two, health checks would be doubted.
    system.add("rate");
    let (_, gone) = system.add("rate").serving("rate").await;
    system.passing(&registry, "rate", 3).await;
    system.processes.get_mut("rate").unwrap().remove(2);
    until("an explanation that names who is critical", || async {
        let hop = explanation(&ask(&system).await);
        let expected = [(&*gone, "critical in the registry")];
        (skipped(&hop) == expected).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_is_left_the_cause_is_told_and_who_is_gone() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let mut system = System::start(launch.set("BELLHOP_EXPLAIN", "true")).await;
    let gone = instance(&registry, "rate").await;
    system.processes.remove("rate");
    let call = until("an explanation with the cause", || async {
        let hop = explanation(&ask(&system).await);
        let call = hop["calls"][0]["attempts"][0]["hop"]["calls"][1].clone();
        // At first it counts as passing, and cannot be connected.
        (call["nobody"]["case"] == "all critical").then_some(call)
    })
    .await;
    assert_eq!(
        call["nobody"],
        serde_json::json!({
            "case": "all critical",
            "text": "none of the 1 registered instances is passing",
        })
    );
    assert_eq!(call["outcome"], "UNAVAILABLE");
    assert!(call.get("attempts").is_none(), "{call}");
    assert_eq!(call["skipped"].as_array().unwrap().len(), 1, "{call}");
    assert_eq!(call["skipped"][0]["instance"], gone);

    system.add("rate");
    until("an answer with prices", || async {
        let hop = explanation(&ask(&system).await);
        let call = &hop["calls"][0]["attempts"][0]["hop"]["calls"][1];
        (call["outcome"] == "OK").then(|| assert!(call.get("nobody").is_none()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_told_with_what_became_of_them() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("BELLHOP_CHECK", "ttl")
        .set("BELLHOP_EXPLAIN", "true");
    let mut system = System::start(launch).await;
    let (_, stuck) = system.add("rate").serving("rate").await;
    until("both take turns", || async {
        let hop = explanation(&ask(&system).await);
        let call = &hop["calls"][0]["attempts"][0]["hop"]["calls"][1];
        (call["attempts"][0]["instance"] == *stuck).then_some(())
    })
    .await;
    system.processes["rate"][1].signal("STOP");
    let call = until("a turn of who is stuck", || async {
        let hop = explanation(&ask(&system).await);
        let call = hop["calls"][0]["attempts"][0]["hop"]["calls"][1].clone();
        (call["attempts"][0]["instance"] == *stuck).then_some(call)
    })
    .await;
    let [slow, other] = &call["attempts"].as_array().unwrap()[..] else {
        panic!("{call}")
    };
    assert_eq!(
        (&slow["outcome"], &other["outcome"]),
        (&"DROPPED".into(), &"OK".into())
    );
    assert_ne!(other["instance"], *stuck);
    assert_eq!(other["hedge"], true);
    assert_eq!(call["outcome"], "OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_member_decides_for_itself() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let system = System::start(launch.clone()).await;
    assert_eq!(ask(&system).await.header(EXPLAIN), "", "off by default");

    let frontend =
        launch
            .set("BELLHOP_EXPLAIN", "true")
            .start(&["frontend", "--http", "127.0.0.1:0"]);
    let (address, id) = frontend.serving("frontend").await;
    let url = format!("http://{address}/hotels?inDate=2015-04-09&outDate=2015-04-10");
    let answer = until("an answer", || async {
        let client = e2e::Client::new();
        let answer = client.get_with(&url, &[(EXPLAIN, "1")]).await.ok()?;
        answer.status.is_success().then_some(answer)
    })
    .await;
    let hop = explanation(&answer);
    assert_eq!(hop["instance"], id);
    let attempt = &hop["calls"][0]["attempts"][0];
    assert_eq!(attempt["instance"], instance(&registry, "search").await);
    assert!(attempt.get("hop").is_none(), "search may not tell");
}
