//! `hotels healthcheck`, as a container asks it after the instance beside it.

use std::net::{SocketAddr, TcpListener};

use e2e::{Launch, Registry};

use crate::{ANYWHERE, BINARY, failure};

/// With the settings of an instance that listens there.
fn beside(setting: &str, address: SocketAddr) -> Launch {
    Launch::new(BINARY).set(setting, &address.to_string())
}

async fn is_well(launch: &Launch) {
    let mut process = launch.start(&["healthcheck"]);
    let end = process.end().await;
    assert!(end.success(), "{}", process.output());
    assert_eq!(process.output(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_well_while_it_serves() {
    let registry = Registry::mini().await;
    let mut geo = Launch::new(BINARY)
        .registry(&registry)
        .start(&["geo", "--listen", ANYWHERE]);
    let (address, _) = geo.serving("geo").await;
    let ask = beside("HOTELS_LISTEN", address);
    is_well(&ask).await;
    geo.terminate();
    assert!(geo.end().await.success());
    let said = failure(&ask, &["healthcheck"]).await;
    let reason = format!("hotels: not well: {address} cannot be reached");
    assert!(said.starts_with(&reason), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frontend_is_well_once_its_answers_are_whole() {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let frontend = launch.start(&["frontend", "--http", ANYWHERE]);
    let (address, _) = frontend.serving("frontend").await;
    // In its container both are set, and it is the frontend.
    let ask = beside("HOTELS_HTTP", address).set("HOTELS_LISTEN", "0.0.0.0:1");
    let said = failure(&ask, &["healthcheck"]).await;
    assert!(said.contains("is not ready: HTTP/1"), "{said}");
    assert!(said.contains("503"), "{said}");
    assert!(said.contains("profile"), "{said}");
    let mut others = Vec::new();
    for service in ["geo", "rate", "profile", "search"] {
        others.push(launch.start(&[service]));
        others.last().unwrap().serving(service).await;
    }
    e2e::until("a frontend that is well", || async {
        let mut asked = ask.start(&["healthcheck"]);
        asked.end().await.success().then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let silent = TcpListener::bind(ANYWHERE).unwrap();
    let address = silent.local_addr().unwrap();
    for setting in ["HOTELS_HTTP", "HOTELS_LISTEN"] {
        let said = failure(&beside(setting, address), &["healthcheck"]).await;
        assert!(said.contains("says nothing within 4s"), "{said}");
    }
    let other = failure(
        &Launch::new(BINARY),
        &["healthcheck", "--listen", "nowhere"],
    )
    .await;
    assert!(other.contains("--listen"), "{other}");
}
