//! HTTP, TCP and gRPC checks, which both registries really run.

use serde_json::{Value, json};

use crate::support::{both, grpc_server, http_server, silent_port};

fn state(all: &[Value]) -> (&Value, &Value) {
    (
        &all[0]["Checks"][1]["Status"],
        &all[0]["Checks"][1]["Output"],
    )
}

#[tokio::test]
async fn an_http_check_goes_by_the_status() {
    let (address, _server) = http_server().await;
    both(async |api| {
        for (code, status) in [(200, "passing"), (204, "passing"), (429, "warning"), (500, "critical"), (404, "critical")] {
            let name = format!("probe-http-{code}");
            let mut check = json!({"HTTP": format!("http://{address}/{code}"), "Interval": "1s", "Timeout": "5s"});
            if status == "critical" {
                // So that the change is seen: a check starts critical.
                check["Status"] = json!("passing");
            }
            api.put("/v1/agent/service/register", json!({"Name": name, "Check": check}).to_string()).await;
            api.settle(&name, |all| !all.is_empty() && state(all).0 == status).await;
            api.get(&format!("/v1/health/checks/{name}")).await.expect(200);
            api.put(&format!("/v1/agent/service/deregister/{name}"), "").await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn an_http_check_sends_what_it_is_told_to() {
    let (address, _server) = http_server().await;
    both(async |api| {
        let check = json!({"HTTP": format!("http://{address}/200"), "Interval": "1s", "Method": "PUT",
            "Header": {"X-Probe": ["yes"]}, "Body": "ping"});
        api.put("/v1/agent/service/register", json!({"Name": "probe-sends", "Check": check}).to_string()).await;
        api.settle("probe-sends", |all| !all.is_empty() && state(all).0 == "passing").await;
        let output = api.get("/v1/health/checks/probe-sends").await.each("/Output")[0].clone();
        assert_eq!(output, format!("HTTP PUT http://{address}/200: 200 OK Output: PUT \"yes\" ping"));
    })
    .await;
}

#[tokio::test]
async fn a_tcp_check_goes_by_the_connection() {
    let (open, _server) = http_server().await;
    let (shut, _held) = silent_port();
    both(async |api| {
        for (name, address, from, to) in [
            ("probe-tcp-open", open, "critical", "passing"),
            ("probe-tcp-shut", shut, "passing", "critical"),
        ] {
            let check = json!({"TCP": address.to_string(), "Interval": "1s", "Status": from});
            api.put(
                "/v1/agent/service/register",
                json!({"Name": name, "Check": check}).to_string(),
            )
            .await;
            api.settle(name, |all| !all.is_empty() && state(all).0 == to)
                .await;
            api.get(&format!("/v1/health/checks/{name}"))
                .await
                .expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_grpc_check_goes_by_the_health_service() {
    let (address, _server) = grpc_server().await;
    both(async |api| {
        for (service, from, to) in [
            ("up", "critical", "passing"),
            ("down", "passing", "critical"),
            ("unknown", "passing", "critical"),
        ] {
            let name = format!("probe-grpc-{service}");
            let check =
                json!({"GRPC": format!("{address}/{service}"), "Interval": "1s", "Status": from});
            api.put(
                "/v1/agent/service/register",
                json!({"Name": name, "Check": check}).to_string(),
            )
            .await;
            api.settle(&name, |all| !all.is_empty() && state(all).0 == to)
                .await;
            api.get(&format!("/v1/health/checks/{name}"))
                .await
                .expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_check_may_need_several_successes_in_a_row() {
    let (address, _server) = http_server().await;
    both(async |api| {
        let check = json!({"TCP": address.to_string(), "Interval": "1s", "SuccessBeforePassing": 2,
            "FailuresBeforeCritical": 2});
        api.put(
            "/v1/agent/service/register",
            json!({"Name": "probe-row", "Check": check}).to_string(),
        )
        .await;
        api.settle("probe-row", |all| {
            !all.is_empty() && state(all).0 == "passing"
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_check_that_is_replaced_is_probed_anew() {
    let (open, _server) = http_server().await;
    let (shut, _held) = silent_port();
    both(async |api| {
        for (address, status) in [(open, "passing"), (shut, "critical"), (open, "passing")] {
            let check = json!({"TCP": address.to_string(), "Interval": "1s"});
            api.put(
                "/v1/agent/service/register",
                json!({"Name": "probe-moves", "Check": check}).to_string(),
            )
            .await;
            api.settle("probe-moves", |all| {
                !all.is_empty() && state(all).0 == status
            })
            .await;
        }
    })
    .await;
}
