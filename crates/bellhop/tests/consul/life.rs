//! What happens to a service in the ordinary course of things, which must never look like a registry that was set back.

use std::{future::pending, time::Duration};

use bellhop::{
    consul::{Check, Consul, Definition, HealthState, Weights},
    discovery::{Event, Settings, watch},
};
use futures_util::{StreamExt, future::join_all};
use tempfile::TempDir;
use tokio::sync::watch::channel;

use crate::{
    definition,
    discovery::Known,
    heard::Heard,
    set_back::{erase, write},
    support::{
        agent::Agent,
        wait::{soon, until},
    },
};

/// With more checks than one, and a port of its own.
fn checked(id: &str, checks: usize) -> Definition {
    let mut it = definition(id, HealthState::Passing);
    it.port = 4000 + u16::from(id.as_bytes()[0]);
    let more = (1..checks).map(|number| Check {
        id: format!("{id}:{number}"),
        ..it.checks[0].clone()
    });
    let more: Vec<_> = more.collect();
    it.checks.extend(more);
    it
}

async fn put(agent: &Agent, path: &str) {
    let done = agent.send("PUT", path, "", &[]).await;
    assert!(done.is_some(), "{path}");
}

#[tokio::test]
async fn a_life_by_the_book() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let heard = Heard::from_now_on();
    let consul = agent.consul();
    let register = async |definition: Definition| consul.register(&definition).await.unwrap();
    let report = async |check: &str, state| consul.update_check(check, state, "").await.unwrap();
    let mut known = Known::of(consul.clone());
    known.event().await;

    for (id, checks) in [("a", 1), ("b", 3), ("c", 12)] {
        register(checked(id, checks)).await;
    }
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 3)]).await;
    report("c:11", HealthState::Critical).await;
    known.becomes(3, &[("a", 3), ("b", 3)]).await;
    report("c:11", HealthState::Warning).await;
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 2)]).await;
    // Fewer checks, and with them the one of which it was told last.
    put(&agent, "/v1/agent/check/deregister/c:11").await;
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 3)]).await;

    consul.maintenance("a", true, "").await.unwrap();
    known.becomes(3, &[("b", 3), ("c", 3)]).await;
    consul.maintenance("a", false, "").await.unwrap();
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 3)]).await;
    put(&agent, "/v1/agent/maintenance?enable=true").await;
    known.becomes(3, &[]).await;
    put(&agent, "/v1/agent/maintenance?enable=false").await;
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 3)]).await;

    // The same again, then changed, then gone and back before anybody asks.
    register(checked("a", 1)).await;
    let weights = Weights {
        passing: 7,
        warning: 1,
    };
    register(Definition {
        weights,
        ..checked("a", 2)
    })
    .await;
    known.becomes(3, &[("a", 7), ("b", 3), ("c", 3)]).await;
    for _ in 0..2 {
        consul.deregister("a").await.unwrap();
        register(checked("a", 1)).await;
    }
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 3)]).await;

    // It becomes another service, which Consul 1.8 tells only with the next change of the first, and this one again.
    let rate = Definition {
        name: "rate".to_owned(),
        ..checked("b", 3)
    };
    register(rate).await;
    report("service:a", HealthState::Warning).await;
    known.becomes(2, &[("a", 2), ("c", 3)]).await;
    report("service:a", HealthState::Passing).await;
    register(checked("b", 3)).await;
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 3)]).await;

    // The same id at another node, where everybody has another name from then on.
    write(&agent, "a", "passing").await;
    while known.instances().count() < 4 {
        known.event().await;
    }
    erase(&agent, "a").await;
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 3)]).await;

    for id in ["a", "b", "c"] {
        consul.deregister(id).await.unwrap();
    }
    known.becomes(0, &[]).await;
    register(checked("b", 1)).await;
    known.becomes(1, &[("b", 3)]).await;
    assert_eq!(heard.set_back(), 0);
}

