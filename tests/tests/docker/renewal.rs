//! A Consul's tokens and certificates are changed, and no request fails.

use std::fs;

use e2e::until;
use serde_json::Value;

use crate::{load::Load, project::Project};

/// Beside the members, with the operator's token.
const RUN: &str = "docker compose run --rm --no-deps --entrypoint /bin/sh consul-tokens -c";

/// What commands write that have the operator's token.
pub(crate) async fn operator(project: &Project, commands: &str) -> String {
    let said = project.must(&format!("{RUN} '{commands}'")).await;
    said.trim().to_owned()
}

/// Known to nobody.
pub(crate) fn uuid() -> String {
    fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap()
}

/// So many instances of rate are there, by their own account; search calls them and one that was started by itself.
async fn scaled(project: &Project, instances: usize) {
    let scale = "docker compose up --detach --no-deps --no-recreate --wait --scale";
    project
        .must(&format!("{scale} rate={instances} rate"))
        .await;
    let connected = |rate: &Value| {
        let known = rate["instances"].as_array().into_iter().flatten();
        let (here, others): (Vec<_>, Vec<_>) = known.partition(|one| one["state"] == "connected");
        (here.len(), others.len()) == (instances + 1, 0)
    };
    let what = format!("{instances} of rate and one more");
    project.search_sees(&what, "rate", connected).await;
}

/// With one for rate, twice over.
pub(crate) async fn of_a_token(project: &mut Project, frontend: &str) {
    project.set("service", "rate");
    for _ in 0..2 {
        let old = operator(project, "cat /secrets/rate").await;
        let load = Load::start(frontend);
        load.pass(50).await;
        project.walk("Secure", 3).await;
        load.pass(100).await;
        load.stop().await;
        assert_ne!(operator(project, "cat /secrets/rate").await, old);
        let by_old = format!("unset CONSUL_HTTP_TOKEN_FILE; consul catalog services -token {old}");
        let said = project.refused(&format!("{RUN} '{by_old}'")).await;
        assert!(said.contains("ACL not found"), "{said}");
    }
    scaled(project, 3).await;
}

/// A token that is called like one of ours and has another secret is none.
pub(crate) async fn of_what_looks_like_one(project: &Project) {
    // Services of others are hidden from it.
    let asked = "consul catalog services -token-file /secrets/geo";
    let all = operator(project, "consul acl token list").await;
    let lines: Vec<_> = all.lines().collect();
    let at = lines.iter().position(is_of_geo).unwrap();
    let before = lines[..at].iter().rev();
    let id = before.filter_map(|line| line.strip_prefix("AccessorID:"));
    let id = id.map(str::trim).next().unwrap();
    let exchange = format!(
        "consul acl token delete -id {id}
        consul acl token create -description hotels-geo -policy-name hotels-geo"
    );
    operator(project, &exchange).await;
    let tokens = "docker compose run --rm --no-deps consul-tokens";
    project.must(tokens).await;
    until("a token that is back", || async {
        let said = operator(project, &format!("{asked} || true")).await;
        said.contains("geo").then_some(())
    })
    .await;
    project.must(&format!("{tokens} only-token geo")).await;
    let left = operator(project, "consul acl token list").await;
    assert_eq!(left.lines().filter(is_of_geo).count(), 1, "{left}");
}

fn is_of_geo(line: &&str) -> bool {
    line.starts_with("Description:") && line.ends_with(" hotels-geo")
}

/// With the whole authority.
pub(crate) async fn of_the_certificate(project: &Project, frontend: &str) {
    let old = operator(project, "cat /secrets/ca.pem").await;
    let load = Load::start(frontend);
    load.pass(50).await;
    project.walk("Secure", 4).await;
    load.pass(100).await;
    load.stop().await;
    let new = operator(project, "cat /secrets/ca.pem").await;
    assert_eq!(new.matches("BEGIN CERTIFICATE").count(), 1);
    assert_ne!(new, old);
    let by_old =
        format!("echo \"{old}\" >/tmp/old.pem; CONSUL_CACERT=/tmp/old.pem consul catalog services");
    let said = project.refused(&format!("{RUN} '{by_old}'")).await;
    assert!(said.contains("certificate"), "{said}");
    // Who leaves tells Consul, and search hears of it.
    scaled(project, 2).await;
}
