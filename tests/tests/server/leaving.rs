//! How a member leaves: nobody who could be served is lost.

use e2e::{Client, PATIENCE, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::stage::{Callers, Stage, ask};

#[tokio::test]
async fn callers_that_never_stop_are_told_to_go_in_the_end() {
    let bounds = [
        ("BELLHOP_DRAIN_QUIET", "5s"),
        ("BELLHOP_DRAIN_TIMEOUT", "500ms"),
    ];
    let mut stage = Stage::with(&bounds).await;
    let client = stage.plain().await;
    let mut callers = Callers::start(2, move || {
        let mut client = client.clone();
        async move {
            // It goes on although it is told to go, and although nobody is there at last.
            let _ = client.nearby(ask(0.0)).await;
            Ok(())
        }
    });
    callers.pass(10).await;
    let stop = stage.middle.take().unwrap().stop();
    timeout(PATIENCE, stop).await.expect("an end");
    callers.stop().await;
}

#[tokio::test]
async fn an_http_member_that_leaves_says_so_in_its_answers_and_goes_on_serving() {
    let long = format!("{}s", 2 * PATIENCE.as_secs());
    let bounds = [
        ("BELLHOP_DRAIN_QUIET", "1s"),
        ("BELLHOP_DRAIN_TIMEOUT", &long),
    ];
    let mut stage = Stage::with(&bounds).await;
    let (address, client) = (stage.front_address(), Client::without_reuse());
    let ready = format!("http://{address}/readyz");
    assert_eq!(client.get(&ready).await.unwrap().status, 200);

    let stopping = tokio::spawn(stage.front.take().unwrap().stop());
    until("a member that says that it leaves", || async {
        (client.get(&ready).await.ok()?.status == 503).then_some(())
    })
    .await;
    // Those who do not ask are still served, on a connection that is their last.
    let answer = client
        .get(&format!("http://{address}/answer"))
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.header("connection")),
        (200, "close")
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /take-time HTTP/1.1\r\nHost: front\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    timeout(PATIENCE, stopping).await.expect("an end").unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn callers_of_an_http_member_lose_nothing_while_it_leaves() {
    let mut stage = Stage::with(&[("BELLHOP_DRAIN_QUIET", "500ms")]).await;
    let url = format!("http://{}/answer", stage.front_address());
    let client = Client::new();
    let mut callers = Callers::start(4, move || {
        let (client, url) = (client.clone(), url.clone());
        async move {
            match client.get(&url).await {
                Ok(answer) if answer.status == 200 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }
    });
    callers.pass(100).await;
    let stopping = tokio::spawn(stage.front.take().unwrap().stop());
    callers.pass(100).await;
    // As a load balancer does once it has been told.
    callers.stop().await;
    timeout(PATIENCE, stopping).await.expect("an end").unwrap();
}
