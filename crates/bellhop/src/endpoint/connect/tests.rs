use std::net::Ipv4Addr;

use tokio::{net::TcpListener, task::yield_now};

use super::*;

/// Connects to an address for as long as nobody answers.
fn connecting(connector: &Connector, address: SocketAddr) -> AbortOnDropHandle<()> {
    let connector = connector.clone();
    let target = Target {
        id: InstanceId::new(address.to_string()),
        host: address.ip().to_string(),
        port: address.port(),
        signs: false,
        version: None,
    };
    AbortOnDropHandle::new(tokio::spawn(async move {
        let answer = connector.connect(&target, None).await;
        unreachable!("nobody answers: {:?}", answer.err());
    }))
}

#[tokio::test]
async fn no_more_are_connected_at_a_time_than_can_be() {
    const LONG: Duration = Duration::from_secs(600);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let connector = Connector::from(Settings {
        connect_timeout: LONG,
        keepalive_interval: LONG,
        keepalive_timeout: LONG,
        group: group::Settings::default(),
    });
    let attempts = (0..2 * AT_ONCE).map(|_| connecting(&connector, address));
    let mut attempts: Vec<_> = attempts.collect();
    // Each has had its turn: whoever connects is in the listener's queue.
    for _ in 0..3 {
        yield_now().await;
    }
    let mut streams = Vec::new();
    for _ in 0..AT_ONCE {
        streams.push(listener.accept().await.unwrap());
    }
    let more = timeout(Duration::from_millis(50), listener.accept());
    assert!(more.await.is_err(), "the others wait");

    // The first came first.
    drop(attempts.remove(0));
    streams.push(listener.accept().await.unwrap());
    let more = timeout(Duration::from_millis(50), listener.accept());
    assert!(more.await.is_err(), "one makes room for one");
}
