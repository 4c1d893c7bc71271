//! The frontend over the other services in memory: nothing to discover, nothing to start.
//!
//! `cargo run -p frontend --example in_memory [ADDR]`, by default 127.0.0.1:5000.

use std::error::Error;

use frontend::{Frontend, Settings};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1);
    let listener = TcpListener::bind(addr.as_deref().unwrap_or("127.0.0.1:5000")).await?;

    let geo = geo::service(geo::Geo::new(geo::Index::embedded()?));
    let rate = rate::service(rate::Rate::new(rate::Inventory::embedded()?));
    let search = search::service(search::Search::new(geo, rate));
    let profile = profile::service(profile::Profile::new(profile::Catalogue::embedded()?));

    let frontend = Frontend::new(search, profile, Settings::default());
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, frontend.router()).await?;
    Ok(())
}
