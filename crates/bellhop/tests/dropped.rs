//! Requests on their way through the balancer and the whole channel, dropped wherever they wait.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use bellhop::{
    balance::{Available, Recover, Ring, RoundRobin},
    client::Channel,
};
use tonic::Code;

use dropped::at_every_await;
use servers::{
    Behaviour, Server,
    calls::{self, call, counts, everybody, reset},
};
use tokio::task::yield_now;
use tower::{Service, ServiceExt};
use wait::until;

#[path = "support/dropped.rs"]
mod dropped;
#[allow(dead_code, reason = "each test takes what it needs of the servers")]
mod servers;
#[path = "support/wait.rs"]
mod wait;

type Request = Arc<&'static str>;

/// A member that takes its time.
#[derive(Clone)]
struct Slow {
    name: &'static str,
    calls: Arc<AtomicUsize>,
    /// It gives requests back then, and is not available.
    leaves: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Unsent(Request);

/// A call in flight.
struct InFlight(Arc<AtomicUsize>);

impl Slow {
    fn new(name: &'static str, calls: &Arc<AtomicUsize>) -> Self {
        Self {
            name,
            calls: calls.clone(),
            leaves: Arc::default(),
        }
    }
}

impl Available for Slow {
    type Picked = Self;

    fn is_available(&self) -> bool {
        !self.leaves.load(SeqCst)
    }

    fn pick(&self) -> Option<Self> {
        self.is_available().then(|| self.clone())
    }
}

impl Service<Request> for Slow {
    type Response = &'static str;
    type Error = Unsent;
    type Future = Pin<Box<dyn Future<Output = Result<&'static str, Unsent>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let member = self.clone();
        member.calls.fetch_add(1, SeqCst);
        let in_flight = InFlight(member.calls.clone());
        Box::pin(async move {
            let _in_flight = in_flight;
            for _ in 0..3 {
                yield_now().await;
            }
            if member.leaves.load(SeqCst) {
                return Err(Unsent(request));
            }
            Ok(member.name)
        })
    }
}

impl Recover<Request> for Unsent {
    fn recover(self) -> Result<Request, Self> {
        Ok(self.0)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_dropped_anywhere_holds_nothing_and_shifts_no_turn() {
    let waits = at_every_await(async |lifetime| {
        let (ring, calls) = (Ring::new(), Arc::<AtomicUsize>::default());
        let shard = ring.shard();
        let (one, two) = (Slow::new("one", &calls), Slow::new("two", &calls));
        let _one = shard.join(1, 1, one.clone());
        let request = Request::new("a room");

        // The first gives the request back, nobody is there for a while, then the second comes.
        let balancer = RoundRobin::new(shard.clone(), Duration::from_secs(5));
        let call = balancer.clone().oneshot(request.clone());
        let comings = async {
            yield_now().await;
            one.leaves.store(true, SeqCst);
            for _ in 0..5 {
                yield_now().await;
            }
            shard.join(2, 1, two)
        };
        let (answer, _two) = tokio::join!(lifetime.run(call), comings);

        assert_eq!(calls.load(SeqCst), 0, "calls in flight");
        assert_eq!(Arc::strong_count(&request), 1, "holders of the request");
        one.leaves.store(false, SeqCst);
        let turns: Vec<_> = (0..4).map(|_| shard.pick().unwrap().name).collect();
        assert_eq!(turns.iter().filter(|name| **name == "one").count(), 2);
        answer.is_some_and(|answer| answer.unwrap() == "two")
    })
    .await;
    assert!(waits >= 6, "{waits}");
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_for_a_member_is_not_waited_for() {
    let waits = at_every_await(async |lifetime| {
        let ring = Ring::<u8, Slow>::new();
        let balancer = RoundRobin::new(ring.shard(), Duration::from_secs(5));
        let request = Request::new("a room");
        let answer = lifetime.run(balancer.oneshot(request.clone())).await;
        assert_eq!(Arc::strong_count(&request), 1, "holders of the request");
        answer.is_some_and(|answer| answer.is_err())
    })
    .await;
    assert_eq!(waits, 1);
}

/// A channel that tries calls again at once, and finds out soon who works again.
async fn channel(servers: &[Server]) -> Channel {
    let settings = [
        ("BELLHOP_IDEMPOTENT", "grpc.health.v1.Health/Check"),
        ("BELLHOP_BREAKER_OPEN_MIN", "1ms"),
        ("BELLHOP_BREAKER_OPEN_MAX", "2ms"),
        ("BELLHOP_SLOW_START", "off"),
        ("BELLHOP_RETRY_FLOOR", "1000"),
    ];
    let settings: BTreeMap<_, _> = settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    Channel::over_with("echo", everybody(servers), &settings).unwrap()
}

/// How often each server is called by so many calls that go well; `None` where one does not.
async fn turns(channel: &Channel, servers: &[Server], count: usize) -> Option<Vec<usize>> {
    reset(servers);
    (calls::calls(channel, count).await == 0).then(|| counts(servers))
}

#[tokio::test]
async fn a_call_dropped_anywhere_gives_back_what_it_took() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let channel = channel(&servers).await;
    until("all to be called", async || {
        let turns = turns(&channel, &servers, 9).await?;
        turns.iter().all(|&count| count > 0).then_some(())
    })
    .await;

    // Regular calls, further attempts, and probes of a breaker that opens again and again.
    servers[0].behave(Behaviour::Fail(Code::Unavailable));
    for _ in 0..20 {
        at_every_await(async |lifetime| {
            let dropped = lifetime.run(call(&channel)).await;
            assert!(call(&channel).await.is_ok());
            dropped.is_some_and(|answer| answer.is_ok())
        })
        .await;
    }
    servers[0].behave(Behaviour::Answer);
    until("even turns", async || {
        (turns(&channel, &servers, 30).await? == [10, 10, 10]).then_some(())
    })
    .await;
}
