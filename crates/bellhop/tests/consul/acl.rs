//! What a registry hides, and how that is told.

use std::{collections::BTreeMap, fs, time::Duration};

use bellhop::{
    Mesh,
    client::{Channel, SplitReport},
    config::Reader,
    consul::{Config, Consul, HealthState, Query, Sight},
    discovery::{Change, Event, Settings, Watch, watch},
};
use futures_util::StreamExt;
use tempfile::TempDir;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    definition,
    support::{
        agent::Agent,
        fake::{Fake, Reply},
        wait::{soon, until},
    },
};

pub(crate) const MASTER: &str = "11111111-1111-1111-1111-111111111111";
/// May see everything but the service `geo`.
const OTHERS: &str = "22222222-2222-2222-2222-222222222222";
/// May see the service, but not where it runs.
const NO_NODES: &str = "33333333-3333-3333-3333-333333333333";
/// May see everything at first.
const NO_MORE_NODES: &str = "55555555-5555-5555-5555-555555555555";
const NO_MORE_SERVICES: &str = "66666666-6666-6666-6666-666666666666";
/// May see the splits at first.
const NO_MORE_KEYS: &str = "77777777-7777-7777-7777-777777777777";
const UNKNOWN: &str = "44444444-4444-4444-4444-444444444444";

/// An agent that hides what it is not told to show, with `geo` registered.
pub(crate) struct Strict {
    agent: Agent,
    _folder: TempDir,
}

