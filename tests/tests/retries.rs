//! Attempts over a tree of calls, between members of the mesh.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use bellhop::{Mesh, Services, Serving};
use e2e::{Registry, total, until};
use hotel_proto::{
    FILE_DESCRIPTOR_SET,
    geo::{
        Request as Ask, Result as Answer,
        geo_client::GeoClient,
        geo_server::{Geo, GeoServer},
    },
};
use tonic::{Request, Response, Status, transport::Endpoint};

/// One more than a call makes itself.
const BUDGET: usize = 4;

/// Which leaf fails at which of its calls.
type Fails = Arc<dyn Fn(u32, usize) -> bool + Send + Sync>;

#[derive(Clone, Default)]
struct Leaves {
    fails: Arc<Mutex<Option<Fails>>>,
    calls: Arc<Mutex<HashMap<u32, usize>>>,
}

impl Leaves {
    fn called(&self, leaf: u32) -> Result<(), Status> {
        let mut calls = self.calls.lock().unwrap();
        let count = calls.entry(leaf).or_default();
        *count += 1;
        let fails = self.fails.lock().unwrap().clone();
        match fails.is_some_and(|fails| fails(leaf, *count)) {
            true => Err(Status::unavailable("as the script says")),
            false => Ok(()),
        }
    }

    fn fail(&self, fails: impl Fn(u32, usize) -> bool + Send + Sync + 'static) {
        self.calls.lock().unwrap().clear();
        *self.fails.lock().unwrap() = Some(Arc::new(fails));
    }

    fn calls(&self) -> HashMap<u32, usize> {
        self.calls.lock().unwrap().clone()
    }
}

/// A service that asks itself, twice at a time: the latitude says how many hops are below, the limit which one this is.
#[derive(Clone)]
struct Hop {
    next: GeoClient<bellhop::Channel>,
    leaves: Leaves,
}

#[tonic::async_trait]
impl Geo for Hop {
    async fn nearby(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let Ask { lat, limit, .. } = request.into_inner();
        if lat == 0.0 {
            self.leaves.called(limit)?;
            return Ok(Response::new(Answer::default()));
        }
        let below = |child| {
            let mut next = self.next.clone();
            async move { next.nearby(ask(lat - 1.0, 2 * limit + child)).await }
        };
        let (one, other) = tokio::join!(below(0), below(1));
        for answer in [one, other] {
            answer.map_err(|status| Status::new(status.code(), status.message()))?;
        }
        Ok(Response::new(Answer::default()))
    }
}

fn ask(hops_below: f32, id: u32) -> Ask {
    Ask {
        lat: hops_below,
        limit: id,
        ..Ask::default()
    }
}

struct Stage {
    _registry: Registry,
    serving: Serving,
    mesh: Mesh,
    leaves: Leaves,
}

