use axum::http::{Request, StatusCode};

use crate::support::{get, real, send};

const FILES: [(&str, &str); 5] = [
    ("/", "text/html; charset=utf-8"),
    ("/assets/page.css", "text/css; charset=utf-8"),
    ("/assets/page.js", "text/javascript; charset=utf-8"),
    ("/assets/icon.svg", "image/svg+xml"),
    ("/assets/basemap.geojson", "application/geo+json"),
];

#[tokio::test]
async fn files_have_their_types_and_a_strict_policy() {
    for (path, media_type) in FILES {
        let answer = get(&real(), path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.body.is_empty(), "{path}");
        assert_eq!(answer.header("content-type"), media_type);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-cache");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"));
    }
}

#[tokio::test]
async fn a_file_that_is_held_is_not_sent_again() {
    for (path, _) in FILES {
        let etag = get(&real(), path).await.header("etag").to_owned();
        for held in [&etag, "*", &format!("\"other\", W/{etag}")] {
            let request = Request::get(path).header("if-none-match", held);
            let answer = send(&real(), request).await;
            assert_eq!(
                (answer.status, &*answer.body),
                (StatusCode::NOT_MODIFIED, ""),
                "{held}"
            );
            assert_eq!(answer.header("etag"), etag);
        }
        let stale = Request::get(path).header("if-none-match", "\"other\"");
        assert_eq!(send(&real(), stale).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_page_asks_this_server_only() {
    for (path, _) in FILES {
        let body = get(&real(), path).await.body;
        // The name of SVG's namespace looks like an address, but nothing is fetched from it.
        let body = body.replace("http://www.w3.org/2000/svg", "");
        for elsewhere in ["http:", "https:", "src=\"//", "innerHTML", "style=\""] {
            assert!(!body.contains(elsewhere), "{path}: {elsewhere}");
        }
    }
    let page = get(&real(), "/").await.body;
    for (path, _) in &FILES[1..4] {
        assert!(page.contains(path), "{path}");
    }
}

#[tokio::test]
async fn streets_that_do_not_exist_are_not_drawn() {
    let map = get(&real(), "/assets/basemap.geojson").await.body;
    assert!(map.contains("Market St"));
    assert!(!map.contains("Army St") && !map.contains("Himmelmann Pl"));
}
