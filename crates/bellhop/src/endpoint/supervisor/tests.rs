use std::convert::Infallible;

use http::Response;
use hyper::{server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::{balance::Ring, endpoint::group, heard::Heard};

const DELAY: Duration = Duration::from_secs(2);

/// How long it waits where a request finds nobody after so long.
async fn pauses(wanted: Duration) -> Duration {
    let shard = Ring::<u8, ()>::new().shard();
    let start = Instant::now();
    tokio::join!(pause(&shard, DELAY), async {
        sleep(wanted).await;
        shard.want();
    });
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn who_is_wanted_is_tried_soon() {
    let at = Duration::from_millis;
    let cases = [(100, 500), (499, 500), (800, 800), (2_100, 2_100)];
    for (wanted, until) in cases {
        assert_eq!(
            pauses(at(wanted)).await.max(at(wanted)),
            at(until),
            "{wanted}"
        );
    }
    let shard = Ring::<u8, ()>::new().shard();
    let start = Instant::now();
    pause(&shard, DELAY).await;
    assert_eq!(start.elapsed(), DELAY, "nobody wants it");
    pause(&shard, at(20)).await;
    assert_eq!(start.elapsed(), DELAY + at(20), "it is never longer");
}

/// Has an instance at this address connected, whoever is there.
fn connecting(port: u16) -> AbortOnDropHandle<()> {
    let settings = Settings {
        // The clock goes on with each look at the sockets, of which a connection takes a few.
        connect_timeout: 60 * DELAY,
        keepalive_interval: DELAY,
        keepalive_timeout: DELAY,
        group: group::Settings {
            breaker: None,
            slow_start: None,
            strangers: true,
        },
    };
    let target = Arc::new(Target {
        id: InstanceId::new("echo-1"),
        host: "127.0.0.1".to_owned(),
        port,
        signs: false,
        version: None,
    });
    let ring = Ring::new();
    let (shard, weight) = (ring.shard(), watch::channel(1).1);
    let group = Group::new("echo".into(), ring, settings.group);
    let (vouch, failures) = (watch::channel(Vouch::Passing).1, Arc::default());
    let supervised = supervise(
        target,
        weight,
        vouch,
        shard,
        group,
        failures,
        settings.into(),
    );
    AbortOnDropHandle::new(tokio::spawn(supervised))
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_connected_is_told_of_once_then_counted_and_the_end() {
    let (heard, listener) = (Heard::from_now_on(), TcpListener::bind("127.0.0.1:0").await);
    let listener = listener.unwrap();
    let _supervised = connecting(listener.local_addr().unwrap().port());
    tokio::select! {
        lines = heard.reached(2) => {
            assert!(lines[0].contains("WARN") && lines[0].contains("cannot connect, will go on"));
            assert!(lines[1].contains("WARN") && lines[1].contains("still cannot connect"));
            assert!(lines[1].contains("failures="), "{}", lines[1]);
        }
        () = async { while listener.accept().await.is_ok() {} } => {}
    }
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(async |_| Ok::<_, Infallible>(Response::new(String::new())));
            let server = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(TokioIo::new(stream), answer));
        }
    });
    let lines = heard.reached(3).await;
    assert!(
        lines[2].contains("INFO") && lines[2].contains("connected"),
        "{lines:?}"
    );
    assert!(lines[2].contains("failures="), "{}", lines[2]);
}