#[tokio::test]
async fn agents_that_come_and_go() {
    let Some(server) = Agent::start().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let (folder, lan) = (folder.path().to_str().unwrap(), server.lan());
    let more = [
        "-server=false",
        "-bootstrap=false",
        "-node=client",
        // It is the same one after a restart.
        "-node-id=11111111-2222-3333-4444-555555555555",
        "-data-dir",
        folder,
        // Before it first tells the servers what it has, which it would only try again much later.
        "-join",
        &lan,
    ];
    let more = more.map(str::to_owned);
    let mut client = Agent::start_with(&more).await.expect("a second agent");
    let heard = Heard::from_now_on();
    for (agent, id) in [
        (&server, "a"),
        (&server, "b"),
        (&server, "c"),
        (&client, "d"),
        (&client, "e"),
    ] {
        agent.consul().register(&checked(id, 2)).await.unwrap();
    }
    let mut known = Known::of(server.consul());
    let all = [("a", 3), ("b", 3), ("c", 3), ("d", 3), ("e", 3)];
    known.becomes(5, &all).await;

    // It dies and is found dead, and comes back with what it knew.
    client.kill();
    known.becomes(5, &all[..3]).await;
    client.restart().await;
    speaks(&client).await;
    known.becomes(5, &all).await;
    // It leaves with all that it has, and comes back.
    let leaves = async {
        // The answer comes long after it has left, if at all.
        client.send("PUT", "/v1/agent/leave", "", &[]).await;
        pending::<()>().await;
    };
    tokio::select! {
        () = leaves => {}
        () = known.becomes(3, &all[..3]) => {}
    }
    client.restart().await;
    speaks(&client).await;
    known.becomes(5, &all).await;
    assert_eq!(heard.set_back(), 0);
}

/// A TTL begins as critical with an agent that has begun again.
async fn speaks(agent: &Agent) {
    for check in ["service:d", "d:1", "service:e", "e:1"] {
        until("the agent to know its checks", async || {
            let consul = agent.consul();
            consul
                .update_check(check, HealthState::Passing, "")
                .await
                .ok()
        })
        .await;
    }
}

const FOLLOWERS: usize = 12;
const STEPS: usize = 400;

#[tokio::test]
async fn a_life_at_random_before_many() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let heard = Heard::from_now_on();
    let (ends, ended) = channel(false);
    let lives = async {
        let seed = fastrand::u64(..);
        eprintln!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..STEPS {
            step(&agent, &mut rng).await;
        }
        ends.send_replace(true);
    };
    let followers = (0..FOLLOWERS).map(|_| async {
        let settings = Settings {
            wait: Duration::from_secs(1),
            ..Settings::default()
        };
        let mut watch = watch(agent.consul(), "geo", settings);
        let mut ended = ended.clone();
        let mut answers = 0;
        loop {
            tokio::select! {
                event = watch.next() => match event.unwrap() {
                    Event::Answer { .. } => answers += 1,
                    Event::Unreachable { error } => panic!("{error}"),
                    _ => {}
                },
                _ = ended.wait_for(|ended| *ended) => return answers,
            }
        }
    });
    let (answers, ()) = soon("a life", async { tokio::join!(join_all(followers), lives) }).await;
    let answers: usize = answers.iter().sum();
    assert!(answers > FOLLOWERS, "{answers} answers");
    assert_eq!(heard.set_back(), 0);
}

/// Something that may happen to one of a few.
async fn step(agent: &Agent, rng: &mut fastrand::Rng) {
    let consul: Consul = agent.consul();
    let id = ["a", "b", "c", "d"][rng.usize(..4)];
    let state = rng.choice([
        HealthState::Passing,
        HealthState::Warning,
        HealthState::Critical,
    ]);
    let status = ["passing", "warning", "critical"][rng.usize(..3)];
    // Not of one that is not registered, which is an error and no step.
    match rng.u8(..12) {
        0..=2 => {
            let mut definition = checked(id, rng.usize(1..4));
            definition.weights.passing = rng.u32(1..3);
            consul.register(&definition).await.unwrap();
        }
        3 => drop(consul.deregister(id).await),
        4..=6 => {
            let check = format!("service:{id}");
            drop(consul.update_check(&check, state.unwrap(), "").await);
        }
        7 => drop(consul.maintenance(id, rng.bool(), "").await),
        8 => {
            put(
                agent,
                &format!("/v1/agent/maintenance?enable={}", rng.bool()),
            )
            .await
        }
        9 => put(agent, "/v1/kv/else").await,
        10 => write(agent, id, status).await,
        _ => erase(agent, id).await,
    }
}
