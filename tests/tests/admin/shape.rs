//! The shape of `/mesh`, as it is and as the documentation has it.

use std::collections::BTreeSet;

use e2e::{Registry, until};
use serde_json::{Value, json};

use crate::stage::{calls_itself, get, mesh, nobody, serve};

const DOCUMENTATION: &str = include_str!("../../../docs/admin.md");

/// The fields that the documentation names in the section of `/mesh`.
fn documented() -> BTreeSet<String> {
    let section = DOCUMENTATION
        .split("\n## ")
        .find(|text| text.starts_with("`/mesh`"));
    let rows = section.expect("a section").lines();
    rows.filter_map(|row| row.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect()
}

/// The paths of all that is neither an object nor a list.
fn leaves(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        // The registry's own names.
        Value::Object(_) if path.ends_with(".meta") => drop(into.insert(path.to_owned())),
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                leaves(value, &format!("{path}{dot}{name}"), into);
            }
        }
        Value::Array(items) => {
            for item in items {
                leaves(item, &format!("{path}[]"), into);
            }
        }
        _ => drop(into.insert(path.to_owned())),
    }
}

/// Fields that are objects at times have no name of their own in the list.
fn without_parents(paths: &BTreeSet<String>) -> BTreeSet<String> {
    let is_parent = |path: &String| {
        let below = format!("{path}.");
        paths.iter().any(|other| other.starts_with(&below))
    };
    paths
        .iter()
        .filter(|path| !is_parent(path))
        .cloned()
        .collect()
}

#[tokio::test]
async fn the_mesh_is_shown_as_it_is_documented() {
    let mut seen = BTreeSet::new();
    // One that calls itself, and fails at times; one that has nobody to call.
    let registry = Registry::mini().await;
    let split = r#"{"1.2.3":99,"2.0.0":1,"sticky":"x-user"}"#;
    registry.put("bellhop/split/geo", split).await;
    let serving = calls_itself(&registry).await;
    let answer = get(&serving, "/mesh").await.json();
    let instance = &answer["upstreams"][0]["instances"][0];
    assert_eq!(instance["state"], "connected");
    assert_eq!(instance["version"], "1.2.3");
    assert_eq!(instance["tags"], json!(["canary"]));
    assert_eq!(instance["meta"]["zone"], "east");
    assert_eq!(instance["calls"]["failed"], 1);
    assert_eq!(instance["calls"]["in_flight"], 0);
    assert_eq!(instance["last_error"]["what"], "INTERNAL: it is cold");
    assert!(
        instance["latency"]["p50_ms"]
            .as_f64()
            .is_some_and(|ms| ms > 0.0)
    );
    let version = |version: &str, share: u32, instances: u32, serving: bool| json!({"version": version, "share": share, "instances": instances, "serving": serving});
    let versions = [version("1.2.3", 99, 1, true), version("2.0.0", 1, 0, false)];
    let split = &answer["upstreams"][0]["split"];
    assert_eq!(
        *split,
        json!({"versions": versions, "sticky": "x-user", "error": null})
    );
    leaves(&answer, "", &mut seen);

    let alone = mesh(nobody(), &[]);
    let lonely = serve(&alone).await.unwrap();
    let _channel = alone.channel("rate");
    let answer = until("a cause", || async {
        let answer = get(&lonely, "/mesh").await.json();
        answer["upstreams"][0]["empty"]
            .is_object()
            .then_some(answer)
    })
    .await;
    leaves(&answer, "", &mut seen);
    assert_eq!(without_parents(&seen), documented());
}
