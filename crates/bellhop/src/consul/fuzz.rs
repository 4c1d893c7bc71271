//! Answers that were changed after Consul gave them.

use malform::{Fuzz, Verdict};
use serde_json::Value;

use super::{AgentService, Health, HealthState, wire::parse};

const HEALTH: &str = include_str!("../../tests/corpus/consul/health-service.json");
const SERVICE: &str = include_str!("../../tests/corpus/consul/agent-service.json");
const BARE: &str = include_str!("../../tests/corpus/consul/agent-service-bare.json");

/// The least that one instance takes, in bytes of JSON: what is read is bounded by what was sent.
const LEAST: usize = r#"{"Node":{"Node":""},"Service":{"ID":""}}"#.len();

#[test]
fn what_is_read_of_instances_is_what_was_written() {
    let samples = [HEALTH, "[]", "[]\n"];
    let tally = Fuzz::of_json("consul: health", samples)
        .inputs(2000)
        .run(|body| {
            let read = match parse::<Vec<Health>>(body) {
                Ok(read) => read,
                Err((field, reason)) => return refused(body, &field, &reason),
            };
            assert!(read.len() * LEAST <= body.len());
            // Numbers that no program can hold are passed over where nobody asks for them.
            if let Ok(written) = serde_json::from_slice::<Value>(body) {
                assert_eq!(written.as_array().map(Vec::len), Some(read.len()));
                for (n, health) in read.iter().enumerate() {
                    same_instance(health, &written[n]);
                }
            }
            Verdict::Accepted
        });
    assert!(tally.accepted > 0 && tally.refused > 0);
}

#[test]
fn what_is_read_of_a_service_is_what_was_written() {
    let tally = Fuzz::of_json("consul: agent service", [SERVICE, BARE]).run(|body| {
        let read = match parse::<AgentService>(body) {
            Ok(read) => read,
            Err((field, reason)) => return refused(body, &field, &reason),
        };
        if let Ok(written) = serde_json::from_slice::<Value>(body) {
            assert_eq!(read.id, text(&written["ID"]));
            assert_eq!(read.name, text(&written["Service"]));
            assert_eq!(read.address, text(&written["Address"]));
            assert_eq!(read.hash, text(&written["ContentHash"]));
            same_port(read.port, &written["Port"]);
        }
        Verdict::Accepted
    });
    assert!(tally.accepted > 0 && tally.refused > 0);
}

#[test]
fn what_a_later_consul_adds_is_passed_over() {
    let read: Vec<Health> = parse(HEALTH.as_bytes()).unwrap();
    for place in [
        "{\"Node\":{",
        "\"Service\":{",
        "\"Checks\":[{",
        "\"Weights\":{",
    ] {
        assert!(HEALTH.contains(place), "{place}");
        let later = HEALTH.replace(place, &format!("{place}\"Later\":[{{\"a\":1e99}},null],"));
        assert_eq!(parse::<Vec<Health>>(later.as_bytes()).unwrap(), read);
    }
}

/// An error says where and why, and not at length.
fn refused(body: &[u8], field: &str, reason: &str) -> Verdict {
    assert!(!reason.is_empty());
    assert!(field.len() <= body.len() + 2 * LEAST, "{field}");
    Verdict::Refused
}

fn same_instance(read: &Health, written: &Value) {
    let (node, service) = (&written["Node"], &written["Service"]);
    assert_eq!(read.node.name, text(&node["Node"]));
    assert_eq!(read.node.address, text(&node["Address"]));
    assert_eq!(read.service.id, text(&service["ID"]));
    assert_eq!(read.service.address, text(&service["Address"]));
    same_port(read.service.port, &service["Port"]);
    let is_well = |status: &str| {
        let checks = written["Checks"].as_array();
        checks.is_none_or(|checks| checks.iter().all(|check| check["Status"] == status))
    };
    assert_eq!(read.state() == HealthState::Passing, is_well("passing"));
}

fn same_port(read: Option<u16>, written: &Value) {
    let written = written.as_u64().filter(|port| (1..=0xffff).contains(port));
    assert_eq!(read.map(u64::from), written);
}

/// What is left out or null is empty.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
