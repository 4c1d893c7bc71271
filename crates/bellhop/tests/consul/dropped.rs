//! Calls that are dropped wherever they wait.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bellhop::consul::{Config, Consul, Query};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::yield_now,
};

use crate::support::{dropped::at_every_await, wait::until};

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
