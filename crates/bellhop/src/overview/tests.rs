use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    flags::{HOLD, Kind},
    join::Joiner,
    known::{Known, Listed, Member},
    picture::{Instance, Picture, State},
    told::View,
};
use crate::consul::Health;

const TICK: Duration = Duration::from_millis(400);

fn health(id: &str, status: &str) -> Health {
    let health = json!({
        "Node": {"Node": "n", "Address": "10.0.0.9"},
        "Checks": [{"CheckID": "c", "Status": status}],
        "Service": {"ID": id, "Port": 7001, "Meta": {"version": "1.2.3", "zone": "east"}},
    });
    serde_json::from_value(health).unwrap()
}

/// A mesh in which search calls rate, stepped through by hand.
struct Stage {
    now: Instant,
    known: Known,
    joiner: Joiner,
}

impl Stage {
    fn new() -> Self {
        let mut stage = Self {
            now: Instant::now(),
            known: Known::default(),
            joiner: Joiner::default(),
        };
        stage.lists("search", &[("search-1", "passing")]);
        stage.lists("rate", &[("rate-1", "passing")]);
        stage
    }

    fn lists(&mut self, service: &str, instances: &[(&str, &str)]) {
        let instances = instances.iter();
        let instances = instances.map(|(id, status)| ((*id).to_owned(), health(id, status)));
        let listed = Listed {
            instances: Some(instances.collect()),
            ..Listed::default()
        };
        self.known.listed.insert(service.to_owned(), listed);
    }

    fn says(&mut self, service: &str, id: &str, view: Value) {
        let view: View = serde_json::from_value(view).unwrap();
        self.joiner.heard(self.now, id, &view);
        let member = Member {
            service: service.to_owned(),
            view: Some((self.now, view)),
            ..Member::default()
        };
        self.known.members.insert(id.to_owned(), member);
    }

    /// Search says this of the instances of rate that it knows.
    fn search_sees(&mut self, instances: &[Value]) {
        let upstreams = json!([{"service": "rate", "instances": instances}]);
        self.says(
            "search",
            "search-1",
            json!({"state": "serving", "upstreams": upstreams}),
        );
    }

    fn picture(&mut self) -> Picture {
        self.joiner
            .picture(self.now, SystemTime::UNIX_EPOCH, &self.known)
    }

    fn instance(&mut self, id: &str) -> Option<Instance> {
        let services = self.picture().services.into_iter();
        let mut instances = services.flat_map(|service| service.instances);
        instances.find(|instance| instance.id == id)
    }

    /// The disagreements that are told after all is said again and again for so long.
    fn told_after(&mut self, time: Duration, instances: &[Value]) -> Vec<Kind> {
        let end = self.now + time;
        loop {
            self.search_sees(instances);
            let told = self.picture().disagreements;
            if self.now >= end {
                return told.into_iter().map(|flag| flag.kind).collect();
            }
            self.now += TICK;
        }
    }
}

fn connected(id: &str) -> Value {
    json!({"id": id, "state": "connected", "breaker": "closed", "share": 10, "weight": 1})
}

fn with(id: &str, more: Value) -> Value {
    let mut callee = connected(id);
    let fields = callee.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    callee
}

#[test]
fn an_instance_is_as_bad_as_anybody_knows() {
    for (said, listed, state) in [
        (json!({}), "passing", State::Passing),
        (json!({"share": 3}), "passing", State::Warming),
        (
            json!({"breaker": "open", "out_of_turn": "its breaker is open"}),
            "passing",
            State::BreakerOpen,
        ),
        (json!({"breaker": "half_open"}), "passing", State::HalfOpen),
        (json!({"state": "connecting"}), "passing", State::Connecting),
        (json!({"state": "draining"}), "passing", State::Draining),
        (json!({}), "critical", State::Critical),
        (json!({"breaker": "open"}), "critical", State::Critical),
    ] {
        let mut stage = Stage::new();
        stage.lists("rate", &[("rate-1", listed)]);
        stage.search_sees(&[with("rate-1", said.clone())]);
        let instance = stage.instance("rate-1").unwrap();
        assert_eq!(instance.state, state, "{said} {listed}");
        assert_eq!(instance.version.as_deref(), Some("1.2.3"));
        assert_eq!(instance.zone.as_deref(), Some("east"));
        assert_eq!(instance.address.as_deref(), Some("10.0.0.9:7001"));
    }
}

