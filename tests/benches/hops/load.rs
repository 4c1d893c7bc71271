//! Load on an HTTP frontend: connections that are kept, each with one request under way.

use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use e2e::{Client, until};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, StatusCode,
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::LocalSet,
};

use crate::Failure;

const CONNECTIONS: usize = 64;
const EXAMPLE: &str = "/hotels?inDate=2015-04-09&outDate=2015-04-10";
/// The nearest of the hotels that the example request finds.
const NEAREST: &str = "5";

type Connection = SendRequest<Empty<Bytes>>;

/// Who asks a frontend the example request, over and over.
pub(crate) struct Load {
    runtime: Runtime,
    frontend: SocketAddr,
    /// What each answer has to be, to the byte.
    expected: Bytes,
}

impl Load {
    /// Waits until a frontend is ready, and looks into an answer, so that others need only be compared to it.
    pub(crate) fn on(frontend: SocketAddr) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let expected = runtime.block_on(async {
            let client = Client::new();
            until("a frontend that is ready", || async {
                let ready = client.get(&format!("http://{frontend}/readyz")).await;
                ready.ok()?.status.is_success().then_some(())
            })
            .await;
            let answer = client.get(&format!("http://{frontend}{EXAMPLE}")).await?;
            let nearest = &answer.json()["features"][0]["id"];
            if answer.status == StatusCode::OK && nearest == NEAREST {
                Ok::<_, Failure>(answer.body)
            } else {
                Err(wrong(answer.status, &answer.body))
            }
        })?;
        Ok(Self {
            runtime,
            frontend,
            expected,
        })
    }

    /// Asks for so long, over new connections. How many answers there were, and in which time.
    pub(crate) fn round(&self, time: Duration) -> Result<(u64, Duration), Failure> {
        let asking = async {
            let mut connections = Vec::with_capacity(CONNECTIONS);
            for _ in 0..CONNECTIONS {
                connections.push(connect(self.frontend).await?);
            }
            let stop = Rc::<Cell<bool>>::default();
            let begun = Instant::now();
            let callers: Vec<_> = connections
                .into_iter()
                .map(|connection| {
                    let (expected, stop) = (self.expected.clone(), stop.clone());
                    tokio::task::spawn_local(ask_until(connection, expected, stop))
                })
                .collect();
            tokio::time::sleep(time).await;
            stop.set(true);
            let mut answers = 0;
            for caller in callers {
                answers += caller.await??;
            }
            Ok((answers, begun.elapsed()))
        };
        LocalSet::new().block_on(&self.runtime, asking)
    }
}

async fn connect(frontend: SocketAddr) -> Result<Connection, Failure> {
    let stream = TcpStream::connect(frontend).await?;
    stream.set_nodelay(true)?;
    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
    // Its end, for whatever reason, is one for the next request on it.
    tokio::task::spawn_local(driver);
    Ok(connection)
}

async fn ask_until(
    mut connection: Connection,
    expected: Bytes,
    stop: Rc<Cell<bool>>,
) -> Result<u64, Failure> {
    let mut answers = 0;
    while !stop.get() {
        connection.ready().await?;
        let request = Request::get(EXAMPLE).header(header::HOST, "localhost");
        let answer = connection.send_request(request.body(Empty::new())?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != StatusCode::OK || body != expected {
            return Err(wrong(status, &body));
        }
        answers += 1;
    }
    Ok(answers)
}

fn wrong(status: StatusCode, body: &[u8]) -> Failure {
    format!("a wrong answer: {status} {}", String::from_utf8_lossy(body)).into()
}
