//! Clients that behave badly, beside those of the load.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::sleep,
};

use super::usage::Usage;
use crate::{Failure, Report, Shape, Stage, Suite, cases::Case};

pub(super) const DISCONNECTING: Case = Case {
    name: "clients-disconnect",
    about: "200 clients that disconnect in the middle of requests, over and over",
    run: |suite| Box::pin(beside(suite, 200, disconnect)),
};

pub(super) const SLOW: Case = Case {
    name: "clients-slow",
    about: "1,000 clients that send a byte a second",
    run: |suite| Box::pin(beside(suite, 1000, dawdle)),
};

const REQUEST: &[u8] =
    b"GET /hotels?inDate=2015-04-09&outDate=2015-04-10 HTTP/1.1\r\nhost: localhost\r\n\r\n";
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(400);
/// Between two bytes of a slow one.
const BYTE: Duration = Duration::from_secs(1);
/// Before a client tries again that could not connect.
const REFUSED: Duration = Duration::from_millis(100);

/// Runs so many of these clients beside the load for a while. Each begins anew as often as it ends.
async fn beside<F>(
    suite: Suite,
    count: usize,
    client: impl Fn(SocketAddr) -> F + Copy + Send + 'static,
) -> Result<Report, Failure>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let stage = Stage::start(&suite, Shape::default()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    let before = Usage::of(&stage)?;
    load.breaks();
    let mut clients = JoinSet::new();
    let frontends = stage.members["frontend"].iter().cycle();
    for frontend in frontends.take(count) {
        let address = frontend.address;
        clients.spawn(async move {
            loop {
                // Being turned away is an answer.
                if client(address).await.is_err() {
                    sleep(REFUSED).await;
                }
            }
        });
    }
    load.pass(suite.pace.hold() * 2).await;
    let meanwhile = Usage::of(&stage)?;
    clients.shutdown().await;
    load.heals();
    load.pass(suite.pace.after()).await;
    let figures = load.stop().await;
    let after = Usage::of(&stage)?;
    Ok(Report::nothing_lost(figures)
        .note(format!(
            "before {before}; meanwhile {meanwhile}; after {after}"
        ))
        .rule(after.is_about(&before), || {
            format!("something is left behind: {after}, before {before}")
        }))
}

/// Asks, and leaves before the answer: at once, or when a handler is at work, or after half a request.
async fn disconnect(frontend: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(frontend).await?;
    let whole = fastrand::bool();
    let sent = if whole {
        REQUEST.len()
    } else {
        fastrand::usize(1..REQUEST.len())
    };
    stream.write_all(&REQUEST[..sent]).await?;
    sleep(Duration::from_micros(fastrand::u64(..5000))).await;
    drop(stream);
    sleep(PAUSE).await;
    Ok(())
}

/// Sends a request a byte a second, until it is shown the door.
async fn dawdle(frontend: SocketAddr) -> io::Result<()> {
    let stream = TcpStream::connect(frontend).await?;
    let (mut from, mut to) = stream.into_split();
    let mut answer = [0; 256];
    for byte in REQUEST {
        to.write_all(&[*byte]).await?;
        tokio::select! {
            _ = from.read(&mut answer) => return Ok(()),
            () = sleep(BYTE) => {}
        }
    }
    Ok(())
}
