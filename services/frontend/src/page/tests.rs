use axum::http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};

use super::{
    assets::ASSETS,
    encoding::{Encoding, best},
    links::{Link, NoLink, Page, Tiles},
    policy,
};

/// What may come over the wire until the whole page is there: library, font and map included.
const FIRST_LOAD: usize = 560_000;
/// The same for the page that shows the mesh.
const FIRST_LOAD_MESH: usize = 100_000;

fn first_load(encoding: Encoding, is_part: fn(&str) -> bool) -> usize {
    let loaded = ASSETS.iter().filter(|asset| is_part(asset.path));
    let bytes = loaded.map(|asset| asset.packed(encoding).unwrap_or(asset.body).len());
    bytes.sum()
}

fn is_of_mesh(path: &str) -> bool {
    let shared = ["/assets/chunk-", "/assets/icon-", "/assets/inter-"];
    path.contains("/mesh") || shared.iter().any(|start| path.starts_with(start))
}

#[test]
fn the_first_load_is_light() {
    for encoding in [Encoding::Brotli, Encoding::Gzip] {
        let bytes = first_load(encoding, |path| {
            !path.ends_with(".txt") && !path.contains("/mesh")
        });
        assert!(bytes < FIRST_LOAD, "{encoding:?}: {bytes}");
        let bytes = first_load(encoding, is_of_mesh);
        assert!(
            (40_000..FIRST_LOAD_MESH).contains(&bytes),
            "{encoding:?}: {bytes}"
        );
    }
}

#[test]
fn what_names_a_form_takes_it() {
    let chosen = |accepted: &'static str| {
        let value = HeaderValue::from_static(accepted);
        best(&HeaderMap::from_iter([(ACCEPT_ENCODING, value)]))
    };
    for (accepted, encoding) in [
        ("gzip, deflate, br, zstd", Some(Encoding::Brotli)),
        ("gzip;q=1.0, BR;q=0.1", Some(Encoding::Brotli)),
        ("br;q=0, gzip", Some(Encoding::Gzip)),
        ("br; q=0.000,gzip;q=0", None),
        ("identity", None),
        ("*", None),
        ("", None),
    ] {
        assert_eq!(chosen(accepted), encoding, "{accepted}");
    }
    assert_eq!(best(&HeaderMap::new()), None);
}

fn tiles(url: &str) -> Tiles {
    Tiles {
        url: url.parse().unwrap(),
        attribution: None,
    }
}

#[test]
fn tiles_are_told_from_styles_and_name_whom_they_owe() {
    let osm = tiles("https://tile.openstreetmap.org/{z}/{x}/{y}.png");
    assert!(osm.is_raster());
    assert_eq!(osm.attribution(), "© OpenStreetMap contributors");
    let style = tiles("http://[::1]:8080/style.json");
    assert!(!style.is_raster());
    assert_eq!(style.attribution(), "Map: [::1]");
}

#[test]
fn the_policy_names_the_tiles_origin_and_no_other() {
    let bare = policy(&Page::default());
    assert!(!bare.to_str().unwrap().contains("http"));
    let page = Page {
        tiles: Some(tiles("https://maps.example:8443/{z}/{x}/{y}?key=1")),
        jaeger: None,
    };
    let policy = policy(&page);
    let policy = policy.to_str().unwrap();
    assert!(
        policy.contains("img-src 'self' data: blob: https://maps.example:8443;"),
        "{policy}"
    );
    assert!(
        policy.contains("connect-src 'self' https://maps.example:8443;"),
        "{policy}"
    );
}

#[test]
fn what_would_break_out_of_the_policy_is_no_link() {
    for text in [
        "",
        "maps.example",
        "ftp://maps.example/",
        "https://",
        "https:///path",
        "https://maps.example;script-src",
        "https://maps.example *",
        "https://user@maps.example/",
        "https://maps.example/a;b",
        "https://maps.example/'self'",
        "https://mäps.example/",
        "javascript:alert(1)",
    ] {
        assert_eq!(text.parse::<Link>(), Err(NoLink), "{text}");
    }
}
