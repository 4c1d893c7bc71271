//! What spans tell of an instance that hangs: above all, which one it is.

use std::time::Duration;

use bellhop::{Mesh, Serving};
use e2e::Registry;
use hotel_proto::{
    FILE_DESCRIPTOR_SET,
    geo::{Request as Ask, geo_client::GeoClient},
};
use tonic::{Code, Status};

use crate::{
    calls::{Moody, mesh, moody, of},
    stage::Jaeger,
    trace::Span,
};

const SINGLE: (&str, &str) = ("BELLHOP_RETRY_ATTEMPTS", "off");
const BRIEF: (&str, &str) = ("BELLHOP_TIMEOUT", "300ms");

struct Stage {
    jaeger: Jaeger,
    registry: Registry,
    serving: Serving,
}

impl Stage {
    /// A member that fails so many calls, then hangs.
    async fn start(failures: usize) -> Option<Self> {
        let jaeger = Jaeger::start().await?;
        let registry = Registry::mini().await;
        let hangs = Moody::failing(failures).then_hanging();
        let serving = moody(&registry, &jaeger, &hangs, &[]).await;
        Some(Self {
            jaeger,
            registry,
            serving,
        })
    }

    /// Who calls it; its spans are sent as long as it is there.
    fn caller(&self, settings: &[(&str, &str)]) -> Mesh {
        mesh("caller", &self.registry, &self.jaeger, settings)
    }

    async fn call(caller: &Mesh) -> Status {
        let channel = caller.channel("moody").describe(FILE_DESCRIPTOR_SET);
        let answer = GeoClient::new(channel).nearby(Ask::default()).await;
        answer.unwrap_err()
    }

    /// The attempts of the one call, told by its spans and those of the other side.
    async fn attempts(&self, spans: usize) -> Vec<Span> {
        let spans = of(&self.jaeger, "caller", spans).await;
        let mut attempts: Vec<_> = spans.into_iter().filter(|span| span.is("client")).collect();
        attempts.sort_by_key(|span| span.start);
        attempts
    }

    fn expect_endpoint(&self, span: &Span) {
        let address = self.serving.address();
        assert!(
            span.tag("bellhop.endpoint.id").starts_with("moody"),
            "{span:?}"
        );
        assert_eq!(span.tag("network.peer.address"), address.ip().to_string());
        assert_eq!(span.tag("network.peer.port"), address.port().to_string());
        assert_eq!(span.tag("server.address"), "moody");
    }
}

#[tokio::test]
async fn a_second_attempt_that_hangs_until_the_deadline_tells_where() {
    let Some(stage) = Stage::start(1).await else {
        return;
    };
    let caller = stage.caller(&[BRIEF, ("BELLHOP_BREAKER", "off")]);
    let status = Stage::call(&caller).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    // The call around two attempts, and the server's side of each.
    let attempts = stage.attempts(5).await;
    let told: Vec<_> = attempts
        .iter()
        .map(|span| {
            (
                span.tag("bellhop.attempt"),
                span.tag("rpc.response.status_code"),
            )
        })
        .collect();
    assert_eq!(told, [("first", "UNAVAILABLE"), ("retry", "CANCELLED")]);
    for attempt in &attempts {
        stage.expect_endpoint(attempt);
    }
    stage.serving.stop().await;
}

#[tokio::test]
async fn a_single_call_that_hangs_until_the_deadline_tells_where() {
    let Some(stage) = Stage::start(0).await else {
        return;
    };
    let caller = stage.caller(&[BRIEF, SINGLE]);
    let status = Stage::call(&caller).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let attempts = stage.attempts(2).await;
    let [only] = &attempts[..] else {
        panic!("{attempts:?}")
    };
    assert_eq!(only.tag("rpc.response.status_code"), "DEADLINE_EXCEEDED");
    stage.expect_endpoint(only);
    stage.serving.stop().await;
}

#[tokio::test]
async fn a_call_that_its_caller_leaves_tells_where() {
    let Some(stage) = Stage::start(0).await else {
        return;
    };
    let caller = stage.caller(&[SINGLE]);
    let left = tokio::time::timeout(Duration::from_millis(300), Stage::call(&caller));
    left.await.unwrap_err();
    let attempts = stage.attempts(2).await;
    let [only] = &attempts[..] else {
        panic!("{attempts:?}")
    };
    assert_eq!(only.tag("rpc.response.status_code"), "CANCELLED");
    stage.expect_endpoint(only);
    stage.serving.stop().await;
}
