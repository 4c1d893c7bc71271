//! Breakers, the floor and slow start over real sockets: instances that fail, hang, and work again.

#[allow(dead_code, reason = "each test takes what it needs of the servers")]
mod servers;
#[path = "support/wait.rs"]
mod wait;

use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use bellhop::client::{Channel, Error};
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use servers::{
    Behaviour, Server,
    calls::{call, calls, counts, everybody, reset},
};
use wait::until;

const FAIL: Behaviour = Behaviour::Fail(Code::Unavailable);
/// Longer than any test.
const NEVER: &str = "1h";

/// A channel to all servers, each of which has been called. It makes one attempt of each call.
async fn channel(servers: &[Server], settings: &[(&str, &str)]) -> Channel {
    channel_to("echo", servers, settings).await
}

async fn channel_to(service: &str, servers: &[Server], settings: &[(&str, &str)]) -> Channel {
    log();
    let single = [("RETRY_ATTEMPTS", "off"), ("HEDGE_AFTER", "off")];
    let source: BTreeMap<_, _> = single
        .iter()
        .chain(settings)
        .map(|(name, value)| (format!("BELLHOP_{name}"), (*value).to_owned()))
        .collect();
    let channel = Channel::over_with(service, everybody(servers), &source).unwrap();
    while servers.iter().any(|server| server.calls() == 0) {
        let _ = call(&channel).await;
    }
    reset(servers);
    channel
}

async fn until_even(channel: &Channel, servers: &[Server]) {
    until("even turns", || async {
        reset(servers);
        let failed = calls(channel, 10 * servers.len()).await;
        let even = counts(servers).iter().all(|&count| count == 10);
        (even && failed == 0).then_some(())
    })
    .await;
}

/// What all tests log.
struct Log(Mutex<Vec<u8>>);

/// The log of this process, written from the first channel on.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(|| log());
        subscriber.init();
        Log(Mutex::default())
    })
}

impl Log {
    /// How often this was said of a service.
    fn count(&self, service: &str, what: &str) -> usize {
        let bytes = self.0.lock().unwrap();
        let service = format!("service=\"{service}\"");
        let lines = String::from_utf8_lossy(&bytes);
        let lines = lines.lines().filter(|line| line.contains(&service));
        lines.filter(|line| line.contains(what)).count()
    }
}

impl io::Write for &Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_instance_is_out_of_turn_after_five_failures() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let channel = channel(&servers, &[("BREAKER_OPEN_MIN", NEVER)]).await;
    servers[0].behave(FAIL);
    assert_eq!(calls(&channel, 60).await, 5);
    assert_eq!(servers[0].calls(), 5);

    reset(&servers);
    assert_eq!(calls(&channel, 60).await, 0);
    assert_eq!(counts(&servers), [0, 30, 30]);
}

#[tokio::test]
async fn every_failure_that_counts_counts_and_no_other() {
    let counting = [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::Internal,
        Code::ResourceExhausted,
    ];
    let others = [
        Code::NotFound,
        Code::InvalidArgument,
        Code::Unknown,
        Code::Aborted,
        Code::Cancelled,
        Code::Unimplemented,
        Code::FailedPrecondition,
    ];
    for (codes, called) in [(&counting[..], 5), (&others[..], 30)] {
        for &code in codes {
            let servers = [Server::start(), Server::start()];
            let channel = channel(&servers, &[("BREAKER_OPEN_MIN", NEVER)]).await;
            servers[0].behave(Behaviour::Fail(code));
            calls(&channel, 60).await;
            assert_eq!(servers[0].calls(), called, "{code:?}");
        }
    }
}

#[tokio::test]
async fn a_status_in_trailers_is_read() {
    let servers = [Server::start(), Server::start()];
    let channel = channel(&servers, &[("BREAKER_OPEN_MIN", NEVER)]).await;
    servers[0].behave(Behaviour::Fail(Code::Internal));
    let mut client = HealthClient::new(channel.clone());
    for _ in 0..60 {
        let request = HealthCheckRequest::default();
        let mut answers = client.watch(request).await.unwrap().into_inner();
        while let Ok(Some(_)) = answers.message().await {}
    }
    assert_eq!(counts(&servers), [5, 55]);
}