impl Strict {
    pub(crate) async fn start() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("acl.json");
        let rules = format!(
            r#"{{"acl": {{"enabled": true, "default_policy": "deny", "tokens": {{"master": "{MASTER}"}}}}}}"#
        );
        fs::write(&file, rules).unwrap();
        let more = ["-config-file".to_owned(), file.to_str().unwrap().to_owned()];
        let agent = Agent::start_with(&more).await?;
        let it = Self {
            agent,
            _folder: folder,
        };
        let others =
            r#"service_prefix \"r\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" }"#;
        it.grant("others", others, OTHERS).await;
        let no_nodes = r#"service_prefix \"\" { policy = \"read\" }"#;
        it.grant("no-nodes", no_nodes, NO_NODES).await;
        let geo = definition("geo-1", HealthState::Passing);
        it.consul(MASTER).register(&geo).await.unwrap();
        Some(it)
    }

    pub(crate) fn consul(&self, token: &str) -> Consul {
        self.consul_by("CONSUL_HTTP_TOKEN", token)
    }

    /// A client that has its token by this setting.
    pub(crate) fn consul_by(&self, name: &str, value: &str) -> Consul {
        let source = BTreeMap::from([
            ("CONSUL_HTTP_ADDR".to_owned(), self.agent.address()),
            (name.to_owned(), value.to_owned()),
        ]);
        let mut reader = Reader::new(&source);
        let config = Config::read(&mut reader);
        reader.finish().unwrap();
        Consul::new(config)
    }

    pub(crate) async fn grant(&self, name: &str, rules: &str, token: &str) {
        let policy = format!(r#"{{"Name": "{name}", "Rules": "{rules}"}}"#);
        // The first may come before the agent has made its rules of old into new ones.
        until("a policy", async || {
            self.put("/v1/acl/policy", &policy).await
        })
        .await;
        let token = format!(r#"{{"SecretID": "{token}", "Policies": [{{"Name": "{name}"}}]}}"#);
        self.put("/v1/acl/token", &token).await.expect("a token");
    }

    /// Takes the token of a policy away.
    pub(crate) async fn revoke(&self, name: &str) {
        let all = self
            .send("GET", "/v1/acl/tokens", "")
            .await
            .expect("tokens");
        let all: Vec<serde_json::Value> = serde_json::from_str(&all).unwrap();
        let of_it = |token: &&serde_json::Value| token["Policies"][0]["Name"] == name;
        let accessor = all.iter().find(of_it).unwrap()["AccessorID"].as_str();
        let path = format!("/v1/acl/token/{}", accessor.unwrap());
        self.send("DELETE", &path, "").await.expect("no token");
    }

    /// Leaves a policy no more than these rules.
    async fn restrict(&self, name: &str, rules: &str) {
        let path = format!("/v1/acl/policy/name/{name}");
        let found = self.send("GET", &path, "").await.expect("a policy");
        let found: serde_json::Value = serde_json::from_str(&found).unwrap();
        let id = found["ID"].as_str().unwrap();
        let changed = format!(r#"{{"ID": "{id}", "Name": "{name}", "Rules": "{rules}"}}"#);
        let path = format!("/v1/acl/policy/{id}");
        self.put(&path, &changed).await.expect("a changed policy");
    }

    async fn put(&self, path: &str, body: &str) -> Option<()> {
        self.send("PUT", path, body).await.map(drop)
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Option<String> {
        let body = self.agent.send(method, path, MASTER, body.as_bytes()).await;
        body.map(|body| String::from_utf8(body).unwrap())
    }

    /// What a follower with this token is told of `geo` until it knows what it sees.
    async fn sees(&self, token: &str) -> Sight {
        let mut watch = watch(self.consul(token), "geo", Settings::default());
        soon("a word about it", async {
            loop {
                match watch.next().await.unwrap() {
                    Event::Answer { registered: 1, .. } => return Sight::Clear,
                    Event::Notes(notes) => return notes.sight,
                    _ => {}
                }
            }
        })
        .await
    }

    /// Whether it says by itself that it hides something, as Consul does from 1.11 on.
    async fn says_so(&self) -> bool {
        let consul = self.consul(NO_NODES);
        let hidden = consul.health_service("geo", Query::NOW).await;
        hidden.unwrap().filtered
    }

    /// Why a call of `geo` fails.
    async fn call(&self, token: &str) -> String {
        let discovery = watch(self.consul(token), "geo", Settings::default());
        let mut client = HealthClient::new(Channel::over("geo", discovery).unwrap());
        let call = client.check(HealthCheckRequest::default());
        let status = soon("an end", call).await.unwrap_err();
        status.message().to_owned()
    }
}

#[tokio::test]
async fn a_service_that_is_hidden_is_not_one_that_is_not_there() {
    let Some(strict) = Strict::start().await else {
        return;
    };
    assert_eq!(strict.sees(MASTER).await, Sight::Clear);
    assert_eq!(strict.sees(OTHERS).await, Sight::Denied);
    let without_nodes = match strict.says_so().await {
        true => Sight::Denied,
        false => Sight::Unsure,
    };
    assert_eq!(strict.sees(NO_NODES).await, without_nodes);
    assert_eq!(strict.sees("").await, Sight::Denied);
    let others = strict.consul(OTHERS);
    assert_eq!(others.sight("rate").await.unwrap(), Sight::Clear);
}

/// What becomes of those whom a follower was told of, until nothing changes them any more.
async fn ends(watch: &mut Watch, mut once_told: impl AsyncFnMut()) -> (Vec<Change>, Sight) {
    let (mut seen, mut sight) = (Vec::new(), Sight::Clear);
    while !matches!(seen.last(), Some(Change::Remove(_))) {
        match soon("an event", watch.next()).await.unwrap() {
            Event::Answer { changes, .. } => {
                for change in changes {
                    if matches!(change, Change::Insert(..)) {
                        once_told().await;
                    } else {
                        seen.push(change);
                    }
                }
            }
            Event::Notes(notes) => sight = notes.sight,
            _ => {}
        }
    }
    (seen, sight)
}

#[tokio::test]
async fn whom_a_token_may_see_no_more_is_kept_as_after_an_outage() {
    let services = r#"service_prefix \"\" { policy = \"read\" }"#;
    let nodes = r#"node_prefix \"\" { policy = \"read\" }"#;
    let Some(strict) = Strict::start().await else {
        return;
    };
    let cases = [
        (NO_MORE_NODES, services, Sight::Unsure),
        (NO_MORE_SERVICES, nodes, Sight::Denied),
    ];
    for (token, left, expected) in cases {
        strict
            .grant(token, &format!("{services} {nodes}"), token)
            .await;
        let settings = Settings {
            // An agent that was told of new rules does not wake those who ask.
            wait: Duration::from_secs(2),
            hold: Some(Duration::from_secs(1)),
            ..Settings::default()
        };
        let mut watch = watch(strict.consul(token), "geo", settings);
        let (seen, sight) = ends(&mut watch, async || strict.restrict(token, left).await).await;
        assert!(
            matches!(&seen[..], [Change::Keep(..), Change::Remove(_)]),
            "{seen:?}"
        );
        assert_eq!(sight, expected);
    }
}

#[tokio::test]
async fn without_rules_the_last_to_leave_is_let_go_at_once() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let geo = definition("geo-1", HealthState::Passing);
    consul.register(&geo).await.unwrap();
    let mut watch = watch(consul.clone(), "geo", Settings::default());
    let leave = async || consul.deregister("geo-1").await.unwrap();
    // One that is kept would be seen as that before it is let go.
    let (seen, _) = ends(&mut watch, leave).await;
    assert!(matches!(&seen[..], [Change::Remove(_)]), "{seen:?}");
}

#[tokio::test]
async fn without_rules_nothing_is_hidden() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let sight = agent.consul().sight("geo").await;
    assert_eq!(sight.unwrap(), Sight::Clear);
}

#[tokio::test]
async fn a_newer_consul_says_so_itself() {
    let body = "HTTP/1.1 200 OK\r\nX-Consul-Index: 5\r\nX-Consul-Results-Filtered-By-ACLs: true\r\n\
                Content-Length: 2\r\nConnection: close\r\n\r\n[]";
    let fake = Fake::start(move |_| Reply::Raw(body.into())).await;
    let discovery = watch(fake.consul(), "geo", Settings::default());
    let mut client = HealthClient::new(Channel::over("geo", discovery).unwrap());
    let status = client
        .check(HealthCheckRequest::default())
        .await
        .unwrap_err();
    assert!(status.message().contains("ACLs hide it"), "{status}");
    assert_eq!(fake.count("POST"), 0);
}

/// What a member that calls `rate` with this token knows of its split.
fn split(mesh: &Mesh) -> Option<SplitReport> {
    mesh.report().upstreams.pop()?.split
}

#[tokio::test]
async fn a_split_stays_that_a_token_may_see_no_more() {
    let Some(strict) = Strict::start().await else {
        return;
    };
    let services =
        r#"service_prefix \"\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" }"#;
    let keys = r#"key_prefix \"bellhop/split/\" { policy = \"read\" }"#;
    let rules = format!("{services} {keys}");
    strict.grant(NO_MORE_KEYS, &rules, NO_MORE_KEYS).await;
    let written = strict.put("/v1/kv/bellhop/split/rate", r#"{"v1":90,"v2":10}"#);
    written.await.expect("a split");

    let settings = |token: &str| {
        let pairs = [
            ("CONSUL_HTTP_ADDR", strict.agent.address().to_string()),
            ("CONSUL_HTTP_TOKEN", token.to_owned()),
            // An agent that was told of new rules does not wake those who ask.
            ("BELLHOP_DISCOVERY_WAIT", "1s".to_owned()),
        ];
        BTreeMap::from(pairs.map(|(name, value)| (name.to_owned(), value)))
    };
    let denied = Mesh::from_source("tests", &settings(OTHERS)).unwrap();
    let _channel = denied.channel("rate");
    let told = until("a word that it may not know", async || {
        split(&denied).filter(|split| split.error.is_some())
    });
    let told = told.await;
    assert!(told.error.unwrap().contains("403") && told.versions.is_empty());

    let mesh = Mesh::from_source("tests", &settings(NO_MORE_KEYS)).unwrap();
    let _channel = mesh.channel("rate");
    let shares = |split: SplitReport| {
        let versions = split.versions.into_iter();
        let shares: Vec<_> = versions.map(|one| (one.version, one.share)).collect();
        (shares, split.error)
    };
    let expected = vec![("v1".to_owned(), 90), ("v2".to_owned(), 10)];
    let known = until("a split", async || split(&mesh)).await;
    assert_eq!(shares(known), (expected.clone(), None));
    strict.restrict(NO_MORE_KEYS, services).await;
    let kept = until("a split that is not known any more", async || {
        split(&mesh).filter(|split| split.error.is_some())
    });
    assert_eq!(shares(kept.await).0, expected);
}

#[tokio::test]
async fn calls_say_so() {
    let Some(strict) = Strict::start().await else {
        return;
    };
    let hidden = strict.call(OTHERS).await;
    assert!(hidden.contains("ACLs hide it"), "{hidden}");
    let no_nodes = strict.call(NO_NODES).await;
    let expected = match strict.says_so().await {
        true => "ACLs hide it",
        false => "no instance was ever registered, or the registry's ACLs hide them",
    };
    assert!(no_nodes.contains(expected), "{no_nodes}");
    let unknown = strict.call(UNKNOWN).await;
    assert!(unknown.contains("ACLs hide it"), "{unknown}");
    assert!(unknown.contains("ACL not found"), "{unknown}");
}
