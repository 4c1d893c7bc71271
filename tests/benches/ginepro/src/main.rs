//! The callers of a hop, as those of the benchmark `hops` are, over ginepro's channel: `ginepro-caller ADDRESS…` calls these
//! endpoints as the lines of its input say (`../hops/calls.rs`).
//!
//! It is a program of its own for ginepro is for tonic 0.13. Messages and their codec are those of all other callers; what carries them is
//! all ginepro's.

#[path = "../../hops/calls.rs"]
mod calls;
mod channel;
#[path = "../../vast/sorted.rs"]
mod sorted;
#[path = "../../hops/steady.rs"]
mod steady;
#[path = "../../hops/stub.rs"]
#[expect(dead_code, reason = "it calls, and does not serve")]
mod stub;

use std::{collections::HashSet, env, net::SocketAddr, process::ExitCode};

use tokio::runtime::Builder;

/// What went wrong; whoever reads the figures wants the text and no more.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match call() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ginepro-caller: {error}");
            ExitCode::FAILURE
        }
    }
}

/// On the multi-thread runtime, as everybody sets it up.
fn call() -> Result<(), Failure> {
    let endpoints = env::args().skip(1).map(|address| address.parse());
    let endpoints: HashSet<SocketAddr> = endpoints.collect::<Result<_, _>>()?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let channel = runtime.block_on(channel::Channel::to(endpoints))?;
    calls::work(vec![(runtime.handle().clone(), channel)])
}
