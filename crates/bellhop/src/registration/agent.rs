//! An agent for tests of what is told when there is none.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::consul::{Config, Consul};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Hangs up until it is well, and then finds everything good.
pub(super) async fn agent(well: Arc<AtomicBool>) -> Consul {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if well.load(Ordering::Relaxed) {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(ANSWER).await;
            }
        }
    });
    Consul::new(Config::at(&address).unwrap())
}