impl Stage {
    async fn new() -> Self {
        let registry = Registry::mini().await;
        let settings: BTreeMap<_, _> = [
            ("CONSUL_HTTP_ADDR", registry.address().to_string()),
            // What is tried here is the tree: nothing else may end it.
            ("BELLHOP_BREAKER", "off".to_owned()),
            ("BELLHOP_RETRY_FLOOR", "100000".to_owned()),
            ("BELLHOP_RETRY_BACKOFF_MAX", "1ms".to_owned()),
            ("BELLHOP_HEDGE_AFTER", "off".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let mesh = Mesh::from_source("hop", &settings).unwrap();
        let leaves = Leaves::default();
        let serving = mesh
            .start(|mesh| {
                let next = client(mesh);
                let leaves = leaves.clone();
                Services::new().with(GeoServer::new(Hop { next, leaves }))
            })
            .await
            .unwrap();
        until("a member that passes", || async {
            (registry.passing("hop").await.len() == 1).then_some(())
        })
        .await;
        Self {
            _registry: registry,
            serving,
            mesh,
            leaves,
        }
    }

    async fn call(&self, hops_below: f32) -> Result<(), Status> {
        client(&self.mesh)
            .nearby(ask(hops_below, 0))
            .await
            .map(drop)
    }
}

fn client(mesh: &Mesh) -> GeoClient<bellhop::Channel> {
    GeoClient::new(mesh.channel("hop").describe(FILE_DESCRIPTOR_SET))
}

/// A number that looks random.
fn mix(seed: u64) -> u64 {
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 32
}

#[tokio::test]
async fn a_leaf_is_never_tried_more_often_than_the_budget_allows() {
    let stage = Stage::new().await;
    for hops_below in [0.0, 1.0, 2.0, 3.0] {
        stage.leaves.fail(|_, _| true);
        stage.call(hops_below).await.unwrap_err();
        for (leaf, calls) in stage.leaves.calls() {
            assert!(
                calls <= BUDGET,
                "leaf {leaf} below {hops_below} hops: {calls}"
            );
        }
    }
    for seed in 0..100 {
        stage.leaves.fail(move |leaf, call| {
            let odds = 3 + seed % 6;
            mix(seed << 32 | u64::from(leaf) << 8 | call as u64) % 10 < odds
        });
        let answer = stage.call((1 + seed % 3) as f32).await;
        let calls = stage.leaves.calls();
        assert!(
            calls.values().all(|calls| *calls <= BUDGET),
            "{seed}: {calls:?}"
        );
        if let Err(status) = answer {
            assert!(status.message().contains("attempts)"), "{seed}: {status}");
        }
    }
}

#[tokio::test]
async fn a_caller_may_ask_for_fewer_attempts_and_not_for_more() {
    let stage = Stage::new().await;
    stage.leaves.fail(|_, _| true);
    let endpoint = format!("http://{}", stage.serving.address());
    let endpoint = Endpoint::from_shared(endpoint).unwrap();
    let mut caller = GeoClient::new(endpoint.connect().await.unwrap());
    for (said, tried) in [("1", 1), ("2", 2), ("1000000", 3), ("-7", 3), ("", 3)] {
        stage.leaves.fail(|_, _| true);
        let mut request = Request::new(ask(1.0, 0));
        let metadata = request.metadata_mut();
        metadata.insert("bellhop-attempts", said.parse().unwrap());
        caller.nearby(request).await.unwrap_err();
        let calls = stage.leaves.calls();
        assert!(
            calls.values().any(|calls| *calls == tried),
            "{said}: {calls:?}"
        );
        assert!(
            calls.values().all(|calls| *calls <= tried),
            "{said}: {calls:?}"
        );
    }
}

#[tokio::test]
async fn one_failure_is_tried_again_once_however_many_hops_there_are() {
    let stage = Stage::new().await;
    for hops_below in [1.0, 2.0] {
        stage.leaves.fail(|leaf, call| leaf == 0 && call == 1);
        stage.call(hops_below).await.unwrap();
        let calls = stage.leaves.calls();
        assert_eq!(calls[&0], 2, "{calls:?}");
    }
}

#[tokio::test]
async fn attempts_are_counted_by_their_kind() {
    let stage = Stage::new().await;
    stage.leaves.fail(|_, call| call == 1);
    stage.call(0.0).await.unwrap();
    stage.call(0.0).await.unwrap();
    let text = stage.mesh.metrics().text(None).body;
    let made = |kind| {
        let labels = [("server_address", "hop"), ("bellhop_attempt", kind)];
        total(&text, "bellhop_client_attempts_total", &labels)
    };
    let all = ["first", "retry", "transparent", "hedge"].map(made);
    assert_eq!(all, [2.0, 1.0, 0.0, 0.0]);
    // Two calls, whatever they took.
    let calls = "rpc_client_call_duration_seconds_count";
    assert_eq!(
        total(&text, calls, &[("rpc_response_status_code", "OK")]),
        2.0
    );
    assert_eq!(total(&text, calls, &[]), 2.0);
}
