//! `/v1/health`: how it stands.

use http::Method;
use serde_json::{Value, json};

use crate::support::both;

#[tokio::test]
async fn instances_come_with_the_checks_of_node_and_service() {
    both(async |api| {
        api.register(json!({"Name": "health-web", "ID": "health-web-1", "Tags": ["a"], "Port": 1,
            "Check": {"TTL": "100s", "Status": "passing"}}))
            .await;
        api.register(json!({"Name": "health-web", "ID": "health-web-2", "Tags": ["b"], "Port": 2,
            "Checks": [{"TTL": "100s", "Status": "warning"}, {"TTL": "100s", "Status": "passing"}]}))
            .await;
        api.register(json!({"Name": "health-web", "ID": "health-web-3", "Port": 3, "Check": {"TTL": "100s"}})).await;
        let all = api.get("/v1/health/service/health-web").await.expect(200);
        assert_eq!(all.each("/Service/ID"), ["health-web-1", "health-web-2", "health-web-3"]);
        assert_eq!(all.each("/Checks/0/CheckID"), ["serfHealth", "serfHealth", "serfHealth"]);
        for passing in ["passing", "passing=true", "passing=1"] {
            let passing = api.get(&format!("/v1/health/service/health-web?{passing}")).await;
            assert_eq!(passing.each("/Service/ID"), ["health-web-1"], "a warning does not pass");
        }
        api.get("/v1/health/service/health-web?passing=false").await.expect(200);
        api.get("/v1/health/service/health-web?passing=maybe").await.expect(400);
        let tagged = api.get("/v1/health/service/health-web?tag=b").await;
        assert_eq!(tagged.each("/Service/ID"), ["health-web-2"]);
        assert_eq!(api.get("/v1/health/service/health-web?tag=zz&passing").await.json(), json!([]));
        assert_eq!(api.get("/v1/health/service/health-web?node-meta=a:b").await.json(), json!([]));
    })
    .await;
}

#[tokio::test]
async fn checks_are_listed_by_service_and_by_state() {
    both(async |api| {
        api.register(json!({"Name": "health-list", "Checks": [{"TTL": "100s", "Status": "warning", "Notes": "soon"},
            {"TTL": "100s", "Status": "passing"}]}))
            .await;
        let checks = api.get("/v1/health/checks/health-list").await.expect(200);
        assert_eq!(checks.each("/Status"), ["warning", "passing"]);
        let filter = "filter=ServiceName==`health-list`";
        for (state, count) in [("any", 2), ("warning", 1), ("passing", 1), ("critical", 0), ("bogus", 0)] {
            let listed = api.get(&format!("/v1/health/state/{state}?{filter}")).await.expect(200);
            assert_eq!(listed.json().as_array().map(Vec::len), Some(count), "{state}");
        }
        let node = format!("/v1/health/node/{}?{filter}", api.node());
        let listed = api.quiet(Method::GET, &node, "").await.expect(200);
        assert_eq!(listed.each("/Status"), ["warning", "passing"]);
        assert_eq!(api.get("/v1/health/node/nobody").await.expect(200).json(), json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_filter_narrows_down() {
    both(async |api| {
        api.register(json!({"Name": "health-filter", "ID": "hf-1", "Meta": {"version": "v1"}}))
            .await;
        api.register(json!({"Name": "health-filter", "ID": "hf-2", "Meta": {"version": "v2"}}))
            .await;
        let path = "/v1/health/service/health-filter?filter=Service.Meta.version==%22v2%22";
        assert_eq!(api.get(path).await.each("/Service/ID"), ["hf-2"]);
    })
    .await;
}

#[tokio::test]
async fn an_absent_service_is_an_empty_list() {
    both(async |api| {
        assert_eq!(
            api.get("/v1/health/service/health-nobody")
                .await
                .expect(200)
                .json(),
            json!([])
        );
        assert_eq!(
            api.get("/v1/health/checks/health-nobody")
                .await
                .expect(200)
                .json(),
            json!([])
        );
        for path in [
            "/v1/health/service/",
            "/v1/health/checks/",
            "/v1/health/state/",
        ] {
            api.get(path).await.expect(400);
        }
        for query in ["index=abc", "index=-5", "wait=abc", "wait=5"] {
            api.get(&format!("/v1/health/service/health-nobody?{query}"))
                .await
                .expect(400);
        }
    })
    .await;
}

#[tokio::test]
async fn the_agent_sums_an_instance_up_as_a_status() {
    both(async |api| {
        api.register(json!({"Name": "health-sum", "Check": {"TTL": "100s", "Status": "passing"}}))
            .await;
        for (word, status, code) in [
            ("pass", "passing", 200),
            ("warn", "warning", 429),
            ("fail", "critical", 503),
        ] {
            api.put(&format!("/v1/agent/check/{word}/service:health-sum"), "")
                .await
                .expect(200);
            for kind in ["id", "name"] {
                let path = format!("/v1/agent/health/service/{kind}/health-sum?format=text");
                assert_eq!(api.get(&path).await.expect(code).text.trim(), status);
            }
            let full = "/v1/agent/health/service/id/health-sum";
            let full: Value = api.quiet(Method::GET, full, "").await.expect(code).json();
            assert_eq!(full["AggregatedStatus"], status);
        }
        api.get("/v1/agent/health/service/name/health-nobody")
            .await
            .expect(404);
    })
    .await;
}