#[tokio::test]
async fn who_passes_on_that_another_is_overloaded_stays_in_turn() {
    let servers = [Server::start(), Server::start()];
    let channel = channel(&servers, &[("BREAKER_OPEN_MIN", NEVER)]).await;
    servers[0].behave(Behaviour::PassOn);
    assert_eq!(calls(&channel, 60).await, 30);
    // And where it says so at the end of a stream.
    let mut client = HealthClient::new(channel.clone());
    for _ in 0..60 {
        let request = HealthCheckRequest::default();
        let mut answers = client.watch(request).await.unwrap().into_inner();
        while let Ok(Some(_)) = answers.message().await {}
    }
    assert_eq!(counts(&servers), [60, 60]);
}

#[tokio::test]
async fn deadlines_that_pass_count() {
    let servers = [Server::start(), Server::start()];
    let channel = channel(&servers, &[("BREAKER_OPEN_MIN", NEVER)]).await;
    servers[0].behave(Behaviour::Hang);
    let mut client = HealthClient::new(channel.clone());
    for _ in 0..30 {
        let mut request = Request::new(HealthCheckRequest::default());
        request.set_timeout(Duration::from_millis(50));
        let _ = client.check(request).await;
    }
    assert_eq!(servers[0].calls(), 5);
}

#[tokio::test]
async fn who_breaks_its_connections_in_calls_fails() {
    let mut servers = [Server::start(), Server::start()];
    let settings = [("BREAKER_FAILURES", "1"), ("BREAKER_OPEN_MIN", NEVER)];
    let channel = channel(&servers, &settings).await;
    servers[0].behave(Behaviour::Hang);
    let calling: Vec<_> = (0..2)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move { call(&channel).await })
        })
        .collect();
    servers[0].called().await;
    servers[0].kill();
    let mut failed = 0;
    for call in calling {
        failed += usize::from(call.await.unwrap().is_err());
    }
    assert_eq!(failed, 1);
    assert_eq!(calls(&channel, 20).await, 0);
}

#[tokio::test]
async fn one_probe_at_a_time_finds_out_and_a_dropped_one_is_given_back() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let settings = [("BREAKER_OPEN_MIN", "50ms"), ("BREAKER_OPEN_MAX", NEVER)];
    let channel = channel(&servers, &settings).await;
    servers[0].behave(FAIL);
    assert!(calls(&channel, 15).await >= 5);

    servers[0].behave(Behaviour::Hang);
    reset(&servers);
    let mut callings = Vec::new();
    while servers[0].calls() == 0 {
        let channel = channel.clone();
        callings.push(tokio::spawn(async move { call(&channel).await }));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(calls(&channel, 200).await, 0);
    assert_eq!(servers[0].calls(), 1, "one probe at a time");

    servers[0].behave(Behaviour::Answer);
    let mut dropped = 0;
    for calling in callings {
        calling.abort();
        dropped += usize::from(calling.await.is_err());
    }
    assert_eq!(dropped, 1, "only the probe is still on its way");
    until_even(&channel, &servers).await;
    reset(&servers);
    assert_eq!(calls(&channel, 300).await, 0);
    assert_eq!(counts(&servers), [100, 100, 100]);
}

#[tokio::test]
async fn who_works_again_comes_to_its_full_share_in_steps() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let settings = [("BREAKER_OPEN_MIN", "50ms"), ("SLOW_START", "2s")];
    let channel = channel(&servers, &settings).await;
    // Those who have begun together are equals, and they have begun for as long as a ramp takes.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(calls(&channel, 30).await, 0);
    assert_eq!(counts(&servers), [10, 10, 10]);

    servers[0].behave(FAIL);
    assert!(calls(&channel, 15).await >= 5);
    servers[0].behave(Behaviour::Answer);
    reset(&servers);
    while servers[0].calls() == 0 {
        call(&channel).await.unwrap();
    }
    reset(&servers);
    assert_eq!(calls(&channel, 21).await, 0);
    assert!(servers[0].calls() < 7, "{:?}", counts(&servers));
    until_even(&channel, &servers).await;
    reset(&servers);
    assert_eq!(calls(&channel, 300).await, 0);
    assert_eq!(counts(&servers), [100, 100, 100]);
}

#[tokio::test]
async fn half_stay_in_turn_however_bad_they_are() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let channel = channel(&servers, &[("BREAKER_OPEN_MIN", NEVER)]).await;
    for server in &servers {
        server.behave(FAIL);
    }
    assert_eq!(calls(&channel, 30).await, 30);
    reset(&servers);
    for _ in 0..40 {
        let status = call(&channel).await.unwrap_err();
        assert_eq!(status.message(), "out of order", "an instance says so");
    }
    let mut counts = counts(&servers);
    counts.sort_unstable();
    assert_eq!(counts, [0, 20, 20]);
    let report = channel.report();
    assert_eq!((report.connected, report.open, report.exempt), (3, 3, 2));

    // They work before anybody has probed them.
    for server in &servers {
        server.behave(Behaviour::Answer);
    }
    assert_eq!(calls(&channel, 40).await, 0);
}

