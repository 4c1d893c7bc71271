//! A member of the mesh, as its callers meet it: ours, and tonic's own.

mod stage;

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use e2e::{PATIENCE, until};
use hotel_proto::geo::geo_client::GeoClient;
use http_body_util::{BodyExt, Full};
use hyper::Request as HttpRequest;
use hyper_util::{client::legacy, rt::TokioExecutor};
use tonic::{Code, Request};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use stage::{ASK_THE_NEXT, HANG, PANIC, Stage, TAKE_TIME, ask};

#[tokio::test]
async fn a_plain_client_of_tonic_is_served() {
    let stage = Stage::new().await;
    GeoClient::new(stage.plain().await)
        .nearby(ask(0.0))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_on_a_runtime_of_several_threads() {
    let stage = Stage::new().await;
    let calls = (0..50).map(|_| {
        let mut client = stage.client();
        tokio::spawn(async move { client.nearby(ask(0.0)).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_call_alone() {
    let stage = Stage::new().await;
    let mut client = stage.client();
    let status = client.nearby(ask(PANIC)).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(
        !status.message().contains("as asked"),
        "what a panic says is for the log: {status}"
    );
    client.nearby(ask(0.0)).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_panics_ends_as_internal() {
    let stage = Stage::new().await;
    let client: legacy::Client<_, Full<Bytes>> = legacy::Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let request = HttpRequest::post(format!("http://{}/test.Broken/Stream", stage.address))
        .header("content-type", "application/grpc");
    let answer = client
        .request(request.body(Full::default()).unwrap())
        .await
        .unwrap();
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().expect("trailers")["grpc-status"], "13");
    stage.client().nearby(ask(0.0)).await.unwrap();
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_off_in_the_end() {
    let mut stage = Stage::with(&[("BELLHOP_DRAIN_TIMEOUT", "300ms")]).await;
    let mut client = stage.client();
    client.nearby(ask(0.0)).await.unwrap();
    let endless = tokio::spawn(async move { client.nearby(ask(HANG)).await });
    stage.hung().await;
    stage.serving.take().unwrap().stop().await;
    let status = endless.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test]
async fn who_watches_health_is_not_waited_for() {
    let long = (2 * PATIENCE).as_secs();
    let mut stage = Stage::with(&[("BELLHOP_DRAIN_TIMEOUT", &format!("{long}s"))]).await;
    let mut client = HealthClient::new(stage.plain().await);
    let request = HealthCheckRequest {
        service: "moody".to_owned(),
    };
    let mut watch = client.watch(request).await.unwrap().into_inner();
    watch.message().await.unwrap();
    let stop = stage.serving.take().unwrap().stop();
    tokio::time::timeout(PATIENCE, stop)
        .await
        .expect("an end before that of the watch");
}

#[tokio::test]
async fn a_handler_whose_time_is_over_is_dropped() {
    let stage = Stage::new().await;
    let client = stage.client();
    // Of a short time nothing is to go into a connection.
    client.clone().nearby(ask(0.0)).await.unwrap();
    for tenths in 1.. {
        let mut request = Request::new(ask(HANG));
        request.set_timeout(Duration::from_millis(100 * tenths));
        let status = client.clone().nearby(request).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        // One whose time is over before it reaches the handler says nothing.
        if tokio::time::timeout(Duration::ZERO, stage.hung())
            .await
            .is_ok()
        {
            break;
        }
    }
    until("a handler that is dropped", || async {
        stage.given_up.load(Ordering::SeqCst).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deadline_shrinks_from_hop_to_hop() {
    let stage = Stage::new().await;
    let mut request = Request::new(ask(ASK_THE_NEXT));
    request.set_timeout(Duration::from_secs(4));
    let told = stage
        .client()
        .nearby(request)
        .await
        .unwrap()
        .into_inner()
        .hotel_ids
        .unwrap();
    let micros: u64 = told
        .iter()
        .next()
        .expect("the timeout")
        .strip_suffix('u')
        .expect("microseconds")
        .parse()
        .unwrap();
    assert!((1..4_000_000).contains(&micros), "{micros}");
}

#[tokio::test]
async fn what_is_no_call_of_ours_is_refused_in_words() {
    let stage = Stage::new().await;
    let mut unknown = hotel_proto::rate::rate_client::RateClient::new(stage.plain().await);
    let status = unknown
        .get_rates(hotel_proto::rate::Request::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(status.message().contains("/rate.Rate/GetRates"), "{status}");

    let client: legacy::Client<_, Full<Bytes>> = legacy::Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let url = format!("http://{}/geo.Geo/Nearby", stage.address);
    let post = |name: &'static str, value: &'static str| {
        let request = HttpRequest::post(&url).header(name, value);
        client.request(request.body(Full::default()).unwrap())
    };
    let answer = post("content-type", "application/json").await.unwrap();
    assert_eq!(answer.status(), 415);

    let request = HttpRequest::post(&url)
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "soon");
    let answer = client
        .request(request.body(Full::default()).unwrap())
        .await
        .unwrap();
    let code = answer.headers().get("grpc-status").cloned();
    assert_eq!(
        code.expect("a status"),
        "3",
        "{:?}",
        answer.collect().await.unwrap().trailers()
    );
}

#[tokio::test]
async fn health_is_told_under_every_name_and_changes_before_the_end() {
    let mut stage = Stage::new().await;
    let plain = stage.plain().await;
    let health = |name: &'static str| {
        let mut client = HealthClient::new(plain.clone());
        async move {
            let request = HealthCheckRequest {
                service: name.to_owned(),
            };
            client
                .check(request)
                .await
                .map(|answer| answer.into_inner().status())
        }
    };
    for name in ["", "moody", "geo.Geo"] {
        assert_eq!(
            health(name).await.unwrap(),
            ServingStatus::Serving,
            "{name}"
        );
    }
    assert_eq!(health("nobody").await.unwrap_err().code(), Code::NotFound);

    let serving = stage.serving.take().unwrap();
    let mut in_flight = GeoClient::new(plain.clone());
    let in_flight = tokio::spawn(async move { in_flight.nearby(ask(TAKE_TIME)).await });
    let mut watch = HealthClient::new(plain.clone())
        .watch(HealthCheckRequest {
            service: "moody".to_owned(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    let stopping = tokio::spawn(serving.stop());
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    drop((watch, plain));
    in_flight.await.unwrap().unwrap();
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_member_that_stops_leaves_the_registry_and_finishes_its_calls() {
    let mut stage = Stage::new().await;
    let mut client = stage.client();
    client.nearby(ask(0.0)).await.unwrap();
    let in_flight = tokio::spawn(async move { client.nearby(ask(TAKE_TIME)).await });
    stage.serving.take().unwrap().stop().await;
    in_flight.await.unwrap().unwrap();
    assert!(stage.registry.registered("moody").await.is_empty());
    assert!(tokio::net::TcpStream::connect(stage.address).await.is_err());

    let status = stage.client().nearby(ask(0.0)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().contains("all instances have deregistered"),
        "{status}"
    );
}

#[tokio::test]
async fn reflection_tells_of_all_services() {
    let stage = Stage::new().await;
    let mut client = ServerReflectionClient::new(stage.plain().await);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let requests = tokio_stream::once(request);
    let mut answers = client
        .server_reflection_info(requests)
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for name in [
        "geo.Geo",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
}
