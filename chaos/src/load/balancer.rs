//! What stands before the frontends: a balancer that asks the registry who passes.

use std::{
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::{Answer, Client, until};
use serde_json::Value;
use tokio::task::AbortHandle;

use super::again::EXPLAIN;

const SERVICE: &str = "frontend";
/// How long the registry may hold a question whose answer is still the same.
const HOLD: &str = "10s";
/// After a failure of the registry.
const PAUSE: Duration = Duration::from_millis(200);
/// No answer for so long is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes turns over the frontends that pass, over connections that are kept.
#[derive(Debug)]
pub(super) struct Balancer {
    client: Client,
    frontends: Arc<RwLock<Vec<SocketAddr>>>,
    turn: AtomicUsize,
    resend: AtomicBool,
    following: AbortHandle,
}

impl Balancer {
    /// Returns once there is somebody.
    pub(super) async fn follow(registry: SocketAddr) -> Self {
        let frontends = Arc::<RwLock<Vec<SocketAddr>>>::default();
        let following = tokio::spawn(follow(registry, frontends.clone()));
        let balancer = Self {
            client: Client::new(),
            frontends,
            turn: AtomicUsize::new(0),
            resend: AtomicBool::new(false),
            following: following.abort_handle(),
        };
        until("a frontend that passes", || async {
            balancer.next().map(|_| ())
        })
        .await;
        balancer
    }

    pub(super) fn resend(&self, resend: bool) {
        self.resend.store(resend, Ordering::Relaxed);
    }

    /// Asks the frontend whose turn it is.
    pub(super) async fn ask(&self, path: &str) -> Result<Answer, String> {
        self.ask_counting(path, || ()).await
    }

    /// The same; says when it sends the request once more, to another one.
    pub(super) async fn ask_counting(
        &self,
        path: &str,
        again: impl FnOnce(),
    ) -> Result<Answer, String> {
        let frontend = self.next().ok_or("no frontend was ever there")?;
        let first = self.ask_one(frontend, path).await;
        if first.is_ok() || !self.resend.load(Ordering::Relaxed) {
            return first;
        }
        let Some(other) = self.other_than(frontend) else {
            return first;
        };
        again();
        self.ask_one(other, path).await
    }

    /// Asks the frontend whose turn it is, and who served it.
    pub(super) async fn explain(&self, path: &str) -> Result<Answer, String> {
        let frontend = self.next().ok_or("no frontend was ever there")?;
        let url = format!("http://{frontend}{path}");
        self.client.get_with(&url, &[(EXPLAIN, "1")]).await
    }

    async fn ask_one(&self, frontend: SocketAddr, path: &str) -> Result<Answer, String> {
        let url = format!("http://{frontend}{path}");
        match tokio::time::timeout(PATIENCE, self.client.get(&url)).await {
            Ok(answer) => answer.map_err(|fault| format!("{frontend}: {fault}")),
            Err(_) => Err(format!("{frontend}: no answer within {PATIENCE:?}")),
        }
    }

    fn next(&self) -> Option<SocketAddr> {
        let frontends = self.frontends();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        frontends.get(turn % frontends.len().max(1)).copied()
    }

    fn other_than(&self, frontend: SocketAddr) -> Option<SocketAddr> {
        let frontends = self.frontends();
        frontends.iter().copied().find(|other| *other != frontend)
    }

    fn frontends(&self) -> RwLockReadGuard<'_, Vec<SocketAddr>> {
        self.frontends
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Follows the registry; while it fails or knows nobody the last ones stay, as in any balancer that is meant to last.
async fn follow(registry: SocketAddr, frontends: Arc<RwLock<Vec<SocketAddr>>>) {
    let client = Client::new();
    let mut index = "0".to_owned();
    loop {
        let url = format!(
            "http://{registry}/v1/health/service/{SERVICE}?passing&index={index}&wait={HOLD}"
        );
        match client.get(&url).await {
            Ok(answer) if answer.status == 200 => {
                index = answer.header("x-consul-index").to_owned();
                let passing = addresses(&answer.json());
                if !passing.is_empty() {
                    *frontends.write().unwrap_or_else(PoisonError::into_inner) = passing;
                }
            }
            _ => {
                index = "0".to_owned();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn addresses(entries: &Value) -> Vec<SocketAddr> {
    let entries = entries.as_array().into_iter().flatten();
    let address = |entry: &Value| {
        let service = &entry["Service"];
        let (host, port) = (service["Address"].as_str()?, service["Port"].as_u64()?);
        format!("{host}:{port}").parse().ok()
    };
    entries.filter_map(address).collect()
}
