//! What a member tells at `/config` of the settings that the program has for itself.

use std::{collections::BTreeSet, process::Command};

use e2e::{Client, Launch, Registry};

use crate::{ANYWHERE, BINARY};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_the_program_itself_are_shown_without_secrets() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY)
        .registry(&registry)
        .set("HOTELS_LIMIT", "50:100")
        .set("HOTELS_TILES", "https://tiles.example/{z}/{x}/{y}?key=hush");
    let process = launch.start(&["frontend", "--http", ANYWHERE, "--jaeger", "http://j:1"]);
    let url = format!("http://{}/config", process.admin("frontend").await);
    let answer = Client::new().get(&url).await.unwrap();
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(!text.contains("hush"), "{text}");
    let json = answer.json();
    let settings = json["settings"].as_array().unwrap();
    let shown = |name: &str| {
        let setting = settings.iter().find(|one| one["name"] == name);
        let setting = setting.unwrap_or_else(|| panic!("{name}: {json}"));
        (
            setting["value"].as_str(),
            setting["source"].as_str().unwrap(),
        )
    };
    assert_eq!(shown("HOTELS_LIMIT"), (Some("50:100"), "environment"));
    assert_eq!(shown("HOTELS_JAEGER"), (Some("http://j:1"), "command line"));
    assert_eq!(shown("HOTELS_HTTP"), (Some(ANYWHERE), "command line"));
    assert_eq!(shown("HOTELS_LOG"), (Some("json"), "environment"));
    assert_eq!(shown("HOTELS_TRUSTED_PROXIES"), (None, "default"));
    let tiles = "https://tiles.example/{z}/{x}/{y}?***";
    assert_eq!(shown("HOTELS_TILES"), (Some(tiles), "environment"));
    // None is left out of those that the program has.
    let help = Command::new(BINARY).args(["frontend", "--help"]).output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    let names = help.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    let names: BTreeSet<_> = names.filter(|name| name.starts_with("HOTELS_")).collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        shown(name);
    }
}
