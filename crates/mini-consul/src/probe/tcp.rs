//! A TCP probe: whoever accepts a connection passes.

use tokio::net::TcpStream;

use super::Finding;

pub(super) async fn look(address: &str) -> Finding {
    match TcpStream::connect(address).await {
        Ok(_) => Finding::passing(format!("TCP connect {address}: Success")),
        Err(error) => Finding::critical(format!("dial tcp {address}: {error}")),
    }
}
