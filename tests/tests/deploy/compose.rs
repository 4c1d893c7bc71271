//! What `docker-compose.yml` and the files beside it rely on in each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bellhop::Mesh;

use crate::read;

/// For an export and its way.
const EXPORT: Duration = Duration::from_secs(3);

/// The one value after a name, as in `name: value`.
fn value<'t>(text: &'t str, name: &str) -> &'t str {
    let mut values = text.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix(name)?.strip_prefix(':')?;
        Some(rest.trim().trim_matches('"'))
    });
    let value = values.next().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(values.next(), None, "{name} is there twice");
    value
}

/// The services of the file, each with its lines.
fn services(compose: &str) -> Vec<(&str, Vec<&str>)> {
    let (_, services) = compose.split_once("\nservices:\n").unwrap();
    let services = services.split("\nnetworks:\n").next().unwrap();
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in services.lines() {
        let name = line.strip_prefix("  ").and_then(|it| it.strip_suffix(':'));
        match name.filter(|name| !name.starts_with([' ', '#'])) {
            Some(name) => all.push((name, Vec::new())),
            None => all.last_mut().unwrap().1.push(line.trim()),
        }
    }
    all
}

#[test]
fn who_opens_the_dashboard_may_follow_its_links() {
    let compose = read("docker-compose.yml");
    let sources = read("deploy/grafana/provisioning/datasources/hotels.yml");
    let internal = sources.matches("datasourceUid:").count();
    assert_eq!(
        internal, 3,
        "exemplar to trace, span to lines, line to trace"
    );
    // Such links lead to Explore, which viewers may not open.
    let role = value(&compose, "GF_AUTH_ANONYMOUS_ORG_ROLE");
    assert!(["Editor", "Admin"].contains(&role), "{role}");
}

/// The longest call that the library makes of itself.
fn longest_call() -> Duration {
    let member = Mesh::from_source("anybody", &BTreeMap::new()).unwrap();
    let mut settings = member.settings().iter();
    let timeout = settings.find(|setting| setting.name == "BELLHOP_TIMEOUT");
    let timeout = timeout.unwrap().value.as_deref().unwrap();
    let seconds = timeout.strip_suffix('s').expect("seconds").parse();
    Duration::from_secs(seconds.unwrap())
}

#[tokio::test]
async fn the_collector_waits_for_the_last_span_of_the_longest_call() {
    let compose = read("docker-compose.yml");
    let pause = value(&compose, "OTEL_BSP_SCHEDULE_DELAY").parse().unwrap();
    let collector = read("deploy/otel-collector.yaml");
    let wait = value(&collector, "decision_wait");
    let wait = wait.strip_prefix("${env:OTELCOL_DECISION_WAIT:-");
    let wait = wait.and_then(|wait| wait.strip_suffix("s}")).unwrap();
    let wait = Duration::from_secs(wait.parse().unwrap());
    let needed = longest_call() + Duration::from_millis(pause) + EXPORT;
    assert!(wait >= needed, "{wait:?} of {needed:?}");
}

#[test]
fn what_readers_are_told_to_set_for_the_collector_reaches_it() {
    let compose = read("docker-compose.yml");
    let services = services(&compose);
    let (_, lines) = services
        .iter()
        .find(|(name, _)| *name == "otel-collector")
        .unwrap();
    let told = ["README.md", "docs/observability.md"].map(read).concat();
    let names = told.split(|c: char| c != '_' && !c.is_ascii_uppercase());
    let names: BTreeSet<_> = names.filter(|name| name.starts_with("OTELCOL_")).collect();
    assert!(names.contains("OTELCOL_SHARE"), "{names:?}");
    for name in names {
        let passed = format!("{name}: \"${{{name}:-");
        assert!(lines.iter().any(|line| line.starts_with(&passed)), "{name}");
    }
}

#[test]
fn what_splits_are_sticky_by_reaches_the_members() {
    assert!(read("docs/operations.md").contains("`BELLHOP_STICKY=x-user`"));
    let compose = read("docker-compose.yml");
    assert_eq!(value(&compose, "BELLHOP_STICKY"), "${BELLHOP_STICKY:-}");
}

#[test]
fn what_containers_keep_is_bounded() {
    let compose = read("docker-compose.yml");
    let services = services(&compose);
    assert_eq!(services.len(), 11, "{services:?}");
    for (name, lines) in &services {
        let logged = ["logging: *logging", "<<: *service"];
        assert!(lines.iter().any(|line| logged.contains(line)), "{name}");
        let limits = ["deploy: {resources: {limits: {cpus: ", "<<: *service"];
        let limited = |line: &str| limits.iter().any(|limit| line.starts_with(limit));
        assert!(lines.iter().any(|line| limited(line)), "{name}");
        let in_memory = lines.iter().filter_map(|line| line.strip_prefix("tmpfs: "));
        for folder in in_memory.flat_map(|list| list.split(", ")) {
            assert!(folder.contains("size="), "{name}: {folder}");
        }
    }
    // A gibibyte, and Go takes twice what it holds.
    let (_, traces) = compose
        .split_once("some_storage.memory.max_traces=")
        .unwrap();
    let traces: u64 = traces.split('"').next().unwrap().parse().unwrap();
    assert!(2 * traces * (15 << 10) < 1 << 30, "{traces}");
    let (_, common) = compose.split_once("\nx-service:").unwrap();
    let common = common.split("\nservices:").next().unwrap();
    assert!(common.contains("logging: *logging"));
    assert!(common.contains("resources: {limits: {cpus: "));
}

#[test]
fn who_depends_on_another_waits_until_that_is_well() {
    let compose = read("docker-compose.yml");
    let services = services(&compose);
    let asked = |lines: &[&str]| {
        let asked = ["healthcheck:", "<<: *service"];
        let is_so = |line: &&str| asked.iter().any(|one| line.starts_with(one));
        lines.iter().any(is_so)
    };
    let unasked = services.iter().filter(|(_, lines)| !asked(lines));
    let unasked: Vec<_> = unasked.map(|(name, _)| *name).collect();
    // In its image there is nothing to ask with.
    assert_eq!(unasked, ["otel-collector"]);
    let depends = compose.lines().filter(|line| line.contains("depends_on: "));
    let depends: Vec<_> = depends.collect();
    assert!(depends.len() >= 5, "{depends:#?}");
    for line in depends {
        let (conditions, well) = ("condition: ", "condition: service_healthy");
        assert_eq!(line.matches(conditions).count(), line.matches(well).count());
        assert!(!line.contains("otel-collector"), "{line}");
    }
}

/// All of it but for how Consul is asked.
#[test]
fn prometheus_does_the_same_beside_a_consul_that_asks_for_tokens() {
    let [plain, secure] = ["", "-secure"].map(|kind| {
        let text = read(&format!("deploy/prometheus{kind}.yml"));
        let (head, rest) = text.split_once("    consul_sd_configs:\n").unwrap();
        let (_, rest) = rest.split_once("        refresh_interval: ").unwrap();
        let (_, head) = head.split_once('\n').unwrap();
        format!("{head}{rest}")
    });
    assert_eq!(plain, secure);
}
