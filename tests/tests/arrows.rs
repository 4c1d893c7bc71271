//! Imports run one way, as ARCHITECTURE.md draws them: chaos → e2e → hotels → services → bellhop, hotel-proto.
//!
//! What a test or a build script imports counts like any other import.

use std::{collections::BTreeMap, env, path::Path, process::Command};

use serde_json::Value;

/// Where a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Bellhop,
    MiniConsul,
    HotelProto,
    Malform,
    Service,
    Hotels,
    Example,
    EndToEnd,
    Chaos,
}

impl Place {
    /// By the folder, below the root of the workspace.
    fn of(folder: &str) -> Option<Self> {
        Some(match folder {
            "crates/bellhop" => Self::Bellhop,
            "crates/mini-consul" => Self::MiniConsul,
            "crates/hotel-proto" => Self::HotelProto,
            "crates/malform" => Self::Malform,
            "hotels" => Self::Hotels,
            "tests" => Self::EndToEnd,
            "chaos" => Self::Chaos,
            _ if folder.starts_with("services/") => Self::Service,
            _ if folder.starts_with("examples/") => Self::Example,
            _ => return None,
        })
    }

    fn may_import(self, other: Self, kind: &str) -> bool {
        use Place::{
            Bellhop, Chaos, EndToEnd, Example, HotelProto, Hotels, Malform, MiniConsul, Service,
        };
        match self {
            // Tests of any parser may make bad input.
            _ if other == Malform && kind == "dev" => true,
            // The mesh and the registry know nobody, least of all each other: a shared mistake must not make them agree.
            Bellhop | MiniConsul | HotelProto | Malform => false,
            // Services know the contract and the mesh, and nothing of each other.
            Service => matches!(other, Bellhop | HotelProto),
            Hotels => matches!(other, Bellhop | HotelProto | MiniConsul | Service),
            // A stranger who copies an example takes nothing but the mesh, and for its test a registry.
            Example => matches!(other, Bellhop | MiniConsul),
            EndToEnd => !matches!(other, EndToEnd | Chaos),
            Chaos => other != Chaos,
        }
    }
}

/// A member of the workspace.
#[derive(Debug)]
struct Member {
    name: String,
    place: Place,
    /// The members that it imports, each with how: `normal`, `dev` or `build`.
    imports: Vec<(String, String)>,
}

#[test]
fn imports_run_one_way() {
    let members = members();
    let places: BTreeMap<&str, Place> = members
        .iter()
        .map(|member| (member.name.as_str(), member.place))
        .collect();
    let against: Vec<String> = members
        .iter()
        .flat_map(|member| member.imports.iter().map(move |import| (member, import)))
        .filter(|(member, (name, kind))| !member.place.may_import(places[name.as_str()], kind))
        .map(|(member, (name, kind))| format!("{} → {name} ({kind})", member.name))
        .collect();
    assert!(
        against.is_empty(),
        "imports against the arrows of ARCHITECTURE.md: {}",
        against.join(", ")
    );
}

#[test]
fn the_members_are_the_ones_that_are_drawn() {
    let members = members();
    let at = |place: Place| {
        let at = members.iter().filter(|member| member.place == place);
        at.map(|member| member.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(at(Place::Bellhop), ["bellhop"]);
    assert_eq!(at(Place::MiniConsul), ["mini-consul"]);
    assert_eq!(at(Place::HotelProto), ["hotel-proto"]);
    assert_eq!(at(Place::Malform), ["malform"]);
    assert_eq!(
        at(Place::Service),
        ["frontend", "geo", "profile", "rate", "search"]
    );
    assert_eq!(at(Place::Hotels), ["hotels"]);
    assert_eq!(at(Place::EndToEnd), ["e2e"]);
    assert_eq!(at(Place::Chaos), ["chaos"]);
    let hotels = members.iter().find(|member| member.place == Place::Hotels);
    let imports = &hotels.expect("hotels is a member").imports;
    assert!(
        imports.iter().any(|(name, _)| name == "frontend"),
        "imports between members are not seen at all: {imports:?}"
    );
}

/// The members as cargo reads them, in the order of their names.
fn members() -> Vec<Member> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace is one folder up");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {error}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo answers in JSON");
    // As cargo writes it, which may be by another way than ours.
    let root = Path::new(text(&metadata, "workspace_root"));
    let mut members: Vec<Member> = list(&metadata, "packages")
        .iter()
        .map(|package| member(package, root))
        .collect();
    members.sort_by(|one, other| one.name.cmp(&other.name));
    members
}

fn member(package: &Value, root: &Path) -> Member {
    let name = text(package, "name");
    let folder = Path::new(text(package, "manifest_path"))
        .parent()
        .and_then(|folder| folder.strip_prefix(root).ok())
        .expect("members are below the root")
        .to_string_lossy()
        .replace('\\', "/");
    let place = Place::of(&folder).unwrap_or_else(|| {
        panic!("{name} in {folder} has no place: draw it in ARCHITECTURE.md and name it here")
    });
    let imports = list(package, "dependencies")
        .iter()
        // Only members have a path; all else comes from the registry.
        .filter(|dependency| dependency["path"].is_string())
        .map(|dependency| {
            let kind = dependency["kind"].as_str().unwrap_or("normal");
            (text(dependency, "name").to_owned(), kind.to_owned())
        })
        .collect();
    Member {
        name: name.to_owned(),
        place,
        imports,
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("cargo tells no {name}"))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name]
        .as_array()
        .unwrap_or_else(|| panic!("cargo tells no {name}"))
}
