//! The registry by itself: `cargo run -p mini-consul --example agent -- 127.0.0.1:8500`.

use std::error::Error;
use std::net::SocketAddr;

use mini_consul::MiniConsul;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8500".to_owned());
    let registry = MiniConsul::bind(address.parse::<SocketAddr>()?).await?;
    println!("http://{}/ui/", registry.local_addr());
    registry.serve(tokio::signal::ctrl_c()).await;
    Ok(())
}
