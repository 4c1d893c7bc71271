//! Generates the gRPC types of Hotels as prost and tonic write them, for the peer in `benches/hops/plain`.

use std::{env, error::Error, path::PathBuf};

const PROTOS: [&str; 4] = ["geo.proto", "rate.proto", "profile.proto", "search.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../proto");
    println!("cargo::rerun-if-changed={}", root.display());

    let descriptors = protox::compile(PROTOS, [&root])?;
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