#[test]
fn who_is_not_seen_from_here_is_shown_by_what_others_say() {
    let mut stage = Stage::new();
    let unseen = Member {
        service: "rate".to_owned(),
        unseen: Some("connection refused".to_owned()),
        ..Member::default()
    };
    stage.known.members.insert("rate-1".to_owned(), unseen);
    stage.search_sees(&[connected("rate-1")]);
    let instance = stage.instance("rate-1").unwrap();
    assert_eq!(instance.state, State::Passing);
    assert_eq!(instance.unseen.as_deref(), Some("connection refused"));
}

#[test]
fn who_leaves_is_shown_until_it_is_gone() {
    let mut stage = Stage::new();
    stage.lists("rate", &[]);
    stage.search_sees(&[]);
    stage.says("rate", "rate-1", json!({"state": "draining"}));
    assert_eq!(stage.instance("rate-1").unwrap().state, State::Draining);
    stage.known.members.remove("rate-1");
    assert_eq!(stage.instance("rate-1"), None);
    stage.search_sees(&[connected("rate-1")]);
    assert_eq!(stage.instance("rate-1").unwrap().state, State::Kept);
}

#[test]
fn figures_are_those_of_all_callers_together() {
    let mut stage = Stage::new();
    let says = |begun: u64, failed: u64, p50: f64, p99: f64| {
        let calls = json!({"begun": begun, "failed": failed});
        let latency = json!({"calls": 10, "p50_ms": p50, "p99_ms": p99});
        let rate = with("rate-1", json!({"calls": calls, "latency": latency}));
        let other = with("rate-2", json!({"weight": 3}));
        json!({"upstreams": [{"service": "rate", "instances": [rate, other]}]})
    };
    for second in 0..3 {
        stage.says("search", "search-1", says(second * 10, second, 1.0, 9.0));
        stage.says("search", "search-2", says(second * 30, second, 3.0, 5.0));
        stage.now += Duration::from_secs(1);
    }
    let instance = stage.instance("rate-1").unwrap();
    assert_eq!((instance.rate, instance.errors), (Some(40.0), Some(0.05)));
    assert_eq!((instance.p50_ms, instance.p99_ms), (Some(2.0), Some(9.0)));
    assert_eq!(instance.share, Some(0.25));
    let edge = stage.picture().edges.remove(0);
    assert_eq!(
        (&*edge.from, &*edge.to, edge.rate),
        ("search", "rate", Some(40.0))
    );
}

#[test]
fn whom_nobody_calls_is_shown_by_what_it_serves() {
    let mut stage = Stage::new();
    for second in 0_u64..3 {
        let served = json!({"begun": second * 7, "failed": 0, "took": [second * 7]});
        stage.says("search", "search-1", json!({"served": served}));
        stage.now += Duration::from_secs(1);
    }
    let instance = stage.instance("search-1").unwrap();
    assert_eq!((instance.rate, instance.errors), (Some(7.0), Some(0.0)));
    assert_eq!((instance.p50_ms, instance.share), (Some(2.5), None));
}

