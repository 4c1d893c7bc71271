//! Blocking queries: who waits for news gets it, and only it.

use http::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Answer, Api, both};

/// Starts a query that waits, and makes the change while it does.
async fn during(api: &Api, path: String, change: impl AsyncFn()) -> Answer {
    let waiting = api.quiet(Method::GET, &path, "");
    let changing = async {
        // The query has been sent by then or is sent afterwards: it is answered either way.
        tokio::task::yield_now().await;
        change().await;
    };
    tokio::join!(waiting, changing).0.expect(200)
}

#[tokio::test]
async fn a_service_that_comes_changes_and_goes_wakes_who_waits_for_it() {
    both(async |api| {
        let path = |index: u64| format!("/v1/health/service/blocking-web?index={index}&wait=20s");
        let absent = api
            .quiet(Method::GET, "/v1/health/service/blocking-web", "")
            .await;
        assert_eq!(absent.json(), json!([]));
        let service =
            json!({"Name": "blocking-web", "Check": {"TTL": "100s", "Status": "passing"}})
                .to_string();
        let came = during(api, path(absent.index()), async || {
            api.put("/v1/agent/service/register", service.clone())
                .await
                .expect(200);
        });
        let came = came.await;
        assert!(came.index() > absent.index());
        let seen = api.settle("blocking-web", |all| !all.is_empty()).await;
        let changed = during(api, path(seen), async || {
            api.put("/v1/agent/check/warn/service:blocking-web?note=slow", "")
                .await
                .expect(200);
        });
        let changed = changed.await;
        assert_eq!(changed.json()[0]["Checks"][1]["Status"], "warning");
        assert_eq!(changed.json()[0]["Checks"][1]["Output"], "slow");
        assert!(changed.index() > seen);
        let gone = during(api, path(changed.index()), async || {
            api.put("/v1/agent/service/deregister/blocking-web", "")
                .await
                .expect(200);
        });
        let gone = gone.await;
        assert_eq!(gone.json(), json!([]));
        assert!(gone.index() > changed.index());
    })
    .await;
}

#[tokio::test]
async fn an_index_that_has_passed_is_answered_at_once() {
    both(async |api| {
        api.register(json!({"Name": "blocking-past"})).await;
        let started = Instant::now();
        api.get("/v1/health/service/blocking-past?index=1&wait=25s")
            .await
            .expect(200);
        assert!(
            started.elapsed().as_secs() < 20,
            "it waited for news that it had"
        );
    })
    .await;
}

#[tokio::test]
async fn a_wait_that_ends_without_news_answers_what_there_is() {
    both(async |api| {
        api.register(json!({"Name": "blocking-quiet"})).await;
        let index = api
            .quiet(Method::GET, "/v1/health/service/blocking-quiet", "")
            .await
            .index();
        let path = format!("/v1/health/service/blocking-quiet?index={index}&wait=100ms");
        let same = api.quiet(Method::GET, &path, "").await.expect(200);
        assert_eq!(
            (same.index(), same.each("/Service/ID")),
            (index, vec![json!("blocking-quiet")])
        );
        let ahead = format!(
            "/v1/health/service/blocking-quiet?index={}&wait=100ms",
            index + 1_000_000
        );
        assert_eq!(
            api.quiet(Method::GET, &ahead, "").await.expect(200).index(),
            index,
            "an index may fall"
        );
    })
    .await;
}

#[tokio::test]
async fn an_output_alone_is_no_news() {
    both(async |api| {
        api.register(
            json!({"Name": "blocking-note", "Check": {"TTL": "100s", "Status": "passing"}}),
        )
        .await;
        let before = api
            .settle("blocking-note", |all| {
                all[0]["Checks"][1]["Status"] == "passing"
            })
            .await;
        api.put("/v1/agent/check/pass/service:blocking-note?note=new", "")
            .await
            .expect(200);
        let checks = api
            .get("/v1/agent/checks?filter=ServiceID==`blocking-note`")
            .await
            .json();
        assert_eq!(
            checks["service:blocking-note"]["Output"], "new",
            "the agent has it"
        );
        let health = api.get("/v1/health/service/blocking-note").await;
        assert_eq!(health.index(), before);
        assert_eq!(
            health.json()[0]["Checks"][1]["Output"],
            "",
            "the catalog has not"
        );
    })
    .await;
}

