//! Calls, starts and departures that are dropped wherever they wait.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bellhop::{
    Mesh, Services,
    consul::{Config, Consul, Query},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::yield_now,
};

use crate::{
    registration::is_registered,
    support::{
        dropped::at_every_await,
        fake::{Fake, Reply},
        wait::until,
    },
};

const REGISTER: &str = "PUT /v1/agent/service/register";

#[tokio::test]
async fn a_call_dropped_anywhere_leaves_no_connection_and_no_answer_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let open = Arc::<AtomicUsize>::default();
    let accepting = tokio::spawn(accept(listener, open.clone()));

    let consul = Consul::new(Config::at(&address).unwrap());
    at_every_await(async |lifetime| {
        let dropped = consul.health_service("dropped", Query::NOW);
        let answer = lifetime.run(dropped).await;
        let next = consul.health_service("next", Query::NOW).await.unwrap();
        assert_eq!(next.value[0].service.id, "next");
        answer.is_some_and(|answer| answer.unwrap().value[0].service.id == "dropped")
    })
    .await;
    drop(consul);
    until("the last connection is closed", async || {
        (open.load(SeqCst) == 0).then_some(())
    })
    .await;
    accepting.abort();
}

/// A server that answers in pieces, and counts its connections.
async fn accept(listener: TcpListener, open: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let open = open.clone();
        tokio::spawn(async move {
            open.fetch_add(1, SeqCst);
            serve(stream).await;
            open.fetch_sub(1, SeqCst);
        });
    }
}

/// Answers with one instance whose id is the service's name.
async fn serve(mut stream: TcpStream) -> Option<()> {
    let mut read = Vec::new();
    loop {
        while !read.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut read).await.ok()? == 0 {
                return None;
            }
        }
        let line = String::from_utf8(std::mem::take(&mut read)).ok()?;
        let name = line.split(['/', ' ']).nth(5)?;
        let body =
            format!(r#"[{{"Node": {{"Node": "n"}}, "Service": {{"ID": "{name}", "Port": 1}}}}]"#);
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        for piece in answer.as_bytes().chunks(answer.len() / 5) {
            stream.write_all(piece).await.ok()?;
            yield_now().await;
        }
    }
}

/// A registry that takes everything and never tells of a change, and settings of a member at a port of its own.
async fn member() -> (Fake, SocketAddr, BTreeMap<String, String>) {
    let fake = Fake::start(|request| match request.line().split(' ').next() {
        Some("PUT") => Reply::Status(200, String::new()),
        _ => Reply::Hang,
    })
    .await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    let settings = [
        ("CONSUL_HTTP_ADDR", fake.address().to_string()),
        ("BELLHOP_LISTEN", address.to_string()),
        ("BELLHOP_DRAIN_QUIET", "10ms".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    (fake, address, settings.into())
}

/// Waits until a member has let go of its port.
async fn is_free(address: SocketAddr) {
    until("a port that is free again", async || {
        TcpListener::bind(address).await.ok().map(drop)
    })
    .await;
}

#[tokio::test]
async fn a_start_dropped_anywhere_leaves_no_listener_and_no_registration() {
    let (registry, address, settings) = member().await;
    at_every_await(async |lifetime| {
        let mesh = Mesh::from_source("geo", &settings).unwrap();
        let serving = lifetime.run(mesh.start(|_| Services::new())).await;
        let is_whole = serving.is_some_and(|serving| serving.unwrap().address() == address);
        is_free(address).await;
        is_whole
    })
    .await;
    // Only the last start came as far as that.
    assert!(registry.count(REGISTER) <= 1);
}

#[tokio::test]
async fn a_departure_dropped_anywhere_leaves_nothing_behind() {
    let (registry, address, settings) = member().await;
    let mut members = 0;
    at_every_await(async |lifetime| {
        members += 1;
        let mesh = Mesh::from_source("geo", &settings).unwrap();
        let serving = mesh.start(|_| Services::new()).await.unwrap();
        is_registered(serving.registered()).await;
        let left = lifetime.run(serving.stop()).await;
        is_free(address).await;
        left.is_some()
    })
    .await;
    assert_eq!(registry.count(REGISTER), members, "nobody comes back");
}
