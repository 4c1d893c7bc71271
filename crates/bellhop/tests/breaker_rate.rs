//! Breakers that open for a share of failures, or for answers that are late, over real sockets.

#[allow(dead_code, reason = "each test takes what it needs of the servers")]
mod servers;
#[path = "support/wait.rs"]
mod wait;

use std::{collections::BTreeMap, time::Duration};

use bellhop::client::Channel;
use tonic::Code;

use servers::{
    Behaviour, Server,
    calls::{call, calls, counts, everybody, reset},
};
use wait::until;

const FAIL: Behaviour = Behaviour::Fail(Code::Unavailable);

/// A channel to all servers, each of which has been called: those few calls count for the breakers. It makes one attempt of
/// each call, and a breaker that has opened stays so.
async fn channel(servers: &[Server], settings: &[(&str, &str)]) -> Channel {
    let always = [
        ("RETRY_ATTEMPTS", "off"),
        ("HEDGE_AFTER", "off"),
        ("BREAKER_OPEN_MIN", "1h"),
        ("BREAKER_WINDOW", "1h"),
        ("SLOW_START", "off"),
    ];
    let settings = always.iter().chain(settings);
    let source: BTreeMap<_, _> = settings
        .map(|(name, value)| (format!("BELLHOP_{name}"), (*value).to_owned()))
        .collect();
    let channel = Channel::over_with("echo", everybody(servers), &source).unwrap();
    until("all to be connected", || async {
        (channel.report().connected == servers.len()).then_some(())
    })
    .await;
    while servers.iter().any(|server| server.calls() == 0) {
        call(&channel).await.unwrap();
    }
    channel
}

/// The same where a share of failures alone opens a breaker.
async fn by_rate(servers: &[Server], rate: &str, min_calls: &str) -> Channel {
    let settings = [
        ("BREAKER_FAILURES", "1000000"),
        ("BREAKER_RATE", rate),
        ("BREAKER_MIN_CALLS", min_calls),
    ];
    channel(servers, &settings).await
}

#[tokio::test]
async fn a_share_of_failures_opens_a_breaker_as_soon_as_there_are_enough_calls() {
    for min_calls in [20, 40] {
        let servers = [Server::start(), Server::start()];
        let channel = by_rate(&servers, "50%", &min_calls.to_string()).await;
        servers[0].behave(FAIL);
        let failed = calls(&channel, 4 * min_calls).await;
        assert_eq!(
            servers[0].calls(),
            min_calls,
            "those before it failed included"
        );
        assert!(failed < min_calls, "{failed}");
        assert_eq!(channel.report().open, 1);

        reset(&servers);
        assert_eq!(calls(&channel, 20).await, 0);
        assert_eq!(counts(&servers), [0, 20]);
    }
}

#[tokio::test]
async fn with_fewer_calls_no_share_of_failures_says_anything() {
    let servers = [Server::start(), Server::start()];
    let channel = by_rate(&servers, "1%", "1000").await;
    servers[0].behave(FAIL);
    assert_eq!(calls(&channel, 200).await, 100);
    assert_eq!(channel.report().open, 0);
}

#[tokio::test]
async fn a_smaller_share_than_the_one_that_is_set_opens_none() {
    for (rate, open) in [("40%", 0), ("30%", 1)] {
        let servers = [Server::start(), Server::start()];
        let channel = by_rate(&servers, rate, "30").await;
        servers[0].behave(Behaviour::FailOneOf(3));
        calls(&channel, 300).await;
        assert_eq!(channel.report().open, open, "{rate}");
        // Half of them where it stays in turn.
        let bad = servers[0].calls();
        assert_eq!(bad < 100, open == 1, "{rate}: {bad}");
    }
}

#[tokio::test]
async fn late_answers_open_a_breaker_where_a_bound_is_set() {
    const LATE: Duration = Duration::from_millis(1100);
    for (slow, open) in [("1s", 1), ("1h", 0), ("off", 0)] {
        let servers = [Server::start(), Server::start()];
        let settings = [("BREAKER_FAILURES", "1"), ("BREAKER_SLOW", slow)];
        let channel = channel(&servers, &settings).await;
        reset(&servers);
        servers[0].behave(Behaviour::Late(LATE));
        assert_eq!(calls(&channel, 2).await, 0, "a late answer is one");
        assert_eq!(counts(&servers), [1, 1]);
        assert_eq!(channel.report().open, open, "{slow}");
        assert_eq!(calls(&channel, 2).await, 0);
        let late = usize::from(open == 0);
        assert_eq!(counts(&servers), [1 + late, 3 - late], "{slow}");
    }
}
