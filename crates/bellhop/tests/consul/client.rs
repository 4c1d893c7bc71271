//! Each call against a real Consul, and what goes out on the wire.

use std::{collections::BTreeMap, time::Duration};

use bellhop::{
    config::Reader,
    consul::{Config, Consul, HealthState, Query, Since},
};

use crate::{
    definition,
    support::{
        agent::Agent,
        fake::{Fake, Reply},
        wait::{PATIENCE, soon, until},
    },
};

#[tokio::test]
async fn a_service_is_registered_read_and_taken_off() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let id = "geo-::1-80-00a7";

    consul
        .register(&definition(id, HealthState::Passing))
        .await
        .unwrap();
    let service = consul.agent_service(id, None).await.unwrap();
    assert_eq!((service.id.as_str(), service.name.as_str()), (id, "geo"));
    assert_eq!(
        (service.address.as_str(), service.port),
        ("127.0.0.1", Some(4711))
    );
    assert_eq!(service.tags, ["blue"]);
    assert_eq!(service.meta["version"], "1");
    assert_eq!((service.weights.passing, service.weights.warning), (3, 2));
    assert!(!service.hash.is_empty());

    consul.deregister(id).await.unwrap();
    let gone = consul.agent_service(id, None).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    assert!(gone.to_string().contains("unknown service ID"), "{gone}");
    consul
        .deregister(id)
        .await
        .expect("what is not there is done");
}

#[tokio::test]
async fn a_read_that_waits_ends_when_the_service_changes_or_goes() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let mut geo = definition("geo-1", HealthState::Passing);
    consul.register(&geo).await.unwrap();
    let first = consul.agent_service("geo-1", None).await.unwrap();

    let since = Since {
        hash: &first.hash,
        wait: 2 * PATIENCE,
    };
    geo.port = 4712;
    let (changed, ()) = tokio::join!(
        soon("a change", consul.agent_service("geo-1", Some(since))),
        async { consul.register(&geo).await.unwrap() },
    );
    let changed = changed.unwrap();
    assert_eq!(changed.port, Some(4712));

    let since = Since {
        hash: &changed.hash,
        wait: 2 * PATIENCE,
    };
    let (gone, ()) = tokio::join!(
        soon("its end", consul.agent_service("geo-1", Some(since))),
        async { consul.deregister("geo-1").await.unwrap() },
    );
    assert!(gone.unwrap_err().is_not_found());
}

#[tokio::test]
async fn health_tells_every_state() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    consul
        .register(&definition("geo-1", HealthState::Passing))
        .await
        .unwrap();
    let state = async |index| {
        let query = Query {
            index,
            wait: PATIENCE,
        };
        let health = consul.health_service("geo", query).await.unwrap();
        (
            health.index.unwrap(),
            health.value.first().map(|geo| geo.state()),
        )
    };
    let becomes = async |wanted: HealthState| {
        let mut index = 0;
        while let (at, found) = state(index).await
            && found != Some(wanted)
        {
            index = at;
        }
    };

    soon("passing", becomes(HealthState::Passing)).await;
    consul
        .update_check("service:geo-1", HealthState::Warning, "hm")
        .await
        .unwrap();
    soon("warning", becomes(HealthState::Warning)).await;
    consul.maintenance("geo-1", true, "a & b").await.unwrap();
    soon("critical", becomes(HealthState::Critical)).await;
    consul.maintenance("geo-1", false, "").await.unwrap();
    soon("warning again", becomes(HealthState::Warning)).await;
}

#[tokio::test]
async fn what_is_waited_for_counts_as_much_as_what_is_read_at_once() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let geo = definition("geo-1", HealthState::Passing);
    consul.register(&geo).await.unwrap();
    let at_once = consul.health_service("geo", Query::NOW).await.unwrap();
    let query = Query {
        index: at_once.index.unwrap(),
        wait: 2 * PATIENCE,
    };
    consul.deregister("geo-1").await.unwrap();
    let waited = soon("its end", consul.health_service("geo", query)).await;
    let waited = waited.unwrap();
    assert!(waited.value.is_empty(), "{waited:?}");
    assert!(!at_once.behind && !waited.behind, "{waited:?}");
}

