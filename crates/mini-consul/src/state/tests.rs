use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::probe::{Probe, Target};

const SECOND: Duration = Duration::from_secs(1);

fn state() -> State {
    let address = SocketAddr::from(([127, 0, 0, 1], 8500));
    State::new(&Config::new(address).min_deregister_after(SECOND), address)
}

fn service(id: &str, name: &str) -> ServiceDefinition {
    ServiceDefinition {
        id: id.to_owned(),
        name: name.to_owned(),
        ..ServiceDefinition::default()
    }
}

fn check(driver: Driver) -> CheckDefinition {
    CheckDefinition {
        id: String::new(),
        name: String::new(),
        notes: String::new(),
        status: None,
        driver,
        deregister_after: None,
        success_before_passing: 0,
        failures_before_critical: 0,
    }
}

fn probe() -> Driver {
    let target = Target::Tcp("127.0.0.1:1".to_owned());
    Driver::Probe(std::sync::Arc::new(Probe {
        target,
        interval: SECOND,
        timeout: SECOND,
    }))
}

fn status_of(state: &State, id: &str) -> &'static str {
    state.checks[id].status.as_str()
}

#[test]
fn an_idle_registry_knows_itself() {
    let state = state();
    assert_eq!(state.counts(), (0, 0));
    assert_eq!(
        state
            .catalog_services(&Narrow::default())
            .keys()
            .collect::<Vec<_>>(),
        [&"consul"]
    );
    assert_eq!(state.health_state("passing", &Narrow::default()).len(), 1);
    assert_eq!(
        state.node()["ID"].as_str().map(str::len),
        Some(36),
        "an id in the shape of a UUID"
    );
}

#[test]
fn the_index_of_one_service_is_left_alone_by_others() {
    let (mut state, now) = (state(), Instant::now());
    state.register_service(service("a", "a"), vec![], false, now);
    let before = state.service_index("a");
    state.register_service(
        service("b", "b"),
        vec![check(Driver::Ttl(SECOND))],
        false,
        now,
    );
    state
        .update_ttl("service:b", Status::Passing, "", now)
        .unwrap();
    assert_eq!(state.service_index("a"), before);
    state.node_maintenance(true, "", now);
    assert!(
        state.service_index("a") > before,
        "a check of the node is everybody's"
    );
}

#[test]
fn who_waits_for_an_absent_service_is_not_woken_by_others_coming() {
    let (mut state, now) = (state(), Instant::now());
    let before = state.service_index("absent");
    state.register_service(
        service("b", "b"),
        vec![check(Driver::Ttl(SECOND))],
        false,
        now,
    );
    assert_eq!(state.service_index("absent"), before);
    state.register_service(service("absent", "absent"), vec![], false, now);
    assert!(state.service_index("absent") > before);
}

#[test]
fn an_instance_that_takes_another_name_leaves_the_old_one() {
    let (mut state, now) = (state(), Instant::now());
    state.register_service(service("id", "old"), vec![], false, now);
    let before = state.service_index("old");
    state.register_service(service("id", "new"), vec![], false, now);
    assert!(
        state.service_index("old") > before,
        "who waits for the old name hears of it"
    );
    assert!(state.health_service("old", &Narrow::default()).is_empty());
    assert_eq!(state.health_service("new", &Narrow::default()).len(), 1);
}

#[test]
fn a_ttl_lasts_from_word_to_word() {
    let (mut state, now) = (state(), Instant::now());
    let passing = CheckDefinition {
        status: Some(Status::Passing),
        ..check(Driver::Ttl(10 * SECOND))
    };
    state.register_service(service("a", "a"), vec![passing], false, now);
    assert_eq!(state.next_expiry(), Some(now + 10 * SECOND));
    state
        .update_ttl("service:a", Status::Passing, "fine", now + 9 * SECOND)
        .unwrap();
    state.expire(now + 18 * SECOND);
    assert_eq!(status_of(&state, "service:a"), "passing");
    state.expire(now + 19 * SECOND);
    assert_eq!(status_of(&state, "service:a"), "critical");
    assert_eq!(
        state.checks["service:a"].output,
        "TTL expired (last output before timeout follows): fine"
    );
    assert_eq!(
        state.next_expiry(),
        None,
        "what has expired does not expire again"
    );
}

#[test]
fn thresholds_count_in_a_row() {
    let (mut state, now) = (state(), Instant::now());
    let patient = CheckDefinition {
        success_before_passing: 2,
        failures_before_critical: 3,
        ..check(probe())
    };
    state.register_service(service("a", "a"), vec![patient], false, now);
    let generation = state.probes().next().unwrap().1;
    let mut hear = |status| {
        state.report("service:a", generation, status, "", now);
        status_of(&state, "service:a")
    };
    use Status::{Critical, Passing, Warning};
    assert_eq!(
        [hear(Passing), hear(Critical), hear(Passing), hear(Warning)],
        ["critical", "critical", "critical", "warning"]
    );
    assert_eq!(
        [
            hear(Critical),
            hear(Critical),
            hear(Passing),
            hear(Critical)
        ],
        ["warning"; 4]
    );
    assert_eq!([hear(Critical), hear(Critical)], ["warning", "critical"]);
}

