//! How an instance is told what to do: datagrams on the loopback, each of them answered.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    thread,
};

use e2e::{Log, until};

use super::state::State;

/// How the line begins that says where orders are taken.
const SAYS: &str = "orders";

/// Takes orders from here on, and says where.
pub(super) fn listen(state: Arc<State>) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = socket.local_addr()?;
    tracing::info!(%address, "{SAYS}");
    thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let order = std::str::from_utf8(&buffer[..length]).unwrap_or_default();
            let answer = match state.obey(order) {
                Some(calls) => calls.to_string(),
                None => "what?".to_owned(),
            };
            // Whoever asked may be gone.
            let _ = socket.send_to(answer.as_bytes(), from);
        }
    });
    Ok(())
}

/// The way to a faulty instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control(SocketAddr);

impl Control {
    /// The way to the instance that has written this.
    ///
    /// # Panics
    /// When it does not say where it takes orders.
    pub(crate) async fn of(log: &Log) -> Self {
        let said = || {
            log.find(|line| {
                let is_it = line["message"] == SAYS;
                let address = line["address"].as_str()?.parse().ok()?;
                is_it.then_some(address)
            })
        };
        Self(until("where it takes orders", || async { said() }).await)
    }

    /// Has calls take longer from here on.
    pub(crate) async fn slow(&self, millis: u64) -> io::Result<()> {
        self.order(&format!("slow {millis}")).await.map(drop)
    }

    /// Has calls take the processor for so long from here on.
    pub(crate) async fn burn(&self, millis: u64) -> io::Result<()> {
        self.order(&format!("burn {millis}")).await.map(drop)
    }

    /// Has a share of the calls refused from here on.
    pub(crate) async fn refuse(&self, percent: u64) -> io::Result<()> {
        self.order(&format!("refuse {percent}")).await.map(drop)
    }

    /// The calls so far.
    pub(crate) async fn count(&self) -> io::Result<u64> {
        self.order("count").await
    }

    async fn order(&self, order: &str) -> io::Result<u64> {
        let socket = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.connect(self.0).await?;
        socket.send(order.as_bytes()).await?;
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).await?;
        let answer = String::from_utf8_lossy(&buffer[..length]);
        let answer = answer.parse();
        answer.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
