//! Connections: how old they become, how many there may be, and how slow.

use std::{sync::Arc, time::Duration};

use e2e::{Client, PATIENCE, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::stage::{Callers, Stage, TAKE_TIME, ask};

const YOUNG: (&str, &str) = ("BELLHOP_CONNECTION_AGE", "200ms");

#[tokio::test]
async fn no_call_is_lost_where_connections_are_young() {
    let stage = Stage::with(&[YOUNG]).await;
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
    let stage = Stage::with(&[YOUNG]).await;
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
    let stage = Stage::with(&[YOUNG]).await;
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
        let mut first = TcpStream::connect(address).await.unwrap();
        is_answered(&mut first).await.then_some(())
    })
    .await;
    for _ in 0..12 {
        open.push(TcpStream::connect(address).await.unwrap());
    }
    let mut answered = 0;
    for stream in &mut open {
        answered += usize::from(is_answered(stream).await);
    }
    assert!((1..=4).contains(&answered), "{answered}");
    drop(open);
    until("a place that is free again", || async {
        let mut next = TcpStream::connect(address).await.unwrap();
        is_answered(&mut next).await.then_some(())
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
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let end = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "{beginning:?} is waited for");
    }
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
                (http, &b"GET /answer HTTP/1.1\r\nHost: front\r\n"[..])
            } else {
                (grpc, &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..])
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
async fn dribble(address: std::net::SocketAddr, says: &[u8]) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    for byte in says {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        let mut closed = [0; 64];
        let wait = timeout(Duration::from_secs(1), stream.read(&mut closed));
        if let Ok(Ok(0) | Err(_)) = wait.await {
            return;
        }
    }
    panic!("a byte a second is enough to be listened to");
}

async fn is_answered(stream: &mut TcpStream) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nHost: front\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    let mut start = [0; 12];
    let read = timeout(PATIENCE, stream.read_exact(&mut start)).await;
    read.expect("an answer or an end").is_ok() && &start == b"HTTP/1.1 200"
}
