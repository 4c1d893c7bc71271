//! `/v1/kv`: keys and values.

use serde_json::{Value, json};

use crate::support::both;

#[tokio::test]
async fn a_value_is_written_and_read() {
    both(async |api| {
        let missing = api.get("/v1/kv/rw/none").await.expect(404);
        assert!(missing.index() >= 1, "one can wait for what is missing");
        assert_eq!(
            api.put("/v1/kv/rw/one", "hello").await.expect(200).json(),
            true
        );
        assert_eq!(
            api.get("/v1/kv/rw/one").await.expect(200).each("/Value"),
            ["aGVsbG8="]
        );
        let raw = api.get("/v1/kv/rw/one?raw").await.expect(200);
        assert_eq!(raw.text, "hello");
        assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
        api.put("/v1/kv/rw/empty", "").await.expect(200);
        assert_eq!(
            api.get("/v1/kv/rw/empty").await.each("/Value"),
            [Value::Null]
        );
        assert_eq!(api.get("/v1/kv/rw/empty?raw").await.expect(200).text, "");
        api.put("/v1/kv/rw/flagged?flags=42", "x").await.expect(200);
        assert_eq!(api.get("/v1/kv/rw/flagged").await.each("/Flags"), [42]);
        api.put("/v1/kv/rw/flagged?flags=zz", "x").await.expect(500);
    })
    .await;
}

#[tokio::test]
async fn keys_may_have_any_characters() {
    both(async |api| {
        api.put("/v1/kv/odd%20keys/%C3%A9%2Fz", "y")
            .await
            .expect(200);
        assert_eq!(
            api.get("/v1/kv/odd%20keys/%C3%A9/z")
                .await
                .expect(200)
                .each("/Key"),
            ["odd keys/é/z"]
        );
        assert_eq!(
            api.get("/v1/kv/odd%20keys?keys").await.json(),
            json!(["odd keys/é/z"])
        );
        for (method, path) in [
            ("GET", "/v1/kv/"),
            ("PUT", "/v1/kv/"),
            ("DELETE", "/v1/kv/"),
        ] {
            let method = method.parse().expect("a method");
            api.send(method, path, "").await.expect(400);
        }
    })
    .await;
}

#[tokio::test]
async fn trees_are_listed_and_cut_at_separators() {
    both(async |api| {
        for key in ["tree/a", "tree/b/c", "tree/b/d", "tree/z"] {
            api.put(&format!("/v1/kv/{key}"), key.to_owned())
                .await
                .expect(200);
        }
        let all = api.get("/v1/kv/tree/?recurse").await.expect(200);
        assert_eq!(
            all.each("/Key"),
            ["tree/a", "tree/b/c", "tree/b/d", "tree/z"]
        );
        let keys = api.get("/v1/kv/tree/?keys&separator=/").await;
        assert_eq!(keys.json(), json!(["tree/a", "tree/b/", "tree/z"]));
        assert_eq!(
            api.get("/v1/kv/tree/b?keys").await.json(),
            json!(["tree/b/c", "tree/b/d"])
        );
        api.get("/v1/kv/tree/none?keys").await.expect(404);
        api.get("/v1/kv/tree/none?recurse").await.expect(404);
        api.delete("/v1/kv/tree/b?recurse").await.expect(200);
        assert_eq!(
            api.get("/v1/kv/tree/?keys").await.json(),
            json!(["tree/a", "tree/z"])
        );
        api.delete("/v1/kv/tree/a?cas=1&recurse=").await.expect(400);
        api.delete("/v1/kv/tree/a").await.expect(200);
        api.delete("/v1/kv/tree/a").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn check_and_set_goes_by_the_index() {
    both(async |api| {
        let path = "/v1/kv/cas/key";
        assert_eq!(
            api.put(&format!("{path}?cas=0"), "first").await.json(),
            true
        );
        assert_eq!(
            api.put(&format!("{path}?cas=0"), "second").await.json(),
            false
        );
        let index = api.get(path).await.each("/ModifyIndex")[0]
            .as_u64()
            .expect("an index");
        let set = |index: u64| format!("{path}?cas={index}");
        let put = |path: String, value: &'static str| async move {
            api.quiet(http::Method::PUT, &path, value)
                .await
                .expect(200)
                .json()
        };
        assert_eq!(put(set(index + 1000), "stale").await, false);
        assert_eq!(put(set(index), "second").await, true);
        let raw = api.get(&format!("{path}?raw")).await;
        assert_eq!(raw.text, "second");
        let delete = |index: u64| async move {
            api.quiet(http::Method::DELETE, &set(index), "")
                .await
                .expect(200)
                .json()
        };
        assert_eq!(delete(index).await, false);
        assert_eq!(delete(0).await, false);
        let index = api.get(path).await.each("/ModifyIndex")[0]
            .as_u64()
            .expect("an index");
        assert_eq!(delete(index).await, true);
        assert_eq!(delete(5).await, true, "what is gone is as good as deleted");
        api.put(&format!("{path}?cas=zz"), "x").await.expect(500);
    })
    .await;
}

#[tokio::test]
async fn writing_the_same_again_is_no_change() {
    both(async |api| {
        api.put("/v1/kv/same/key", "x").await.expect(200);
        let before = api.get("/v1/kv/same/key").await.index();
        api.put("/v1/kv/same/key", "x").await.expect(200);
        assert_eq!(api.get("/v1/kv/same/key").await.index(), before);
        api.put("/v1/kv/same/key", "y").await.expect(200);
        assert!(api.get("/v1/kv/same/key").await.index() > before);
    })
    .await;
}

#[tokio::test]
async fn values_have_a_largest_size() {
    both(async |api| {
        api.put("/v1/kv/size/most", vec![b'x'; 512 * 1024])
            .await
            .expect(200);
        let over = vec![b'x'; 512 * 1024 + 1];
        let refused = api
            .quiet(http::Method::PUT, "/v1/kv/size/over", over)
            .await
            .expect(413);
        assert!(
            refused
                .text
                .starts_with("Request body(524289 bytes) too large"),
            "{}",
            refused.text
        );
        api.get("/v1/kv/size/over").await.expect(404);
    })
    .await;
}
