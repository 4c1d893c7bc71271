//! `/v1/agent`: registering, reading and removing services.

use http::Method;
use serde_json::json;

use crate::support::both;

#[tokio::test]
async fn an_instance_is_shown_as_it_was_registered() {
    both(async |api| {
        api.register(json!({
            "Name": "agent-full", "ID": "agent-full-1", "Port": 80, "Address": "127.0.0.1", "Tags": ["a", "b"],
            "Meta": {"version": "v1"}, "Weights": {"Passing": 3, "Warning": 2}, "EnableTagOverride": true,
            "Check": {"TTL": "100s"},
        }))
        .await;
        let one = api.get("/v1/agent/service/agent-full-1").await.expect(200);
        assert_eq!(one.json()["Weights"], json!({"Passing": 3, "Warning": 2}));
        assert_eq!(one.json()["TaggedAddresses"]["lan_ipv4"], json!({"Address": "127.0.0.1", "Port": 80}));
        let hash = one.header("x-consul-contenthash").expect("a hash");
        assert_eq!(one.json()["ContentHash"], hash);
        let all = api.get("/v1/agent/services?filter=ID==`agent-full-1`").await.expect(200);
        assert_eq!(all.json()["agent-full-1"]["Meta"], json!({"version": "v1"}));
        let checks = api.get("/v1/agent/checks?filter=ServiceName==`agent-full`").await.expect(200);
        assert_eq!(checks.json()["service:agent-full-1"]["Status"], "critical");
        api.put("/v1/agent/service/deregister/agent-full-1", "").await.expect(200);
        let gone = api.get("/v1/agent/service/agent-full-1").await.expect(404);
        assert_eq!(gone.text.trim(), "unknown service ID: agent-full-1");
        api.put("/v1/agent/service/deregister/agent-full-1", "").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn defaults_are_filled_in() {
    both(async |api| {
        api.register(json!({"Name": "agent-bare"})).await;
        api.register(json!({"Name": "agent-host", "Address": "host.name", "Port": 5})).await;
        api.register(json!({"name": "agent-case", "id": "agent-case-1", "Name": "agent-case", "ID": "agent-case-1"})).await;
        for id in ["agent-bare", "agent-host", "agent-case-1"] {
            api.get(&format!("/v1/agent/service/{id}")).await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn checks_are_numbered_where_there_are_several() {
    both(async |api| {
        api.register(json!({"Name": "agent-many", "Check": {"CheckID": "agent-many-own", "TTL": "9s", "Notes": "n"},
            "Checks": [{"TTL": "10s", "Status": "passing"}, {"TTL": "10s", "Name": "third"}]}))
            .await;
        let checks = api.get("/v1/agent/checks?filter=ServiceID==`agent-many`").await.expect(200).json();
        let ids: Vec<_> = checks.as_object().expect("checks by id").keys().cloned().collect();
        assert_eq!(ids, ["agent-many-own", "service:agent-many:2", "service:agent-many:3"]);
    })
    .await;
}

#[tokio::test]
async fn registering_again_keeps_the_state_of_checks() {
    both(async |api| {
        let service = json!({"Name": "agent-again", "Check": {"TTL": "100s", "Status": "passing"}});
        api.register(service.clone()).await;
        let before = api
            .settle("agent-again", |all| {
                all[0]["Checks"][1]["Status"] == "passing"
            })
            .await;
        api.register(service.clone()).await;
        let same = api.get("/v1/health/service/agent-again").await.expect(200);
        assert_eq!(same.index(), before, "nothing has changed");
        api.put("/v1/agent/check/fail/service:agent-again?note=down", "")
            .await
            .expect(200);
        api.register(service).await;
        let checks = api
            .get("/v1/agent/checks?filter=ServiceID==`agent-again`")
            .await
            .json();
        assert_eq!(checks["service:agent-again"]["Status"], "critical");
        api.register(
            json!({"Name": "agent-again", "Check": {"CheckID": "agent-again-2", "TTL": "9s"}}),
        )
        .await;
        let checks = api
            .get("/v1/agent/checks?filter=ServiceID==`agent-again`")
            .await
            .json();
        assert_eq!(
            checks.as_object().map(|checks| checks.len()),
            Some(2),
            "the old check stays"
        );
        let replace = "/v1/agent/service/register?replace-existing-checks=true";
        api.put(replace, r#"{"Name": "agent-again"}"#)
            .await
            .expect(200);
        let checks = api
            .get("/v1/agent/checks?filter=ServiceID==`agent-again`")
            .await
            .json();
        assert_eq!(checks, json!({}));
    })
    .await;
}

#[tokio::test]
async fn faulty_registrations_are_refused_with_the_reason() {
    let cases = [
        ("{}", 400),
        ("", 400),
        (r#"{"Name":5}"#, 400),
        (r#"{"ID":"only"}"#, 400),
        (r#"{"Name":null,"Tags":null}"#, 400),
        (r#"{"Name":"x","Nope":1}"#, 400),
        (r#"{"Name":"x","Port":"80"}"#, 400),
        (r#"{"Name":"x","Port":1.5}"#, 400),
        (r#"{"Name":"x","Tags":"a"}"#, 400),
        (r#"{"Name":"x","Tags":[1]}"#, 400),
        (r#"{"Name":"x","Meta":{"a":5}}"#, 400),
        (r#"{"Name":"x","Meta":{"bad key!":"v"}}"#, 400),
        (r#"{"Name":"x","Address":"0.0.0.0"}"#, 400),
        (r#"{"Name":"x","Weights":{}}"#, 400),
        (r#"{"Name":"x","Weights":{"Passing":0,"Warning":1}}"#, 400),
        (r#"{"Name":"x","Weights":{"Passing":1,"Warning":-1}}"#, 400),
        (
            r#"{"Name":"x","Weights":{"Passing":70000,"Warning":1}}"#,
            400,
        ),
        (r#"{"Name":"x","Check":{"TTL":"abc"}}"#, 400),
        (r#"{"Name":"x","Check":{"TTL":"-1s"}}"#, 400),
        (r#"{"Name":"x","Check":{"Name":"nothing"}}"#, 400),
        (r#"{"Name":"x","Check":{"Interval":"1s"}}"#, 400),
        (r#"{"Name":"x","Check":{"TTL":"10s","Nope":1}}"#, 400),
        (
            r#"{"Name":"x","Check":{"TTL":"10s","Status":"bogus"}}"#,
            400,
        ),
        (r#"{"Name":"x","Check":{"HTTP":"http://x"}}"#, 400),
        (r#"{"Name":"x","Check":{"GRPC":"x:1","TTL":"1s"}}"#, 400),
        (
            r#"{"Name":"x","Check":{"HTTP":"http://x","TTL":"10s","Interval":"1s"}}"#,
            400,
        ),
        (
            r#"{"Name":"x","Check":{"Args":["true"],"Interval":"1s"}}"#,
            500,
        ),
    ];
    both(async |api| {
        for (body, status) in cases {
            let body = body.replace("\"x\"", "\"agent-faulty\"");
            let answer = api.put("/v1/agent/service/register", body.clone()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text);
        }
        api.get("/v1/agent/service/agent-faulty").await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn maintenance_is_a_critical_check_of_its_own() {
    both(async |api| {
        api.register(json!({"Name": "agent-maint", "Tags": ["t"]}))
            .await;
        let path = "/v1/agent/service/maintenance/agent-maint";
        api.put(&format!("{path}?enable=true&reason=why%20not"), "")
            .await
            .expect(200);
        api.put(&format!("{path}?enable=true&reason=again"), "")
            .await
            .expect(200);
        api.settle("agent-maint", |all| {
            all[0]["Checks"]
                .as_array()
                .is_some_and(|checks| checks.len() == 2)
        })
        .await;
        let health = api
            .get("/v1/health/service/agent-maint")
            .await
            .expect(200)
            .json();
        assert_eq!(
            health[0]["Checks"][1]["CheckID"],
            "_service_maintenance:agent-maint"
        );
        assert_eq!(health[0]["Checks"][1]["Notes"], "why not");
        assert_eq!(
            api.get("/v1/health/service/agent-maint?passing")
                .await
                .json(),
            json!([])
        );
        api.put(&format!("{path}?enable=false"), "")
            .await
            .expect(200);
        api.settle("agent-maint", |all| {
            all[0]["Checks"]
                .as_array()
                .is_some_and(|checks| checks.len() == 1)
        })
        .await;
        api.put(&format!("{path}?enable=true"), "")
            .await
            .expect(200);
        api.get("/v1/agent/checks?filter=ServiceID==`agent-maint`")
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn maintenance_wants_to_be_told_of_whom_and_whether() {
    both(async |api| {
        api.register(json!({"Name": "agent-whom"})).await;
        let path = "/v1/agent/service/maintenance/agent-whom";
        api.put(path, "").await.expect(400);
        api.put(&format!("{path}?enable=maybe"), "")
            .await
            .expect(400);
        api.put("/v1/agent/service/maintenance/nobody?enable=true", "")
            .await
            .expect(404);
        api.put("/v1/agent/service/maintenance/?enable=true", "")
            .await
            .expect(400);
        api.put("/v1/agent/maintenance", "").await.expect(400);
    })
    .await;
}

#[tokio::test]
async fn paths_and_methods_are_told_apart() {
    both(async |api| {
        for path in ["/v1/nosuch", "/nosuch", "/v1/agent/nosuch"] {
            api.get(path).await.expect(404);
        }
        for (method, path) in [
            (Method::POST, "/v1/agent/services"),
            (Method::GET, "/v1/agent/service/register"),
            (Method::GET, "/v1/agent/service/deregister/x"),
            (Method::DELETE, "/v1/health/service/x"),
            (Method::HEAD, "/v1/agent/services"),
            (Method::PATCH, "/v1/kv/x"),
        ] {
            api.send(method, path, "").await.expect(405);
        }
        api.send(Method::OPTIONS, "/v1/agent/services", "")
            .await
            .expect(200);
        for path in ["/", "/ui", "/v1/health/service", "/v1/kv//doubled"] {
            api.get(path).await.expect(301);
        }
        let leader = api
            .quiet(Method::GET, "/v1/status/leader", "")
            .await
            .expect(200)
            .json();
        let peers = api
            .quiet(Method::GET, "/v1/status/peers", "")
            .await
            .expect(200)
            .json();
        assert_eq!(peers, json!([leader]));
    })
    .await;
}
