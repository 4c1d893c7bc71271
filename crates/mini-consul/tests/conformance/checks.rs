//! `/v1/agent/check`: TTL checks and their callers.

use serde_json::json;

use crate::support::both;

#[tokio::test]
async fn a_ttl_check_says_what_its_caller_says() {
    both(async |api| {
        api.register(json!({"Name": "checks-ttl", "Check": {"TTL": "100s"}}))
            .await;
        let id = "service:checks-ttl";
        for (word, status) in [
            ("pass", "passing"),
            ("warn", "warning"),
            ("fail", "critical"),
            ("pass", "passing"),
        ] {
            api.put(
                &format!("/v1/agent/check/{word}/{id}?note={word}ed%20it"),
                "",
            )
            .await
            .expect(200);
            api.settle("checks-ttl", |all| all[0]["Checks"][1]["Status"] == status)
                .await;
            let check = api.get("/v1/health/checks/checks-ttl").await.json()[0].clone();
            assert_eq!(check["Output"], format!("{word}ed it"));
        }
        let update = format!("/v1/agent/check/update/{id}");
        api.put(&update, r#"{"Status":"warning","Output":"so so"}"#)
            .await
            .expect(200);
        api.settle("checks-ttl", |all| all[0]["Checks"][1]["Output"] == "so so")
            .await;
        api.put(&update, r#"{"Status":"bogus"}"#).await.expect(400);
        api.put(&update, "{}").await.expect(400);
        for word in ["pass", "warn", "fail"] {
            let unknown = api
                .put(&format!("/v1/agent/check/{word}/nobody"), "")
                .await
                .expect(500);
            assert_eq!(
                unknown.text.trim(),
                "CheckID \"nobody\" does not have associated TTL"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_ttl_check_that_nobody_speaks_for_turns_critical() {
    both(async |api| {
        api.register(
            json!({"Name": "checks-expiry", "Checks": [{"TTL": "300ms", "Status": "passing"},
            {"TTL": "300ms", "Status": "passing"}]}),
        )
        .await;
        api.put(
            "/v1/agent/check/pass/service:checks-expiry:2?note=last%20words",
            "",
        )
        .await
        .expect(200);
        let critical = |check: &serde_json::Value| check["Status"] == "critical";
        api.settle("checks-expiry", |all| {
            critical(&all[0]["Checks"][1]) && critical(&all[0]["Checks"][2])
        })
        .await;
        let checks = api.get("/v1/health/checks/checks-expiry").await;
        let outputs = checks.each("/Output");
        assert_eq!(outputs[0], "TTL expired");
        assert_eq!(
            outputs[1],
            "TTL expired (last output before timeout follows): last words"
        );
        api.put("/v1/agent/check/pass/service:checks-expiry:1", "")
            .await
            .expect(200);
        api.settle("checks-expiry", |all| {
            all[0]["Checks"][1]["Status"] == "passing"
        })
        .await;
        api.settle("checks-expiry", |all| critical(&all[0]["Checks"][1]))
            .await;
    })
    .await;
}

#[tokio::test]
async fn checks_are_added_to_services_and_taken_away() {
    both(async |api| {
        api.register(json!({"Name": "checks-added", "Tags": ["t"]})).await;
        let check = json!({"Name": "extra", "ID": "checks-added-1", "ServiceID": "checks-added", "TTL": "100s",
            "Notes": "hi", "Status": "passing"});
        api.put("/v1/agent/check/register", check.to_string()).await.expect(200);
        api.settle("checks-added", |all| all[0]["Checks"][1]["CheckID"] == "checks-added-1").await;
        api.get("/v1/health/checks/checks-added").await.expect(200);
        api.put("/v1/agent/check/deregister/checks-added-1", "").await.expect(200);
        api.settle("checks-added", |all| all[0]["Checks"][1].is_null()).await;
        api.put("/v1/agent/check/deregister/checks-added-1", "").await.expect(200);
        let refused = [
            (json!({"TTL": "10s"}), 400),
            (json!({"Name": "b"}), 400),
            (json!({"Name": "b", "TTL": "10s", "Status": "zip"}), 400),
            (json!({"Name": "b", "TTL": "10s", "ServiceID": "checks-nobody"}), 500),
        ];
        for (check, status) in refused {
            api.put("/v1/agent/check/register", check.to_string()).await.expect(status);
        }
    })
    .await;
}
