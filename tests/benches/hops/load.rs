//! Load on an HTTP frontend: connections that are kept, each with one request under way.

use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    thread,
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
    task::{JoinHandle, LocalSet},
};

use crate::{
    Failure,
    rounds::Round,
    steady::{Late, Schedule, Steady},
};

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

    /// What each answer is.
    pub(crate) fn expected(&self) -> &Bytes {
        &self.expected
    }

    /// Asks for so long, over new connections. `cpu` is what those who are asked have taken until now.
    pub(crate) fn round(
        &self,
        time: Duration,
        cpu: impl Fn() -> Result<Vec<Duration>, Failure>,
    ) -> Result<Round, Failure> {
        let stop = Rc::<Cell<bool>>::default();
        let asking = async {
            let askers = self.askers().await?;
            let (before, begun) = (cpu()?, Instant::now());
            let callers = at_work(askers, |asker| ask_until(asker, stop.clone()));
            tokio::time::sleep(time).await;
            stop.set(true);
            let answers = ended(callers).await?.into_iter().sum();
            Ok(Round::new(answers, begun.elapsed(), &before, &cpu()?))
        };
        LocalSet::new().block_on(&self.runtime, asking)
    }

    /// Asks when requests are due, over new connections. How late the answers were.
    pub(crate) fn steady(&self, steady: Steady) -> Result<Late, Failure> {
        let asking = async {
            let askers = self.askers().await?;
            let schedule = Arc::new(Schedule::new(steady));
            let callers = at_work(askers, |asker| ask_when_due(asker, schedule.clone()));
            let pacing = thread::spawn(move || schedule.pace(CONNECTIONS));
            let times = ended(callers).await?;
            pacing.join().map_err(|_| "whoever says what is due")?;
            Ok(Late::of(times.concat()))
        };
        LocalSet::new().block_on(&self.runtime, asking)
    }

    /// Each with a connection over which there has been an answer: what it takes to get there is no part of what is measured.
    async fn askers(&self) -> Result<Vec<Asker>, Failure> {
        let mut askers = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            let mut asker = Asker {
                connection: connect(self.frontend).await?,
                expected: self.expected.clone(),
            };
            asker.ask().await?;
            askers.push(asker);
        }
        Ok(askers)
    }
}

/// Each asker at work.
fn at_work<F, T>(askers: Vec<Asker>, work: impl Fn(Asker) -> F) -> Callers<T>
where
    F: Future<Output = Result<T, Failure>> + 'static,
    T: 'static,
{
    let askers = askers.into_iter();
    askers
        .map(|asker| tokio::task::spawn_local(work(asker)))
        .collect()
}

type Callers<T> = Vec<JoinHandle<Result<T, Failure>>>;

async fn ended<T>(callers: Callers<T>) -> Result<Vec<T>, Failure> {
    let mut all = Vec::with_capacity(callers.len());
    for caller in callers {
        all.push(caller.await??);
    }
    Ok(all)
}

/// Who asks on one connection.
struct Asker {
    connection: Connection,
    expected: Bytes,
}

async fn connect(frontend: SocketAddr) -> Result<Connection, Failure> {
    let stream = TcpStream::connect(frontend).await?;
    stream.set_nodelay(true)?;
    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
    // Its end, for whatever reason, is one for the next request on it.
    tokio::task::spawn_local(driver);
    Ok(connection)
}

impl Asker {
    async fn ask(&mut self) -> Result<(), Failure> {
        self.connection.ready().await?;
        let request = Request::get(EXAMPLE).header(header::HOST, "localhost");
        let request = request.body(Empty::new())?;
        let answer = self.connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != StatusCode::OK || body != self.expected {
            return Err(wrong(status, &body));
        }
        Ok(())
    }
}

async fn ask_until(mut asker: Asker, stop: Rc<Cell<bool>>) -> Result<u64, Failure> {
    let mut answers = 0;
    while !stop.get() {
        asker.ask().await?;
        answers += 1;
    }
    Ok(answers)
}

async fn ask_when_due(mut asker: Asker, schedule: Arc<Schedule>) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::new();
    while let Some(due) = schedule.next().await {
        asker.ask().await?;
        times.push(due.elapsed());
    }
    Ok(times)
}

fn wrong(status: StatusCode, body: &[u8]) -> Failure {
    format!("a wrong answer: {status} {}", String::from_utf8_lossy(body)).into()
}
