//! Generates the gRPC types from `proto/` with protox, so that nobody installs protoc.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const PROTOS: [&str; 4] = ["geo.proto", "rate.proto", "profile.proto", "search.proto"];

/// Lists that are one piece of memory in the generated types, see `src/view`: in which file, of what, with which number and name, and
/// how they are to be. None is in a message that is a part of another one.
const LISTS: [(&str, &str, u32, &str, &str); 7] = [
    ("geo", "string", 1, "hotel_ids", "HotelIds"),
    ("rate", "string", 1, "hotel_ids", "HotelIds"),
    ("profile", "string", 1, "hotel_ids", "HotelIds"),
    ("search", "string", 1, "hotel_ids", "HotelIds"),
    ("rate", "message", 1, "rate_plans", "Encoded::<1>"),
    ("profile", "message", 1, "hotels", "Encoded::<1>"),
    ("search", "message", 100, "found", "Encoded::<100>"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());

    let descriptors = protox::compile(PROTOS, [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds(descriptors)?;
    for list in LISTS {
        let file = out.join(list.0).with_extension("rs");
        let text = fs::read_to_string(&file)?;
        let text = in_one_piece(&text, list).ok_or_else(|| format!("there is no {list:?}"))?;
        fs::write(file, text)?;
    }
    Ok(())
}

/// A file in which the type of a list is another, as what prost calls a oneof: of that it asks no more than how to read and write it.
fn in_one_piece(
    generated: &str,
    (_, kind, number, name, list): (&str, &str, u32, &str, &str),
) -> Option<String> {
    let attribute = format!("    #[prost({kind}, repeated, tag = \"{number}\")]\n    pub {name}: ");
    let (before, rest) = generated.split_once(&attribute)?;
    let (_, after) = rest.split_once(",\n")?;
    if after.contains(&attribute) {
        return None;
    }
    let list = format!("crate::view::{list}");
    let attribute = format!("    #[prost(oneof = \"{list}\", tags = \"{number}\")]\n");
    let field = format!("    pub {name}: ::core::option::Option<{list}>,\n");
    Some([before, &attribute, &field, after].concat())
}