#[tokio::test]
async fn a_panic_is_told_once_when_it_begins_and_once_when_it_ends() {
    const SERVICE: &str = "echo-in-panic";
    let servers = [Server::start(), Server::start()];
    let settings = [("BREAKER_OPEN_MIN", "10ms"), ("BREAKER_OPEN_MAX", "20ms")];
    let channel = channel_to(SERVICE, &servers, &settings).await;
    for server in &servers {
        server.behave(FAIL);
    }
    let said = |what| log().count(SERVICE, what);
    for _ in 0..20 {
        calls(&channel, 10).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(said("fails too often"), 2);
    assert_eq!(said("the least bad stay in turn"), 1);

    for server in &servers {
        server.behave(Behaviour::Answer);
    }
    until("all are well", || async {
        let _ = call(&channel).await;
        (channel.report().open == 0).then_some(())
    })
    .await;
    assert_eq!(said("enough are well again"), 1);
    assert_eq!(said("the least bad stay in turn"), 1);
}

#[tokio::test]
async fn that_calls_fail_fast_is_told_once_when_it_begins_and_once_when_it_ends() {
    const SERVICE: &str = "echo-that-is-gone";
    let mut servers = [Server::start()];
    let settings = [("WAIT_FOR_ENDPOINT", "300ms")];
    let channel = channel_to(SERVICE, &servers, &settings).await;
    assert!(!channel.report().fails_fast);
    let port = servers[0].port();
    servers[0].kill();
    let said = |what| log().count(SERVICE, what);
    until("calls that fail fast", || async {
        let status = call(&channel).await.unwrap_err();
        status.message().contains("(waited 30ms)").then_some(())
    })
    .await;
    assert!(channel.report().fails_fast);
    assert_eq!(calls(&channel, 5).await, 5);
    assert_eq!(said("calls fail fast until somebody can"), 1);
    assert_eq!(said("calls do not fail fast any more"), 0);

    let _server = Server::start_at(port);
    until("an answer", || async { call(&channel).await.ok() }).await;
    assert!(!channel.report().fails_fast);
    assert_eq!(said("calls fail fast until somebody can"), 1);
    assert_eq!(said("calls do not fail fast any more"), 1);
}

#[tokio::test]
async fn all_stay_in_turn_who_merely_shed_load() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let channel = channel(&servers, &[("BREAKER_OPEN_MIN", NEVER)]).await;
    for server in &servers {
        server.behave(Behaviour::Fail(Code::ResourceExhausted));
    }
    calls(&channel, 30).await;
    reset(&servers);
    calls(&channel, 30).await;
    assert_eq!(counts(&servers), [10, 10, 10]);
}

#[tokio::test]
async fn breakers_can_be_switched_off() {
    let servers = [Server::start(), Server::start()];
    let channel = channel(&servers, &[("BREAKER", "off")]).await;
    servers[0].behave(FAIL);
    assert_eq!(calls(&channel, 60).await, 30);
}

#[tokio::test]
async fn open_breakers_make_no_call_wait_longer_for_nobody() {
    for attempts in ["off", "3"] {
        let mut servers = [Server::start(), Server::start()];
        let settings = [
            ("BREAKER_OPEN_MIN", NEVER),
            ("WAIT_FOR_ENDPOINT", "300ms"),
            ("RETRY_ATTEMPTS", attempts),
        ];
        let channel = channel(&servers, &settings).await;
        for server in &servers {
            server.behave(FAIL);
        }
        calls(&channel, 30).await;
        for server in &mut servers {
            server.kill();
        }
        let waited = until("nobody is connected", || async {
            let status = call(&channel).await.unwrap_err();
            assert_eq!(status.code(), Code::Unavailable);
            let source = std::error::Error::source(&status)?;
            match source.downcast_ref() {
                Some(Error::Unavailable { waited, cause, .. }) => {
                    assert!(cause.to_string().contains("can be connected"), "{cause}");
                    Some(*waited)
                }
                _ => None,
            }
        })
        .await;
        // A call that had another failure to tell of may have waited for all of it before.
        let (all, fast) = (Duration::from_millis(300), Duration::from_millis(30));
        assert!([all, fast].contains(&waited), "{waited:?}");
    }
}