#[test]
fn a_probe_of_a_replaced_check_is_not_heard() {
    let (mut state, now) = (state(), Instant::now());
    state.register_service(service("a", "a"), vec![check(probe())], false, now);
    let old = state.probes().next().unwrap().1;
    state.register_service(service("a", "a"), vec![check(probe())], false, now);
    state.report("service:a", old, Status::Passing, "", now);
    assert_eq!(status_of(&state, "service:a"), "critical");
    let new = state.probes().next().unwrap().1;
    state.report("service:a", new, Status::Passing, "", now);
    assert_eq!(status_of(&state, "service:a"), "passing");
}

#[test]
fn a_service_is_reaped_once_critical_for_longer_than_it_may() {
    let (mut state, now) = (state(), Instant::now());
    let mortal = CheckDefinition {
        deregister_after: Some(Duration::from_millis(1)),
        ..check(Driver::Ttl(100 * SECOND))
    };
    state.register_service(service("a", "a"), vec![mortal], false, now);
    state.register_service(
        service("b", "b"),
        vec![check(Driver::Ttl(SECOND))],
        false,
        now,
    );
    assert!(
        state.reap(now + SECOND).is_empty(),
        "a time below the least is raised to it"
    );
    state
        .update_ttl("service:a", Status::Passing, "", now + SECOND)
        .unwrap();
    state
        .update_ttl("service:a", Status::Critical, "", now + 2 * SECOND)
        .unwrap();
    assert!(
        state.reap(now + 3 * SECOND).is_empty(),
        "the time runs from when it last turned critical"
    );
    assert_eq!(state.reap(now + 4 * SECOND), ["a"]);
    assert_eq!(state.counts(), (1, 1), "what may stay critical stays");
}

#[test]
fn the_registry_itself_is_not_to_be_removed() {
    let mut state = state();
    state.deregister_service("consul");
    state.deregister_check("serfHealth");
    assert_eq!(state.health_service("consul", &Narrow::default()).len(), 1);
}

#[test]
fn long_outputs_are_cut_between_characters() {
    let (mut state, now) = (state(), Instant::now());
    state.register_service(
        service("a", "a"),
        vec![check(Driver::Ttl(SECOND))],
        false,
        now,
    );
    let long = format!("x{}", "é".repeat(4096));
    state
        .update_ttl("service:a", Status::Passing, &long, now)
        .unwrap();
    assert_eq!(state.checks["service:a"].output.len(), 4095);
}

/// What can be done to a registry.
#[derive(Clone, Debug)]
enum Step {
    Register(u8, u8),
    Deregister(u8),
    Speak(u8, Status),
    Maintain(u8, bool),
    Later(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let status = prop_oneof![
        Just(Status::Passing),
        Just(Status::Warning),
        Just(Status::Critical)
    ];
    let step = prop_oneof![
        (0u8..4, 0u8..3).prop_map(|(id, name)| Step::Register(id, name)),
        (0u8..4).prop_map(Step::Deregister),
        (0u8..4, status).prop_map(|(id, status)| Step::Speak(id, status)),
        (0u8..4, any::<bool>()).prop_map(|(id, on)| Step::Maintain(id, on)),
        (0u8..9).prop_map(Step::Later),
    ];
    prop::collection::vec(step, 0..60)
}

fn take(state: &mut State, step: &Step, now: &mut Instant) {
    match step {
        Step::Register(id, name) => {
            let checks = vec![check(Driver::Ttl(5 * SECOND))];
            state.register_service(
                service(&format!("id{id}"), &format!("name{name}")),
                checks,
                false,
                *now,
            );
        }
        Step::Deregister(id) => state.deregister_service(&format!("id{id}")),
        Step::Speak(id, status) => {
            drop(state.update_ttl(&format!("service:id{id}"), *status, "", *now))
        }
        Step::Maintain(id, on) => {
            drop(state.service_maintenance(&format!("id{id}"), *on, "", *now))
        }
        Step::Later(seconds) => {
            *now += u32::from(*seconds) * SECOND;
            state.expire(*now);
        }
    }
}

/// All that a caller sees of a service but its indices.
fn view(state: &State, name: &str) -> String {
    let mut view = state.health_service(name, &Narrow::default());
    for instance in &mut view {
        instance["Service"]["CreateIndex"] = Value::Null;
        instance["Service"]["ModifyIndex"] = Value::Null;
    }
    json!(view).to_string()
}

/// When each instance of an answer and each of its checks was last written.
fn written(answer: &[Value]) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let entry = |value: &Value, id: &str| {
        let index = value["ModifyIndex"].as_u64().expect("an index");
        (value[id].as_str().expect("an id").to_owned(), index)
    };
    let checks = answer
        .iter()
        .filter_map(|instance| instance["Checks"].as_array())
        .flatten();
    (
        answer
            .iter()
            .map(|instance| entry(&instance["Service"], "ID"))
            .collect(),
        checks.map(|check| entry(check, "CheckID")).collect(),
    )
}

