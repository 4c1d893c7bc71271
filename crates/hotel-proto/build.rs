//! Generates the gRPC types from `proto/` with protox, so that nobody installs protoc.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use prost_types::{FileDescriptorSet, field_descriptor_proto::Type};

const PROTOS: [&str; 4] = ["geo.proto", "rate.proto", "profile.proto", "search.proto"];

/// Fields whose messages stay as they are on the wire, by message and name: see `src/view`.
const ENCODED: [[&str; 3]; 3] = [
    ["profile", "Result", "hotels"],
    ["rate", "Result", "ratePlans"],
    ["search", "SearchResult", "found"],
];

/// A list of ids, as it is generated and as it is to be: each package has one, in a message that is a part of no other.
const IDS: [&str; 2] = [
    r#"    #[prost(string, repeated, tag = "1")]
    pub hotel_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
"#,
    r#"    #[prost(oneof = "crate::view::HotelIds", tags = "1")]
    pub hotel_ids: ::core::option::Option<crate::view::HotelIds>,
"#,
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());

    let mut descriptors = protox::compile(PROTOS, [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    for field in ENCODED {
        as_bytes(&mut descriptors, field).ok_or_else(|| format!("there is no {field:?}"))?;
    }
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .compile_fds(descriptors)?;
    for proto in PROTOS {
        let generated = out.join(proto).with_extension("rs");
        let text = fs::read_to_string(&generated)?;
        let [strings, ids] = IDS;
        if text.matches(strings).count() != 1 {
            return Err(format!("{}: no single list of ids", generated.display()).into());
        }
        fs::write(generated, text.replace(strings, ids))?;
    }
    Ok(())
}

/// Has the generated type of a message hold the bytes of a field, which on the wire are the same.
fn as_bytes(
    descriptors: &mut FileDescriptorSet,
    [package, message, field]: [&str; 3],
) -> Option<()> {
    let mut files = descriptors.file.iter_mut();
    let file = files.find(|file| file.package() == package)?;
    let message = file
        .message_type
        .iter_mut()
        .find(|one| one.name() == message)?;
    let field = message.field.iter_mut().find(|one| one.name() == field)?;
    field.set_type(Type::Bytes);
    field.type_name = None;
    Some(())
}
