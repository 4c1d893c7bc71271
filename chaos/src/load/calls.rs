//! Calls straight to one instance of rate, without a mesh: what the server does is seen as it is.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use hotel_proto::rate::{Request, rate_client::RateClient};
use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

use crate::Failure;

/// A caller waits no longer for an answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Over so many connections, as from so many callers.
const CONNECTIONS: usize = 4;

/// What became of calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) calls: usize,
    /// How long good answers took, from when the calls were due.
    pub(crate) good: Vec<Duration>,
    /// How long it took to be told that there is too much to do.
    pub(crate) refused: Vec<Duration>,
    /// Calls that came to nothing in time.
    pub(crate) late: usize,
    /// What else was answered.
    pub(crate) others: Vec<String>,
    pub(crate) wall: Duration,
}

/// An instance, and connections to it.
#[derive(Debug)]
pub(crate) struct Calls {
    clients: Vec<RateClient<Channel>>,
}

impl Calls {
    pub(crate) async fn to(address: SocketAddr) -> Result<Self, Failure> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let mut clients = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            clients.push(RateClient::new(endpoint.connect().await?));
        }
        Ok(Self { clients })
    }

    /// So many callers, each calling as soon as it has its answer.
    pub(crate) async fn closed(&self, callers: usize, time: Duration) -> Outcome {
        let begun = Instant::now();
        let mut working = JoinSet::new();
        for caller in 0..callers {
            let client = self.client(caller);
            working.spawn(async move {
                let mut outcome = Outcome::default();
                while begun.elapsed() < time {
                    let due = Instant::now();
                    outcome.add(call(client.clone()).await, due.elapsed());
                }
                outcome
            });
        }
        Outcome::all(working.join_all().await, begun.elapsed())
    }

    /// So many calls a second, at even intervals whatever the answers do.
    pub(crate) async fn open(&self, rate: f64, time: Duration) -> Outcome {
        let (begun, interval) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
        let mut working = JoinSet::new();
        for number in 0_u32.. {
            let due = begun + interval * number;
            if due >= begun + time {
                break;
            }
            sleep_until(due.into()).await;
            let client = self.client(number as usize);
            working.spawn(async move {
                let mut outcome = Outcome::default();
                outcome.add(call(client).await, due.elapsed());
                outcome
            });
        }
        Outcome::all(working.join_all().await, time)
    }

    fn client(&self, number: usize) -> RateClient<Channel> {
        self.clients[number % self.clients.len()].clone()
    }
}

/// One call; `None` where there is no answer in time.
async fn call(mut client: RateClient<Channel>) -> Option<Result<(), Status>> {
    let mut request = tonic::Request::new(Request::default());
    request.set_timeout(PATIENCE);
    let answer = timeout(PATIENCE, client.get_rates(request)).await.ok()?;
    Some(answer.map(drop))
}

impl Outcome {
    /// Good answers a second.
    pub(crate) fn goodput(&self) -> f64 {
        self.good.len() as f64 / self.wall.as_secs_f64()
    }

    fn add(&mut self, answer: Option<Result<(), Status>>, took: Duration) {
        self.calls += 1;
        let status = match answer {
            Some(Ok(())) => return self.good.push(took),
            Some(Err(status)) => status,
            None => return self.late += 1,
        };
        match status.code() {
            // The latter is for those who may try another instance.
            Code::ResourceExhausted | Code::Unavailable => self.refused.push(took),
            // The latter is what tonic's own channel makes of time that runs out.
            Code::DeadlineExceeded | Code::Cancelled => self.late += 1,
            _ => self.others.push(status.to_string()),
        }
    }

    fn all(parts: Vec<Self>, wall: Duration) -> Self {
        let mut all = Self {
            wall,
            ..Self::default()
        };
        for part in parts {
            all.calls += part.calls;
            all.good.extend(part.good);
            all.refused.extend(part.refused);
            all.late += part.late;
            all.others.extend(part.others);
        }
        all.good.sort_unstable();
        all.refused.sort_unstable();
        all
    }
}