proptest! {
    /// By these callers find out a registry that was set back: this one never is.
    #[test]
    fn what_is_named_is_never_older_than_it_was(steps in steps()) {
        let (mut state, mut now) = (state(), Instant::now());
        for steps in steps.chunks(2) {
            let answer = |state: &State, name: &str| (state.service_index(name), written(&state.health_service(name, &Narrow::default())));
            let before: Vec<_> = (0..3).map(|n| format!("name{n}")).map(|name| (answer(&state, &name), name)).collect();
            for step in steps {
                take(&mut state, step, &mut now);
            }
            for ((index, (instances, checks)), name) in before {
                let (_, after) = answer(&state, &name);
                for (id, written) in &after.0 {
                    prop_assert!(*written >= *instances.get(id).unwrap_or(&(index + 1)), "{id} of {name}, by {steps:?}");
                }
                for (id, written) in &after.1 {
                    prop_assert!(checks.get(id).is_none_or(|before| written >= before), "{id} of {name}, by {steps:?}");
                }
            }
        }
    }

    /// The promise of blocking queries: whatever changes what is seen, the index grows with it,
    /// and an index never falls.
    #[test]
    fn a_change_that_is_seen_moves_the_index(steps in steps()) {
        let (mut state, mut now) = (state(), Instant::now());
        for step in steps {
            let before: Vec<_> = (0..3).map(|n| format!("name{n}")).map(|name| (view(&state, &name), state.service_index(&name), name)).collect();
            let revision = state.revision();
            take(&mut state, &step, &mut now);
            for (seen, index, name) in before {
                let changed = view(&state, &name) != seen;
                if changed {
                    prop_assert!(state.service_index(&name) > index, "{step:?} changed {name} in silence");
                    prop_assert!(state.revision() > revision, "{step:?} woke nobody");
                }
                prop_assert!(state.service_index(&name) >= index, "{name} fell back");
            }
        }
    }

    /// Keys against a plain map.
    #[test]
    fn keys_are_a_map(ops in prop::collection::vec((0u8..4, "[ab]/?[ab]?", 0u8..3), 0..60)) {
        let mut kv = Kv::default();
        let mut model: BTreeMap<String, u8> = BTreeMap::new();
        for (index, (op, key, value)) in (1..).zip(ops) {
            let stands_at = kv.get(&key).1.map_or(0, |entry| entry.modify_index);
            match op {
                0 => prop_assert!(kv.put(index, &key, Bytes::from(vec![value]), 0, None)),
                1 => prop_assert!(kv.put(index, &key, Bytes::from(vec![value]), 0, Some(stands_at))),
                2 => prop_assert!(kv.delete(index, &key, None)),
                _ => kv.delete_tree(index, &key),
            }
            match op {
                0 | 1 => drop(model.insert(key.clone(), value)),
                2 => drop(model.remove(&key)),
                _ => model.retain(|known, _| !known.starts_with(&key)),
            }
            prop_assert!(!kv.put(index, &key, Bytes::new(), 9, Some(u64::MAX)), "a wrong index sets nothing");
            let seen: Vec<_> = kv.list("").1.iter().map(|(key, entry)| ((*key).to_owned(), entry.value[0])).collect();
            prop_assert_eq!(seen, model.clone().into_iter().collect::<Vec<_>>());
            prop_assert!(kv.list("").0 <= index);
        }
    }

    /// The index of a tree moves with every change below it.
    #[test]
    fn a_tree_that_changes_moves_its_index(ops in prop::collection::vec(("[ab]/[ab]", any::<bool>()), 1..40)) {
        let mut kv = Kv::default();
        for (index, (key, put)) in (1..).zip(ops) {
            let (before, entries) = kv.list("a/");
            let seen: Vec<_> = entries.into_iter().map(|(key, entry)| (key.to_owned(), entry.clone())).collect();
            if put { kv.put(index, &key, Bytes::from(index.to_string()), 0, None) } else { kv.delete(index, &key, None) };
            let (after, entries) = kv.list("a/");
            let now: Vec<_> = entries.into_iter().map(|(key, entry)| (key.to_owned(), entry.clone())).collect();
            prop_assert!(now == seen || after > before, "{key} changed, but the index stands at {after}");
        }
    }
}
