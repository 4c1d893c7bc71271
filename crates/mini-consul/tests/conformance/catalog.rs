//! `/v1/catalog`: what is registered.

use http::Method;
use serde_json::json;

use crate::support::both;

#[tokio::test]
async fn instances_are_listed_with_their_node() {
    both(async |api| {
        api.register(
            json!({"Name": "catalog-web", "ID": "catalog-web-1", "Port": 80, "Address": "10.0.0.1",
            "Tags": ["b", "a"], "Meta": {"version": "v1"}}),
        )
        .await;
        api.register(
            json!({"Name": "catalog-web", "ID": "catalog-web-2", "Port": 81, "Tags": ["c"]}),
        )
        .await;
        let all = api.get("/v1/catalog/service/catalog-web").await.expect(200);
        assert_eq!(all.each("/ServiceID"), ["catalog-web-1", "catalog-web-2"]);
        assert_eq!(
            api.get("/v1/catalog/service/catalog-web?tag=c")
                .await
                .each("/ServiceID"),
            ["catalog-web-2"]
        );
        let both_tags = api.get("/v1/catalog/service/catalog-web?tag=a&tag=b").await;
        assert_eq!(both_tags.each("/ServiceID"), ["catalog-web-1"]);
        let upper = api.get("/v1/catalog/service/CATALOG-WEB").await;
        assert_eq!(upper.each("/ServicePort"), [80, 81]);
        let filtered = api
            .get("/v1/catalog/service/catalog-web?filter=ServiceMeta.version==v1")
            .await;
        assert_eq!(filtered.each("/ServiceID"), ["catalog-web-1"]);

        let names = api
            .quiet(Method::GET, "/v1/catalog/services", "")
            .await
            .expect(200);
        assert!(names.index() > 0);
        let mut tags: Vec<_> = names.json()["catalog-web"]
            .as_array()
            .expect("tags")
            .clone();
        tags.sort_by_key(|tag| tag.to_string());
        assert_eq!(
            tags,
            ["a", "b", "c"],
            "every tag once, in no particular order"
        );
        let consul = names.json()["consul"].clone();
        assert_eq!(consul, json!([]), "the registry itself is a service");
    })
    .await;
}

#[tokio::test]
async fn nodes_are_listed() {
    both(async |api| {
        let nodes = api.get("/v1/catalog/nodes").await.expect(200);
        assert_eq!(nodes.each("/Node"), [api.node()]);
        assert_eq!(
            api.get("/v1/catalog/nodes?node-meta=a:b").await.json(),
            json!([])
        );
        assert_eq!(
            api.get("/v1/catalog/datacenters").await.json(),
            json!(["dc1"])
        );
        assert_eq!(
            api.get("/v1/catalog/node/nobody").await.expect(200).json(),
            json!(null)
        );
        api.register(json!({"Name": "catalog-node", "Port": 7}))
            .await;
        let path = format!("/v1/catalog/node/{}", api.node());
        let node = api.quiet(Method::GET, &path, "").await.expect(200).json();
        assert_eq!(node["Services"]["catalog-node"]["Port"], 7);
        assert_eq!(node["Node"]["Node"], api.node());
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_empty_and_what_is_not_asked_is_refused() {
    both(async |api| {
        assert_eq!(
            api.get("/v1/catalog/service/catalog-nobody")
                .await
                .expect(200)
                .json(),
            json!([])
        );
        api.get("/v1/catalog/service/").await.expect(400);
        api.get("/v1/catalog/service/x?dc=nowhere&stale&consistent")
            .await
            .expect(400);
        let foreign = api
            .quiet(Method::GET, "/v1/catalog/nodes?dc=nowhere", "")
            .await
            .expect(500);
        assert_eq!(foreign.text.trim(), "No path to datacenter");
        api.get("/v1/catalog/nodes?dc=dc1&unknown=1")
            .await
            .expect(200);
        let stale = api.get("/v1/catalog/nodes?stale").await.expect(200);
        assert_eq!(stale.header("x-consul-knownleader"), Some("true"));
    })
    .await;
}

#[tokio::test]
async fn there_are_no_rules_of_access() {
    both(async |api| {
        let question = r#"[{"Resource": "service", "Segment": "x", "Access": "read"}]"#;
        let path = "/v1/internal/acl/authorize";
        api.send(Method::POST, path, question).await.expect(401);
        api.get(path).await.expect(405);
    })
    .await;
}
