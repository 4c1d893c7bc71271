use std::collections::BTreeSet;

use axum::http::{Request, StatusCode};
use frontend::{Frontend, Page, Settings, Tiles};

use crate::support::{get, real, real_profile, real_search, send};

/// What the page names, and what these files name in their turn.
async fn files() -> BTreeSet<String> {
    let mut known = BTreeSet::from(["/".to_owned()]);
    let mut new = vec!["/".to_owned()];
    while let Some(path) = new.pop() {
        // A font is no text, and names nobody.
        let body = match path.ends_with(".woff2") {
            true => String::new(),
            false => get(&real(), &path).await.body,
        };
        let stem = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
        let relative = body
            .split("\"./")
            .skip(1)
            .map(|rest| format!("/assets/{rest}"));
        let absolute = body
            .split("/assets/")
            .skip(1)
            .map(|rest| format!("/assets/{rest}"));
        for named in absolute.chain(relative) {
            let end = named.find(|c| !stem(c)).unwrap_or(named.len());
            let named = named[..end].to_owned();
            let is_file = named
                .rsplit('/')
                .next()
                .is_some_and(|file| file.contains('.'));
            if is_file && known.insert(named.clone()) {
                new.push(named);
            }
        }
    }
    known
}

#[tokio::test]
async fn all_that_the_page_needs_is_there_under_a_strict_policy() {
    let files = files().await;
    for ending in [".css", ".geojson", ".js", ".mjs", ".svg", ".woff2"] {
        assert!(
            files.iter().any(|path| path.ends_with(ending)),
            "{ending}: {files:?}"
        );
    }
    for path in &files {
        let answer = send(&real(), Request::get(path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"));
        assert!(!policy.contains("http"), "{policy}");
    }
}

#[tokio::test]
async fn files_with_a_hash_are_kept_and_the_page_is_asked_for_again() {
    for path in files().await {
        let answer = get(&real(), &path).await;
        let kept = answer.header("cache-control").contains("immutable");
        assert_eq!(kept, path != "/", "{path}");
    }
}

#[tokio::test]
async fn a_file_that_is_held_is_not_sent_again() {
    for path in files().await {
        let etag = get(&real(), &path).await.header("etag").to_owned();
        for held in [&etag, "*", &format!("\"other\", W/{etag}")] {
            let request = Request::get(&path).header("if-none-match", held);
            let answer = send(&real(), request).await;
            assert_eq!(
                (answer.status, &*answer.body),
                (StatusCode::NOT_MODIFIED, ""),
                "{held}"
            );
            assert_eq!(answer.header("etag"), etag);
        }
        let stale = Request::get(&path).header("if-none-match", "\"other\"");
        assert_eq!(send(&real(), stale).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_file_is_sent_in_the_form_that_is_taken() {
    for path in files()
        .await
        .iter()
        .filter(|path| !path.ends_with(".woff2"))
    {
        let mut tags = BTreeSet::new();
        for (accepted, encoding) in [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0", "")] {
            let request = Request::get(path).header("accept-encoding", accepted);
            let answer = send(&real(), request).await;
            assert_eq!(answer.header("content-encoding"), encoding, "{path}");
            assert_eq!(answer.header("vary"), "accept-encoding");
            tags.insert(answer.header("etag").to_owned());
        }
        assert_eq!(tags.len(), 3, "{path}: each form has a tag of its own");
    }
}

#[tokio::test]
async fn the_licences_of_what_others_made_are_served() {
    let text = get(&real(), "/assets/LICENSES.txt").await.body;
    for part in ["MapLibre", "SIL OPEN FONT LICENSE"] {
        assert!(text.to_uppercase().contains(&part.to_uppercase()), "{part}");
    }
}

#[tokio::test]
async fn streets_that_are_not_there_are_not_drawn() {
    let files = files().await;
    let map = files
        .iter()
        .find(|path| path.ends_with(".geojson"))
        .unwrap();
    let map = get(&real(), map).await.body;
    assert!(map.contains("\"Market St\"") && map.contains("\"Funston Ave\""));
    for street in [
        "Army St",
        "Himmelmann Pl",
        "13th Ave",
        "Hartford St",
        "Iowa St",
        "Ford St",
        "Collingwood St",
        "Freelon St",
        "Dewey Blvd",
    ] {
        assert!(!map.contains(&format!("\"{street}\"")), "{street}");
    }
}

#[tokio::test]
async fn the_page_is_told_what_the_frontend_was_told() {
    let answer = get(&real(), "/settings.json").await;
    assert_eq!(answer.body, "{}");
    assert_eq!(answer.header("cache-control"), "no-cache");
    let tiles = Tiles {
        url: "https://maps.example/{z}/{x}/{y}.png".parse().unwrap(),
        attribution: None,
    };
    let settings = Settings {
        page: Page {
            tiles: Some(tiles),
            jaeger: Some("http://localhost:16686".parse().unwrap()),
        },
        ..Settings::default()
    };
    let router = Frontend::new(real_search(), real_profile(), settings).router();
    let told: serde_json::Value = get(&router, "/settings.json").await.json();
    assert_eq!(told["jaeger"], "http://localhost:16686");
    assert_eq!(told["tiles"]["kind"], "raster");
    assert_eq!(told["tiles"]["attribution"], "Map: maps.example");
    let policy = get(&router, "/").await;
    let policy = policy.header("content-security-policy");
    assert_eq!(
        policy.matches("https://maps.example").count(),
        2,
        "{policy}"
    );
}

#[tokio::test]
async fn the_mesh_is_shown_to_nobody_unless_that_is_switched_on() {
    for path in ["/mesh", "/mesh/events"] {
        assert_eq!(get(&real(), path).await.status, StatusCode::NOT_FOUND);
    }
}
