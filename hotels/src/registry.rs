//! The embedded registry, on a thread of its own.

use std::{net::SocketAddr, thread, time::Duration};

use bellhop::{
    config::Reader,
    consul::{Config, Consul},
};
use mini_consul::MiniConsul;
use tokio::{runtime::Builder, sync::oneshot};

use crate::{error::Error, settings::Settings};

/// A Consul on this machine answers sooner.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// A registry that serves until this is dropped. Its thread is waited for only by [`end`](Registry::end).
pub(crate) struct Registry {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Registry {
    /// Starts one.
    pub(crate) fn start(address: SocketAddr) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let registry = match runtime.block_on(MiniConsul::bind(address)) {
            Ok(registry) => registry,
            Err(error) if error.is_address_in_use() => {
                let is_consul = runtime.block_on(is_consul(address));
                return Err(if is_consul {
                    Error::ConsulIsThere { address }
                } else {
                    Error::Taken {
                        address,
                        option: "--registry",
                    }
                });
            }
            Err(error) => return Err(error.into()),
        };
        let address = registry.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name("registry".to_owned())
            .spawn(move || {
                runtime.block_on(registry.serve(stopped));
                // A plain drop would wait for a check that looks up a name.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            address,
            stop,
            thread,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, once requests in flight have had a moment to finish.
    pub(crate) fn end(self) {
        drop(self.stop);
        // A registry that panicked has said so; there is nothing to add while leaving.
        let _ = self.thread.join();
    }
}

/// Whether a Consul answers there.
async fn is_consul(address: SocketAddr) -> bool {
    let mut source = Settings::default();
    source.insert("CONSUL_HTTP_ADDR", address.to_string());
    let config = Config::read(&mut Reader::new(&source)).timeout(ANSWER_WITHIN);
    Consul::new(config).leader().await.is_ok()
}
