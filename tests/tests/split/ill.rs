//! A version whose instances are there, and fail.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use bellhop::{Mesh, Services, Serving};
use e2e::{Registry, until};
use hotel_proto::geo::{
    Request as Ask, Result as Found,
    geo_client::GeoClient,
    geo_server::{Geo, GeoServer},
};
use tonic::{Request, Response, Status};

/// Instances of one version: how often they were called, and whether they fail.
#[derive(Clone, Default)]
struct Version {
    called: Arc<AtomicUsize>,
    ill: Arc<AtomicBool>,
}

#[tonic::async_trait]
impl Geo for Version {
    async fn nearby(&self, _: Request<Ask>) -> Result<Response<Found>, Status> {
        self.called.fetch_add(1, Relaxed);
        match self.ill.load(Relaxed) {
            true => Err(Status::unavailable("it is ill")),
            false => Ok(Response::new(Found::default())),
        }
    }
}

impl Version {
    async fn start(&self, registry: &Registry, version: &str) -> Serving {
        let mesh = mesh(registry, "geo", &[("BELLHOP_VERSION", version)]);
        mesh.start(|_| Services::new().with(GeoServer::new(self.clone())))
            .await
            .unwrap()
    }

    /// How often they were called since the last time.
    fn called(&self) -> usize {
        self.called.swap(0, Relaxed)
    }
}

fn mesh(registry: &Registry, service: &str, settings: &[(&str, &str)]) -> Mesh {
    let address = registry.address().to_string();
    let where_it_is = [("CONSUL_HTTP_ADDR", &*address)];
    let settings = settings.iter().chain(&where_it_is);
    let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Mesh::from_source(service, &settings.collect::<BTreeMap<_, _>>()).unwrap()
}

/// How many of so many calls fail.
async fn failures(mesh: &Mesh, calls: usize) -> usize {
    let mut client = GeoClient::new(mesh.channel("geo"));
    let mut failures = 0;
    for _ in 0..calls {
        failures += usize::from(client.nearby(Ask::default()).await.is_err());
    }
    failures
}

async fn until_even(caller: &Mesh, versions: &[Version; 2]) {
    until("as many calls of each version", || async {
        let failed = failures(caller, 100).await;
        let called = versions.each_ref().map(Version::called);
        (failed == 0 && called == [50, 50]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_behind_open_breakers_leaves_its_share_to_the_others() {
    let registry = Registry::mini().await;
    registry
        .put("bellhop/split/geo", r#"{"v1":50,"v2":50}"#)
        .await;
    let versions: [Version; 2] = Default::default();
    let [old, new] = &versions;
    let mut serving = Vec::new();
    for _ in 0..2 {
        serving.push(old.start(&registry, "v1").await);
        serving.push(new.start(&registry, "v2").await);
    }
    let single = [
        ("BELLHOP_RETRY_ATTEMPTS", "off"),
        ("BELLHOP_HEDGE_AFTER", "off"),
    ];
    let patient = [
        &single[..],
        &[
            ("BELLHOP_BREAKER_OPEN_MIN", "1h"),
            ("BELLHOP_BREAKER_OPEN_MAX", "1h"),
        ],
    ]
    .concat();
    let caller = mesh(&registry, "patient", &patient);
    until("all are connected", || async {
        let report = caller.channel("geo").report();
        (report.connected == 4).then_some(())
    })
    .await;
    until_even(&caller, &versions).await;

    new.ill.store(true, Relaxed);
    // Each has five calls before its breaker opens.
    assert_eq!(failures(&caller, 60).await, 10);
    assert_eq!((old.called(), new.called()), (50, 10));
    assert_eq!(failures(&caller, 100).await, 0);
    assert_eq!((old.called(), new.called()), (100, 0));

    // One whose breakers find out has the share of this version come back.
    let hasty = [&single[..], &[("BELLHOP_BREAKER_OPEN_MIN", "50ms")]].concat();
    let caller = mesh(&registry, "hasty", &hasty);
    until("breakers that open", || async {
        (failures(&caller, 20).await > 0).then_some(())
    })
    .await;
    new.ill.store(false, Relaxed);
    until_even(&caller, &versions).await;
    drop(serving);
}
