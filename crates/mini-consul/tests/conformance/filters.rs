//! `?filter`: which expressions are understood, and what they find.

use http::Method;
use serde_json::json;

use crate::support::both;

const FINDS: &[(&str, &[&str])] = &[
    ("", &["f1", "f2"]),
    ("Service.Meta.version == \"v1\"", &["f1"]),
    ("Service.Meta.version == v1", &["f1"]),
    ("Service.Meta[\"version\"]==`v1`", &["f1"]),
    ("Service.Meta.version != \"v1\"", &["f2"]),
    ("Service.Meta.nokey == \"v1\"", &[]),
    ("Service.Meta.nokey != \"v1\"", &["f1", "f2"]),
    ("\"a\" in Service.Tags", &["f1"]),
    ("a not in Service.Tags", &["f2"]),
    ("Service.Tags contains a", &["f1"]),
    ("Service.Tags not contains \"a\"", &["f2"]),
    ("not \"a\" in Service.Tags", &["f2"]),
    ("not (a in Service.Tags)", &["f2"]),
    ("Service.Tags is empty", &[]),
    ("Service.Tags is not empty", &["f1", "f2"]),
    ("x in Service.Meta", &["f1"]),
    ("Service.Meta is empty", &[]),
    ("Service.Port == 80", &["f1"]),
    ("Service.Port != \"80\"", &["f2"]),
    ("Service.Port == -5", &[]),
    ("Service.EnableTagOverride == false", &["f1", "f2"]),
    ("Service.Weights.Passing == 1", &["f1", "f2"]),
    ("Service.Kind == \"\"", &["f1", "f2"]),
    ("Service.Connect.Native == false", &["f1", "f2"]),
    ("Service.TaggedAddresses.lan_ipv4.Port == 80", &[]),
    ("Checks.Status == \"warning\"", &["f2"]),
    ("Checks.Status != \"passing\"", &["f1", "f2"]),
    ("Checks.Status == critical", &["f1"]),
    ("Checks.ServiceTags contains a", &["f1"]),
    ("Checks is empty", &[]),
    ("Node.Datacenter == dc1", &["f1", "f2"]),
    (
        "Node.Meta[\"consul-network-segment\"] == \"\"",
        &["f1", "f2"],
    ),
    (
        "Service.ID == f1 and Service.ID == f2 or Service.ID == f2",
        &["f2"],
    ),
    ("Service.ID == f1 or Service.ID == f2", &["f1", "f2"]),
    ("((Service.ID==\"f1\"))", &["f1"]),
    ("not Service.ID == f1", &["f2"]),
    ("Service.ID matches \"f[12]\"", &["f1", "f2"]),
    ("Service.ID not matches \"1$\"", &["f2"]),
    ("\"1\" in Service.ID", &["f1"]),
    (
        "Service.ID == f1 and not Service.Meta.version == v2",
        &["f1"],
    ),
];

const REFUSED: &[&str] = &[
    "bad",
    "and",
    "()",
    "Service.ID",
    "Service.ID ==",
    "Service.ID == f1)",
    "Service.ID == f1 xx",
    "Service.ID==f1 and",
    "Service.ID==f1 AND Service.ID==f1",
    "Service.ID == f-1",
    "\"unclosed in Service.Tags",
    "Service.Nope == x",
    "service.ID == x",
    "Service.ID.x == x",
    "Service.Meta.a.b == x",
    "Service.ModifyIndex == 3",
    "Checks.Definition.TCP == \"\"",
    "Service == f",
    "Service.Tags == a",
    "Service.Meta == f",
    "Service.ID is empty",
    "Service.Meta.version is empty",
    "Service.Port == abc",
    "Service.Port > 80",
];

/// Everything that is not plain, as in a URL.
fn encode(filter: &str) -> String {
    filter
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).into()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[tokio::test]
async fn filters_find_the_same() {
    both(async |api| {
        api.register(json!({"Name": "filters", "ID": "f1", "Port": 80, "Tags": ["a", "b"],
            "Meta": {"version": "v1", "x": ""}, "Check": {"TTL": "100s"}}))
            .await;
        api.register(json!({"Name": "filters", "ID": "f2", "Port": 81, "Tags": ["c"], "Meta": {"version": "v2"},
            "Checks": [{"TTL": "100s", "Status": "passing"}, {"TTL": "100s", "Status": "warning"}]}))
            .await;
        for (filter, found) in FINDS {
            let answer = api.get(&format!("/v1/health/service/filters?filter={}", encode(filter))).await.expect(200);
            assert_eq!(answer.each("/Service/ID"), *found, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn filters_that_make_no_sense_are_refused() {
    both(async |api| {
        for filter in REFUSED {
            let path = format!("/v1/health/service/filters-none?filter={}", encode(filter));
            // A real Consul adds an index of no meaning to this error.
            let answer = api.quiet(Method::GET, &path, "").await.expect(500);
            assert!(
                answer
                    .text
                    .starts_with("Failed to create boolean expression evaluator: "),
                "{}",
                answer.text
            );
        }
        api.get("/v1/agent/services?filter=Nope==x")
            .await
            .expect(500);
        api.get("/v1/agent/checks?filter=bad").await.expect(500);
        api.get("/v1/agent/services?filter=Service==filters-none")
            .await
            .expect(500);
        api.get("/v1/agent/services?filter=ID==`filters-none`")
            .await
            .expect(200);
    })
    .await;
}
