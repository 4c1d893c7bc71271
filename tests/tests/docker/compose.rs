//! Start, scale, roll, and lose an instance, under a load.

use std::{collections::BTreeSet, net::Ipv4Addr};

use e2e::until;
use serde_json::Value;

use crate::{
    counts,
    load::Load,
    outside,
    project::{MEMBERS, Project, address},
    scan,
};

/// As many requests as are counted.
const COUNTED: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_come_and_go_and_versions_change_without_a_lost_request() {
    let Some(mut project) = Project::new(&[], &[]).await else {
        return;
    };
    project.walk("Start", 0).await;
    let frontend = project.port("frontend", 5000).await;
    project.example(&frontend).await;
    assert_eq!(scan::all(&project, &[]).await, MEMBERS.len() + 2);
    where_they_are(&project).await;
    let containers = project.containers("").await;
    let service = "com.docker.compose.service";
    assert_eq!(
        outside::reached(&project, &containers, service).await,
        ["frontend"]
    );

    let load = Load::start(&frontend);
    load.pass(100).await;
    project.walk("Scale", 0).await;
    project.registered("rate", 3).await;
    load.pass(200).await;
    project.walk("Scale", 2).await;
    project.registered("geo", 2).await;
    load.pass(100).await;
    assert!(load.stop().await >= 400);
    take_turns(&project, &frontend, "rate", 3).await;
    take_turns(&project, &frontend, "geo", 2).await;

    let load = Load::start(&frontend);
    for (old, new) in [("v1", "v2"), ("v2", "v1")] {
        roll(&mut project, &load, ("rate", 3), (old, new)).await;
    }
    load.stop().await;
    canary(&mut project, &frontend).await;

    let load = Load::start(&frontend);
    for service in [("geo", 2), ("profile", 1), ("search", 1)] {
        roll(&mut project, &load, service, ("v1", "v2")).await;
    }
    lose_one(&project, &load).await;
    project.walk("Scale", 1).await;
    project.registered("rate", 1).await;
    load.pass(100).await;
    load.stop().await;
}

/// Each registers the address that it has among the members.
async fn where_they_are(project: &Project) {
    for member in MEMBERS {
        let containers = project.containers(member).await;
        let own: Vec<_> = containers.iter().map(address).collect();
        assert_eq!(project.registered(member, 1).await, own, "{member}");
    }
}

/// So many instances have the same share.
async fn take_turns(project: &Project, frontend: &str, service: &str, count: usize) {
    let instances = project.registered(service, count).await;
    warm(project, service, count).await;
    let shares = counts::shares(project, frontend, (service, &instances), COUNTED).await;
    assert_eq!(shares, vec![COUNTED / count; count], "{service}");
}

/// Waits until search calls so many of a service, none of them as one that is new.
async fn warm(project: &Project, service: &str, instances: usize) {
    let whole = |of: &Value| of["state"] == "connected" && of["share"] == 10;
    let all = |upstream: &Value| {
        let known = upstream["instances"].as_array();
        known.is_some_and(|known| known.len() == instances && known.iter().all(whole))
    };
    let what = format!("{service}'s instances, warm");
    project.search_sees(&what, service, all).await;
}

/// Both versions beside each other, first the old one alone, then ninety calls and ten of each hundred, then the new one alone.
async fn canary(project: &mut Project, frontend: &str) {
    let consul = project.port("consul", 8500).await;
    project.set("CONSUL", &format!("http://{consul}"));
    project.set("old", "v1");
    project.set("new", "v2");
    let old = project.registered("rate", 3).await;
    project.set("service", "rate");
    let load = Load::start(frontend);
    project.walk("Roll", 1).await;
    let all = project.registered("rate", 6).await;
    let a_tenth = |of: &Value| of["version"] == "v2" && of["share"] == 10;
    let split = |rate: &Value| {
        rate["split"]["versions"]
            .as_array()
            .is_some_and(|all| all.iter().any(a_tenth))
    };
    project.search_sees("a tenth for v2", "rate", split).await;
    warm(project, "rate", 6).await;
    load.pass(100).await;
    load.stop().await;
    let shares = counts::shares(project, frontend, ("rate", &all), COUNTED).await;
    let of_old = |(instance, _): &(&Ipv4Addr, &usize)| old.contains(instance);
    let (by_old, by_new): (Vec<_>, Vec<_>) = all.iter().zip(&shares).partition(of_old);
    let sum = |of: &[(_, &usize)]| of.iter().map(|(_, calls)| **calls).sum::<usize>();
    assert_eq!(
        (sum(&by_old), sum(&by_new)),
        (COUNTED / 10 * 9, COUNTED / 10),
        "{shares:?}"
    );

    let load = Load::start(frontend);
    project.walk("Roll", 2).await;
    project.registered("rate", 3).await;
    load.pass(100).await;
    load.stop().await;
    project.set("HOTELS_VERSION", "v2");
}

/// A service of so many instances, from one version to another.
async fn roll(
    project: &mut Project,
    load: &Load,
    (service, count): (&'static str, usize),
    (old, new): (&str, &str),
) {
    project.set("service", service);
    project.set("old", old);
    project.set("new", new);
    project.walk("Roll", 0).await;
    project.registered(service, count).await;
    load.pass(100).await;
    let image = format!("bellhop-test/hotels:{new}");
    let images = project.containers(service).await;
    let images: Vec<_> = images.iter().map(|it| &it["Config"]["Image"]).collect();
    assert_eq!(images, vec![&image; count]);
    project.set("HOTELS_VERSION", new);
}

/// One ends without a word, and comes back by itself.
async fn lose_one(project: &Project, load: &Load) {
    let containers = project.containers("rate").await;
    let (id, pid) = (&containers[0]["Id"], &containers[0]["State"]["Pid"]);
    project.must(&format!("as_root kill -9 {pid}")).await;
    until("a container that is back", || async {
        let state =
            format!("docker inspect -f '{{{{.RestartCount}}}} {{{{.State.Health.Status}}}}' {id}");
        (project.must(&state).await.trim() == "1 healthy").then_some(())
    })
    .await;
    load.pass(100).await;
    let addresses: BTreeSet<_> = project.registered("rate", 3).await.into_iter().collect();
    assert_eq!(addresses.len(), 3);
}
