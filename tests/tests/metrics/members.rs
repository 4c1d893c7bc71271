//! All members of the system in this process, so that a test can look at each.

use std::{collections::BTreeMap, net::SocketAddr};

use bellhop::{Mesh, Serving, Shards};
use e2e::{Client, Receiver, Registry, until};

/// All members in this process.
pub(crate) struct Members {
    serving: BTreeMap<&'static str, Serving>,
    pub(crate) meshes: BTreeMap<&'static str, Mesh>,
    frontend: String,
}

impl Members {
    /// Starts all of them, the frontend with these settings of its own.
    pub(crate) async fn start(
        registry: &Registry,
        receiver: &Receiver,
        shards: &Shards,
        frontend: frontend::Settings,
    ) -> Self {
        let settings = BTreeMap::from([
            ("CONSUL_HTTP_ADDR", registry.address().to_string()),
            ("BELLHOP_VERSION", "v1".to_owned()),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", receiver.endpoint()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned()),
            // Nobody comes as often.
            ("BELLHOP_LIMIT", "geo.Geo/Nearby:1000:1000".to_owned()),
            ("BELLHOP_CLIENT_LIMIT", "1000:1000".to_owned()),
        ]);
        let settings = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let settings: BTreeMap<_, _> = settings.collect();
        let names = ["geo", "rate", "profile", "search", "frontend"];
        let mesh = |name| (name, Mesh::from_source(name, &settings).expect("a mesh"));
        let meshes = BTreeMap::from(names.map(mesh));

        let geo = geo::Geo::new(geo::Index::embedded().expect("data"));
        let rate = rate::Rate::new(rate::Inventory::embedded().expect("data"));
        let profile = profile::Profile::new(profile::Catalogue::embedded().expect("data"));
        let serving = [
            ("geo", geo::serve(&meshes["geo"], shards, geo).await),
            ("rate", rate::serve(&meshes["rate"], shards, rate).await),
            (
                "profile",
                profile::serve(&meshes["profile"], shards, profile).await,
            ),
            ("search", search::serve(&meshes["search"], shards).await),
            (
                "frontend",
                frontend::serve(&meshes["frontend"], shards, frontend).await,
            ),
        ];
        let serving = serving.map(|(name, serving)| (name, serving.expect(name)));
        let serving = BTreeMap::from(serving);
        Self {
            frontend: format!("http://{}", serving["frontend"].address()),
            serving,
            meshes,
        }
    }

    /// Where the frontend listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.serving["frontend"].address()
    }

    pub(crate) async fn stop(&mut self, name: &str) {
        let serving = self.serving.remove(name);
        serving.expect("a member that serves").stop().await;
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.meshes[name].metrics().text(None).body
    }

    /// The status of the answer to a request.
    pub(crate) async fn ask(&self, path: &str) -> u16 {
        let client = Client::without_reuse();
        let answer = client.get(&format!("{}{path}", self.frontend)).await;
        answer.expect("an answer").status.as_u16()
    }

    pub(crate) async fn until_answered(&self, path: &str, status: u16) {
        until(&format!("{status} for {path}"), || async {
            (self.ask(path).await == status).then_some(())
        })
        .await;
    }
}