#[tokio::test]
async fn a_key_wakes_who_waits_for_it_or_for_its_tree() {
    both(async |api| {
        api.put("/v1/kv/wait/key", "one").await.expect(200);
        for query in ["key?", "?recurse&", "?keys&"] {
            let at = api
                .quiet(Method::GET, &format!("/v1/kv/wait/{query}"), "")
                .await
                .index();
            let path = format!("/v1/kv/wait/{query}index={at}&wait=20s");
            let value = format!("{query}{at}");
            let woken = during(api, path, async || {
                api.quiet(Method::PUT, "/v1/kv/wait/key", value.clone())
                    .await
                    .expect(200);
            });
            assert!(woken.await.index() > at, "{query}");
        }
        let at = api.quiet(Method::GET, "/v1/kv/wait/key", "").await.index();
        let path = format!("/v1/kv/wait/key?index={at}&wait=20s");
        let deleting = async { api.delete("/v1/kv/wait/key").await.expect(200) };
        let (gone, _) = tokio::join!(api.quiet(Method::GET, &path, ""), deleting);
        assert!(gone.expect(404).index() > at);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_not_there_wakes_who_waits_for_it_when_it_comes() {
    both(async |api| {
        let absent = api.quiet(Method::GET, "/v1/kv/late/key?raw", "").await;
        let path = format!(
            "/v1/kv/late/key?raw&index={}&wait=20s",
            absent.expect(404).index()
        );
        let came = during(api, path, async || {
            api.quiet(Method::PUT, "/v1/kv/late/key", r#"{"v1":1}"#)
                .await
                .expect(200);
        });
        assert_eq!(came.await.text, r#"{"v1":1}"#);
    })
    .await;
}

#[tokio::test]
async fn the_agent_answers_when_the_hash_of_a_service_changes() {
    both(async |api| {
        api.register(json!({"Name": "blocking-hash", "Port": 1}))
            .await;
        let path = "/v1/agent/service/blocking-hash";
        let hash = |answer: &Answer| {
            answer
                .header("x-consul-contenthash")
                .expect("a hash")
                .to_owned()
        };
        let first = hash(&api.get(path).await.expect(200));
        let same = api
            .quiet(Method::GET, &format!("{path}?hash={first}&wait=100ms"), "")
            .await
            .expect(200);
        assert_eq!(hash(&same), first);
        let other = api
            .quiet(
                Method::GET,
                &format!("{path}?hash=0123456789abcdef&wait=25s"),
                "",
            )
            .await;
        assert_eq!(
            hash(&other),
            first,
            "a hash that is not its own is news already"
        );
        let waiting = format!("{path}?hash={first}&wait=20s");
        let changed = during(api, waiting, async || {
            let service = json!({"Name": "blocking-hash", "Port": 2}).to_string();
            api.put("/v1/agent/service/register", service)
                .await
                .expect(200);
        });
        let changed = changed.await;
        assert_eq!(changed.json()["Port"], 2);
        let waiting = format!("{path}?hash={}&wait=20s", hash(&changed));
        let removing = async {
            api.put("/v1/agent/service/deregister/blocking-hash", "")
                .await
                .expect(200)
        };
        let (gone, _) = tokio::join!(api.quiet(Method::GET, &waiting, ""), removing);
        assert_eq!(
            gone.expect(404).text.trim(),
            "unknown service ID: blocking-hash"
        );
    })
    .await;
}

#[tokio::test]
async fn lists_wake_who_waits_for_them() {
    both(async |api| {
        let service = json!({"Name": "blocking-list", "Check": {"TTL": "100s"}}).to_string();
        for path in [
            "/v1/catalog/services",
            "/v1/health/state/any",
            "/v1/catalog/service/blocking-list",
        ] {
            let at = api.quiet(Method::GET, path, "").await.index();
            let woken = during(api, format!("{path}?index={at}&wait=20s"), async || {
                api.put("/v1/agent/service/register", service.clone())
                    .await
                    .expect(200);
            });
            assert!(woken.await.index() > at, "{path}");
            api.settle("blocking-list", |all| !all.is_empty()).await;
            api.put("/v1/agent/service/deregister/blocking-list", "")
                .await
                .expect(200);
            api.settle("blocking-list", <[_]>::is_empty).await;
        }
    })
    .await;
}