#[tokio::test]
async fn an_agent_to_which_no_changes_come_is_behind() {
    let Some(agent) = Agent::start_without_changes().await else {
        return;
    };
    let consul = agent.consul();
    let geo = definition("geo-1", HealthState::Passing);
    consul.register(&geo).await.unwrap();
    let at_once = consul.health_service("geo", Query::NOW).await.unwrap();
    assert!(!at_once.value.is_empty() && !at_once.behind, "{at_once:?}");

    let query = Query {
        index: at_once.index.unwrap(),
        wait: Duration::from_secs(1),
    };
    // It fails while it asks its server for changes, and knows nobody while it waits before it asks again.
    let waited = until("an answer", async || {
        consul.health_service("geo", query).await.ok()
    })
    .await;
    assert!(waited.value.is_empty() && waited.behind, "{waited:?}");
}

#[tokio::test]
async fn what_nobody_knows_is_empty_or_an_error_that_says_so() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let health = consul.health_service("nobody", Query::NOW).await.unwrap();
    assert!(health.value.is_empty());
    assert!(health.index.is_some());

    let error = consul.maintenance("nobody", true, "").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = consul
        .update_check("nobody", HealthState::Passing, "")
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("PUT /v1/agent/check/update/nobody: Consul answered"),
        "{error}"
    );

    let mut refused = definition("geo-1", HealthState::Passing);
    refused.name.clear();
    let error = consul.register(&refused).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("400 Bad Request: Missing service name"),
        "{error}"
    );
}

#[tokio::test]
async fn keys_hold_any_bytes() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let bytes: Vec<u8> = (0..=255).collect();
    for key in ["plain", "a/b/c", "with space & % ? # ü"] {
        assert!(consul.kv_put(key, bytes.clone(), None).await.unwrap());
        let pair = consul.kv_get(key, Query::NOW).await.unwrap().value.unwrap();
        assert_eq!((pair.key.as_str(), &pair.value), (key, &bytes));
    }
    assert!(consul.kv_put("empty", "", None).await.unwrap());
    let empty = consul.kv_get("empty", Query::NOW).await.unwrap();
    assert!(empty.value.unwrap().value.is_empty());
}

#[tokio::test]
async fn a_key_is_written_once_by_its_index_and_waited_for() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let missing = consul.kv_get("lock", Query::NOW).await.unwrap();
    assert_eq!(missing.value, None);

    let query = Query {
        index: missing.index.unwrap(),
        wait: PATIENCE,
    };
    let (found, written) = tokio::join!(
        until("the key", async || consul
            .kv_get("lock", query)
            .await
            .unwrap()
            .value),
        consul.kv_put("lock", "mine", Some(0)),
    );
    assert!(written.unwrap());
    assert_eq!(found.value, b"mine");
    assert!(!consul.kv_put("lock", "yours", Some(0)).await.unwrap());
    assert!(
        consul
            .kv_put("lock", "yours", Some(found.modified))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn settings_go_out_with_each_call() {
    let fake = Fake::start(|_| Reply::Json(7, "[]".to_owned())).await;
    let source: BTreeMap<String, String> = [
        (
            "CONSUL_HTTP_ADDR",
            format!("http://{}/gate/", fake.address()),
        ),
        ("CONSUL_HTTP_TOKEN", "s3cret".to_owned()),
        ("CONSUL_HTTP_AUTH", "mary:pw".to_owned()),
        ("CONSUL_NAMESPACE", "team a".to_owned()),
        ("CONSUL_DATACENTER", "east".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let mut reader = Reader::new(&source);
    let consul = Consul::new(Config::read(&mut reader));
    reader.finish().unwrap();

    let query = Query {
        index: 7,
        wait: Duration::from_secs(90),
    };
    let answer = consul.health_service("a/b", query).await.unwrap();
    assert_eq!(answer.index, Some(7));
    consul
        .register(&definition("geo-1", HealthState::Passing))
        .await
        .unwrap();

    let requests = fake.answered();
    assert_eq!(
        requests[0].line(),
        "GET /gate/v1/health/service/a%2Fb?ns=team%20a&dc=east&index=7&wait=90000ms"
    );
    assert_eq!(
        requests[1].line(),
        "PUT /gate/v1/agent/service/register?ns=team%20a"
    );
    assert!(
        requests[1].body.contains("\"ID\":\"geo-1\""),
        "{}",
        requests[1].body
    );
    for request in requests {
        assert!(
            request.head.contains("x-consul-token: s3cret"),
            "{}",
            request.head
        );
        assert!(
            request.head.contains("authorization: Basic bWFyeTpwdw=="),
            "{}",
            request.head
        );
    }
}
