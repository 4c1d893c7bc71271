//! A registry that is set back to an older snapshot, and something is written before the follower asks again.

use serde_json::json;

use crate::{
    discovery::Known,
    heard::Heard,
    support::{agent::Agent, wait::until},
};

impl Heard {
    /// How often a registry was taken for one.
    pub(crate) fn set_back(&self) -> usize {
        let said = |line: &&String| line.contains("the registry was set back");
        self.lines().iter().filter(said).count()
    }
}

/// Writes an instance into the catalogue, at a node that has no agent: nobody corrects what is said of it.
pub(crate) async fn write(agent: &Agent, id: &str, status: &str) {
    let instance = json!({
        "Node": "elsewhere",
        "Address": "10.0.0.7",
        "Service": {
            "ID": id,
            "Service": "geo",
            "Port": 4000 + u16::from(id.as_bytes()[0]),
            "Weights": {"Passing": 3, "Warning": 2},
        },
        "Checks": [{
            "Node": "elsewhere",
            "CheckID": format!("service:{id}"),
            "ServiceID": id,
            "Name": "such",
            "Status": status,
        }],
    });
    put(
        agent,
        "/v1/catalog/register",
        instance.to_string().as_bytes(),
    )
    .await;
}

pub(crate) async fn erase(agent: &Agent, id: &str) {
    let instance = json!({"Node": "elsewhere", "ServiceID": id});
    put(
        agent,
        "/v1/catalog/deregister",
        instance.to_string().as_bytes(),
    )
    .await;
}

/// Again until it works: after it was set back a registry is without a leader for a moment.
async fn put(agent: &Agent, path: &str, body: &[u8]) {
    until(path, async || agent.send("PUT", path, "", body).await).await;
}

async fn save(agent: &Agent) -> Vec<u8> {
    let snapshot = agent.send("GET", "/v1/snapshot", "", &[]).await;
    snapshot.expect("a snapshot")
}

async fn restore(agent: &Agent, snapshot: &[u8]) {
    put(agent, "/v1/snapshot", snapshot).await;
}

#[tokio::test]
async fn who_serves_is_kept_by_whom_it_names_again() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let heard = Heard::from_now_on();
    for id in ["x", "y"] {
        write(&agent, id, "passing").await;
    }
    let mut known = Known::of(agent.consul());
    known.becomes(2, &[("x", 3), ("y", 3)]).await;
    let older = save(&agent).await;
    for (gone, new) in [("x", "a"), ("y", "b")] {
        erase(&agent, gone).await;
        write(&agent, new, "passing").await;
    }
    known.becomes(2, &[("a", 3), ("b", 3)]).await;
    assert_eq!(heard.set_back(), 0);

    // Nobody asks meanwhile: the follower works where it is polled.
    restore(&agent, &older).await;
    write(&agent, "y", "warning").await;
    let all = [("a", 3), ("b", 3), ("x", 3), ("y", 2)];
    known.becomes(2, &all).await;
    assert_eq!(known.kept(), ["a", "b"]);
    assert_eq!(heard.set_back(), 1);

    // Who comes back is vouched for, and who goes then goes.
    write(&agent, "b", "passing").await;
    erase(&agent, "x").await;
    known.becomes(2, &[("a", 3), ("b", 3), ("y", 2)]).await;
    assert_eq!(known.kept(), ["a"]);
    assert_eq!(heard.set_back(), 1);
}

#[tokio::test]
async fn who_is_well_is_kept_by_a_check_of_an_earlier_time() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let heard = Heard::from_now_on();
    write(&agent, "a", "critical").await;
    for id in ["b", "c", "d"] {
        write(&agent, id, "passing").await;
    }
    let mut known = Known::of(agent.consul());
    known.becomes(4, &[("b", 3), ("c", 3), ("d", 3)]).await;
    let older = save(&agent).await;
    write(&agent, "a", "passing").await;
    let all = [("a", 3), ("b", 3), ("c", 3), ("d", 3)];
    known.becomes(4, &all).await;

    restore(&agent, &older).await;
    write(&agent, "e", "passing").await;
    let all = [("a", 3), ("b", 3), ("c", 3), ("d", 3), ("e", 3)];
    until("the answer", async || {
        known.event().await;
        (heard.set_back() > 0).then_some(())
    })
    .await;
    known.becomes(5, &all).await;
    assert_eq!(known.kept(), ["a"]);
    assert_eq!(heard.set_back(), 1);
}
