//! Whether what is counted is what happened.

use std::{collections::BTreeMap, num::NonZeroUsize};

use bellhop::{
    Mesh, Shards,
    limit::{ClientLimiter, TrustedProxies},
};
use e2e::{Receiver, Registry, total, until};
use hotel_proto::geo::{Request as Ask, geo_client::GeoClient};
use tonic::Code;

use crate::{EXAMPLE, members::Members};

const REFUSALS: &str = "bellhop_refusals_total";
const CALLS: &str = "rpc_client_call_duration_seconds_count";
const SERVED: &str = "rpc_server_call_duration_seconds_count";

#[tokio::test(flavor = "multi_thread")]
async fn every_hop_of_a_request_is_counted_at_both_ends() {
    let (registry, receiver) = (Registry::mini().await, Receiver::start().await);
    let shards = Shards::start(NonZeroUsize::MIN).expect("a shard");
    // One in 100 s: the sixth comes too soon, however slow the machine.
    let rate = "0.01:5".parse().expect("a rate");
    let settings = frontend::Settings {
        limit: Some(ClientLimiter::new(rate, TrustedProxies::default())),
        ..frontend::Settings::default()
    };
    let members = Members::start(&registry, &receiver, &shards, settings).await;
    members.until_answered("/readyz", 200).await;
    for status in [200, 200, 200, 200, 200, 429, 429] {
        assert_eq!(members.ask(EXAMPLE).await, status);
    }

    let text = members.text("frontend");
    let requests =
        |labels: &[_]| total(&text, "http_server_request_duration_seconds_count", labels);
    assert_eq!(
        requests(&[
            ("http_route", "/hotels"),
            ("http_response_status_code", "200")
        ]),
        5.0
    );
    assert_eq!(requests(&[("http_response_status_code", "429")]), 2.0);
    assert_eq!(
        total(&text, REFUSALS, &[("bellhop_limiter", "client")]),
        2.0
    );
    assert_eq!(
        total(
            &text,
            "bellhop_registration_state",
            &[("bellhop_registration_state", "registered")]
        ),
        1.0
    );
    for (caller, called, method) in [
        ("frontend", "search", "search.Search/Nearby"),
        ("frontend", "profile", "profile.Profile/GetProfiles"),
        ("search", "geo", "geo.Geo/Nearby"),
        ("search", "rate", "rate.Rate/GetRates"),
    ] {
        let (ours, theirs) = (members.text(caller), members.text(called));
        let labels = [("rpc_method", method), ("rpc_response_status_code", "OK")];
        assert_eq!(total(&theirs, SERVED, &labels), 5.0, "{theirs}");
        let labels = [&labels[..], &[("server_address", called)]].concat();
        assert_eq!(total(&ours, CALLS, &labels), 5.0, "{ours}");
        let connected = [
            ("server_address", called),
            ("bellhop_endpoint_state", "connected"),
        ];
        assert_eq!(
            total(&ours, "bellhop_client_endpoints", &connected),
            1.0,
            "{ours}"
        );
        assert_eq!(
            total(&ours, "bellhop_client_active_calls", &[]),
            0.0,
            "{ours}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_counted_by_who_refuses() {
    let registry = Registry::mini().await;
    let mesh = |service, limit: (&str, &str)| {
        let settings = [
            ("CONSUL_HTTP_ADDR", &*registry.address().to_string()),
            limit,
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Mesh::from_source(service, &BTreeMap::from(settings)).expect("a mesh")
    };
    let called = mesh("geo", ("BELLHOP_LIMIT", "geo.Geo/Nearby:0.01:2"));
    let caller = mesh("caller", ("BELLHOP_CLIENT_LIMIT", "0.01:3"));
    let shards = Shards::start(NonZeroUsize::MIN).expect("a shard");
    let geo = geo::Geo::new(geo::Index::embedded().expect("data"));
    let _serving = geo::serve(&called, &shards, geo).await.expect("a start");
    let client = GeoClient::new(caller.channel("geo"));
    until("an instance that is connected", || async {
        (caller.channel("geo").report().connected == 1).then_some(())
    })
    .await;

    let mut codes = Vec::new();
    for _ in 0..4 {
        let answer = client.clone().nearby(Ask::default()).await;
        codes.push(answer.map_or_else(|status| status.code(), |_| Code::Ok));
    }
    // Two that the server answers, one that it refuses, and one that is not even sent.
    let refused = Code::ResourceExhausted;
    assert_eq!(codes, [Code::Ok, Code::Ok, refused, refused]);
    let (ours, theirs) = (
        caller.metrics().text(None).body,
        called.metrics().text(None).body,
    );
    let exhausted = [("error_type", "RESOURCE_EXHAUSTED")];
    assert_eq!(
        total(&theirs, REFUSALS, &[("bellhop_limiter", "caller")]),
        1.0
    );
    assert_eq!(
        total(&ours, REFUSALS, &[("bellhop_limiter", "upstream")]),
        1.0
    );
    assert_eq!(total(&ours, CALLS, &exhausted), 2.0);
    assert_eq!(
        total(
            &ours,
            "bellhop_client_attempts_total",
            &[("bellhop_attempt", "first")]
        ),
        3.0
    );
    // Nobody but the caller made a mistake.
    let served = [
        ("rpc_method", "geo.Geo/Nearby"),
        ("rpc_response_status_code", "RESOURCE_EXHAUSTED"),
    ];
    assert_eq!(total(&theirs, SERVED, &served), 1.0);
    assert_eq!(total(&theirs, SERVED, &exhausted), 0.0);
}
