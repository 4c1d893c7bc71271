//! Running a scenario against both registries.

mod api;
mod consul;
mod targets;

use std::net::SocketAddr;
use std::time::Duration;

use mini_consul::{Config, MiniConsul};
use tokio_util::task::AbortOnDropHandle;

pub(crate) use self::api::{Answer, Api};
pub(crate) use self::consul::binary as consul_binary;
pub(crate) use self::targets::{grpc_server, http_server, silent_port};

/// No wait of a test is longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A registry that ends with the test.
#[derive(Debug)]
pub(crate) struct Mini {
    pub(crate) address: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

impl Mini {
    pub(crate) async fn start() -> Self {
        let config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        let registry = MiniConsul::bind(config).await.expect("a free port");
        let address = registry.local_addr();
        let serving = tokio::spawn(registry.serve(std::future::pending::<()>()));
        Self {
            address,
            _serving: AbortOnDropHandle::new(serving),
        }
    }
}

/// Runs a scenario against mini-consul and against a real Consul, which must answer alike.
pub(crate) async fn both(scenario: impl AsyncFn(&Api)) {
    let mini = Mini::start().await;
    let ours = Api::new(mini.address).await;
    scenario(&ours).await;
    let Some(address) = consul::shared() else {
        return;
    };
    let theirs = Api::new(address).await;
    scenario(&theirs).await;
    let (ours, theirs) = (ours.transcript(), theirs.transcript());
    for (our, their) in ours.iter().zip(&theirs) {
        assert_eq!(
            our, their,
            "mini-consul (left) and Consul (right) answer differently"
        );
    }
    assert_eq!(ours.len(), theirs.len(), "the scenario took another course");
}
