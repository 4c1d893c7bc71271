//! The state of the cluster.

use super::{Consul, Error, Query, target::Target};

impl Consul {
    /// The leader of the cluster, `host:port`; `None` while there is none.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn leader(&self) -> Result<Option<String>, Error> {
        let target = self.global(Target::new("/v1/status/leader"));
        let leader: String = self.ask(target, Query::NOW).await?.success()?.json()?;
        Ok(Some(leader).filter(|leader| !leader.is_empty()))
    }
}