#[test]
fn what_differs_for_long_is_told() {
    /// What is listed, what search sees of it, and what is told.
    type Case<'c> = (&'c [(&'c str, &'c str)], &'c [Value], &'c [Kind]);
    let cases: [Case<'_>; 6] = [
        (&[("rate-1", "passing")], &[connected("rate-1")], &[]),
        (&[], &[connected("rate-1")], &[Kind::CallsUnlisted]),
        (
            &[("rate-1", "critical")],
            &[connected("rate-1")],
            &[Kind::CallsCritical],
        ),
        (
            &[("rate-1", "passing")],
            &[with("rate-1", json!({"state": "connecting"}))],
            &[Kind::NotConnected],
        ),
        (&[("rate-1", "passing")], &[], &[Kind::DoesNotKnow]),
        (
            &[("rate-1", "critical")],
            &[with("rate-1", json!({"state": "critical"}))],
            &[],
        ),
    ];
    for (listed, seen, told) in cases {
        let mut stage = Stage::new();
        stage.lists("rate", listed);
        assert_eq!(stage.told_after(HOLD - TICK, seen), [], "{listed:?}");
        stage.now += TICK;
        assert_eq!(stage.told_after(TICK, seen), told, "{listed:?}");
    }
}

#[test]
fn what_nobody_knows_for_sure_is_not_told() {
    let mut stage = Stage::new();
    stage.lists("rate", &[]);
    stage.known.listed.get_mut("rate").unwrap().error = Some("no answer".to_owned());
    assert_eq!(stage.told_after(HOLD * 3, &[connected("rate-1")]), []);
    // Nor where some of the answer may be hidden from us.
    stage.lists("rate", &[]);
    stage.known.listed.get_mut("rate").unwrap().doubtful = true;
    assert_eq!(stage.told_after(HOLD * 3, &[connected("rate-1")]), []);
    // And what a member said a while ago it may not say any more.
    stage.lists("rate", &[]);
    stage.search_sees(&[connected("rate-1")]);
    for _ in 0..50 {
        stage.now += TICK;
        assert_eq!(stage.picture().disagreements, []);
    }
}

/// What the registry says of three instances, from when on.
type History = Vec<(u64, [Option<&'static str>; 3])>;

const IDS: [&str; 3] = ["rate-1", "rate-2", "rate-3"];

/// What it said of them then.
fn at(history: &History, millis: u64) -> Vec<(&'static str, &'static str)> {
    let before = history.iter().rev().find(|(since, _)| *since <= millis);
    let states = before.map(|(_, states)| *states).unwrap_or_default();
    let states = IDS.into_iter().zip(states);
    states
        .filter_map(|(id, state)| Some((id, state?)))
        .collect()
}

proptest! {
    /// Instances come, go and fail, and search hears of each some seconds later.
    #[test]
    fn churn_is_never_told(
        changes in proptest::collection::vec((4_000_u64..9_000, 0_usize..3, 0_usize..3), 1..20),
        late in 0_u64..4_000,
    ) {
        let mut stage = Stage::new();
        let (start, mut history, mut end) = (stage.now, History::from([(0, [None; 3])]), 0);
        for (pause, of, state) in changes {
            let mut states = history.last().unwrap().1;
            states[of] = [None, Some("passing"), Some("critical")][state];
            end += pause;
            history.push((end, states));
        }
        for millis in (late..end + 10_000).step_by(400) {
            stage.now = start + Duration::from_millis(millis);
            stage.lists("rate", &at(&history, millis));
            let heard = at(&history, millis - late).into_iter();
            let seen: Vec<_> = heard.map(|(id, state)| match state {
                "critical" => with(id, json!({"state": "critical"})),
                _ => connected(id),
            }).collect();
            stage.search_sees(&seen);
            prop_assert_eq!(stage.picture().disagreements, []);
        }
    }
}

#[test]
fn whom_a_caller_leaves_to_others_it_need_not_know() {
    let mut stage = Stage::new();
    for _ in 0..50 {
        let upstreams = json!([{"service": "rate", "left_out": 1, "instances": []}]);
        stage.says("search", "search-1", json!({"upstreams": upstreams}));
        assert_eq!(stage.picture().disagreements, []);
        stage.now += TICK;
    }
}

#[test]
fn a_view_of_another_version_is_read_as_far_as_it_goes() {
    let view: View =
        serde_json::from_value(json!({"what": 1, "upstreams": [{"instances": [{}]}]})).unwrap();
    assert_eq!(view.upstreams[0].instances[0].share, 10);
}
