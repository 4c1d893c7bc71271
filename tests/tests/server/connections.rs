//! Connections: how old they become, how many there may be, and how slow.

use std::{sync::Arc, time::Duration};

use e2e::{Client, PATIENCE, Raw, until};
use tokio::time::timeout;

use crate::stage::{Callers, Stage, TAKE_TIME, ask};

const YOUNG: (&str, &str) = ("BELLHOP_CONNECTION_AGE", "200ms");
/// There is one instance only, and on a busy machine it takes a while to connect to it again. A call that is lost is lost at once.
const PATIENT: (&str, &str) = ("BELLHOP_WAIT_FOR_ENDPOINT", "30s");
const UNHURRIED: (&str, &str) = ("BELLHOP_TIMEOUT", "1m");

#[tokio::test]
async fn no_call_is_lost_where_connections_are_young() {
    let stage = Stage::with(&[YOUNG, PATIENT, UNHURRIED]).await;
    let client = stage.client();
    let mut callers = Callers::start(8, move || {
        let mut client = client.clone();
        async move {
            let answer = client.nearby(ask(0.0)).await;
            answer.map(drop).map_err(|status| status.to_string())
        }
    });
    callers.pass(2000).await;
    // Several lives of every connection.
    tokio::time::sleep(Duration::from_secs(2)).await;
    callers.stop().await;
}

#[tokio::test]
async fn calls_that_outlive_their_connection_are_finished_while_others_go_on() {
    let stage = Stage::with(&[YOUNG, PATIENT, UNHURRIED]).await;
    let (slow, quick) = (stage.client(), stage.client());
    let mut slow = Callers::start(4, move || {
        let mut client = slow.clone();
        async move {
            let answer = client.nearby(ask(TAKE_TIME)).await;
            answer.map(drop).map_err(|status| status.to_string())
        }
    });
    let quick = Callers::start(2, move || {
        let mut client = quick.clone();
        async move {
            // It would wait in vain for a connection that is only made when the slow calls are over.
            let answer = client.nearby(ask(0.0)).await;
            answer.map(drop).map_err(|status| status.to_string())
        }
    });
    slow.pass(8).await;
    slow.stop().await;
    quick.stop().await;
}

#[tokio::test]
async fn callers_over_http_lose_nothing_where_connections_are_young() {
    let stage = Stage::with(&[YOUNG, PATIENT, UNHURRIED]).await;
    let url = Arc::new(format!("http://{}/answer", stage.front_address()));
    let client = Client::new();
    let mut callers = Callers::start(8, move || {
        let (client, url) = (client.clone(), url.clone());
        async move {
            match client.get(&url).await {
                Ok(answer) if answer.status == 200 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }
    });
    callers.pass(1000).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    callers.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_cap_are_closed_at_once() {
    let stage = Stage::with(&[("BELLHOP_MAX_CONNECTIONS", "4")]).await;
    let address = stage.front_address();
    let mut open = Vec::new();
    // The probe at the start may still be there.
    until("a place that is free", || async {
        is_answered(&mut Raw::connect(address).await)
            .await
            .then_some(())
    })
    .await;
    for _ in 0..12 {
        open.push(Raw::connect(address).await);
    }
    let mut answered = 0;
    for stream in &mut open {
        answered += usize::from(is_answered(stream).await);
    }
    assert!((1..=4).contains(&answered), "{answered}");
    drop(open);
    until("a place that is free again", || async {
        is_answered(&mut Raw::connect(address).await)
            .await
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_begins_and_does_not_go_on_is_closed() {
    let stage = Stage::with(&[("BELLHOP_HEADER_TIMEOUT", "300ms")]).await;
    let (http, grpc) = (stage.front_address(), stage.middle_address());
    for (address, beginning) in [
        (http, ""),
        (http, "GET /answer HTTP/1.1\r\nHos"),
        (http, "PRI * HT"),
        (grpc, ""),
        (grpc, "PRI * HTTP/2.0\r\n\r\nSM"),
    ] {
        let mut stream = Raw::connect(address).await;
        assert!(stream.say(beginning).await);
        stream.closed().await;
    }
}

#[tokio::test]
async fn who_is_idle_outlasts_who_does_not_finish_a_head() {
    let short = ("BELLHOP_HEADER_TIMEOUT", "300ms");
    let stage = Stage::with(&[short]).await;
    let mut idle = Raw::connect(stage.front_address()).await;
    for beginning in ["", "G", "GET /answer HTTP/1.1\r\nHos"] {
        assert!(is_answered(&mut idle).await);
        let mut other = Raw::connect(stage.front_address()).await;
        assert!(other.say(beginning).await);
        other.closed().await;
    }
    assert!(is_answered(&mut idle).await);
    // What it was before does not help who is slow now.
    assert!(idle.say("GET /answer HTTP/1.1\r\nHos").await);
    idle.closed().await;
}

#[tokio::test]
async fn who_is_idle_for_too_long_is_closed() {
    let short = ("BELLHOP_IDLE_TIMEOUT", "300ms");
    let stage = Stage::with(&[short]).await;
    let mut idle = Raw::connect(stage.front_address()).await;
    assert!(is_answered(&mut idle).await);
    idle.closed().await;
}

#[tokio::test]
async fn a_thousand_slow_callers_do_not_harm_the_rest() {
    let stage = Stage::with(&[("BELLHOP_HEADER_TIMEOUT", "2s")]).await;
    let (http, grpc) = (stage.front_address(), stage.middle_address());
    let client = stage.client();
    let mut callers = Callers::start(4, move || {
        let mut client = client.clone();
        async move {
            let answer = client.nearby(ask(0.0)).await;
            answer.map(drop).map_err(|status| status.to_string())
        }
    });
    callers.pass(10).await;
    let slow: Vec<_> = (0..1000)
        .map(|index| {
            let (address, says) = if index % 2 == 0 {
                (http, "GET /answer HTTP/1.1\r\nHost: front\r\n")
            } else {
                (grpc, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            };
            tokio::spawn(dribble(address, says))
        })
        .collect();
    callers.pass(1000).await;
    for caller in slow {
        // They are cut off, and not the other way round.
        timeout(PATIENCE, caller).await.expect("an end").unwrap();
    }
    callers.stop().await;
}

/// Says one byte a second, until nobody listens.
async fn dribble(address: std::net::SocketAddr, says: &str) {
    let mut stream = Raw::connect(address).await;
    for index in 0..says.len() {
        let byte = &says[index..=index];
        if !stream.say(byte).await || stream.closes_within(Duration::from_secs(1)).await {
            return;
        }
    }
    panic!("a byte a second is enough to be listened to");
}

async fn is_answered(stream: &mut Raw) -> bool {
    stream.get("/healthz").await == Some(200)
}
