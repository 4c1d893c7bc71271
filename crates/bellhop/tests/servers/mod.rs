//! tonic's own server, with a service that counts its calls.

pub(crate) mod calls;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use bellhop::client::passed_on;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::{Builder, Runtime},
    sync::{Notify, oneshot},
    task::JoinHandle,
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_server::{Health, HealthServer},
};

/// What a server does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Answer,
    /// For ever; a stream after its first message.
    Hang,
    /// As `Answer`; a stream with one message after the other.
    Flood,
    /// Answers after so long.
    Late(Duration),
    /// Fails one call of so many, the last of them.
    FailOneOf(usize),
    /// With this status; a stream after its first message.
    Fail(Code),
    /// The same with that of one who was asked and has too much to do.
    PassOn,
}

/// A server on a port of its own.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    /// Its own, so that it can go down with all its connections.
    runtime: Option<Runtime>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    calls: AtomicUsize,
    /// Each stream that goes on has a reference to it.
    streams: Arc<()>,
    timeout: Mutex<Option<Duration>>,
    attempts: Mutex<Option<String>>,
    called: Notify,
}

struct Counting {
    shared: Arc<Shared>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::behaving(Behaviour::Answer)
    }

    pub(crate) fn behaving(behaviour: Behaviour) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), behaviour)
    }

    pub(crate) fn start_at(port: u16) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], port)), Behaviour::Answer)
    }

    fn at(address: SocketAddr, behaviour: Behaviour) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let entered = runtime.enter();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(behaviour),
            calls: AtomicUsize::new(0),
            streams: Arc::default(),
            timeout: Mutex::default(),
            attempts: Mutex::default(),
            called: Notify::new(),
        });
        let service = HealthServer::new(Counting {
            shared: shared.clone(),
        });
        let (stop, stopped) = oneshot::channel();
        let server = tonic::transport::Server::builder().add_service(service);
        let serving =
            server.serve_with_incoming_shutdown(TcpListenerStream::new(listener), async {
                let _ = stopped.await;
            });
        let task = tokio::spawn(async { serving.await.unwrap() });
        drop(entered);
        Self {
            address,
            shared,
            stop: Some(stop),
            task,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Calls so far; the question that a connection begins with is none.
    pub(crate) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }

    /// Streams that are being answered.
    pub(crate) fn streams(&self) -> usize {
        Arc::strong_count(&self.shared.streams) - 1
    }

    /// From the next call on.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap() = behaviour;
    }

    pub(crate) fn reset(&self) {
        self.shared.calls.store(0, Ordering::SeqCst);
    }

    /// The timeout that the last call said it had.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        *self.shared.timeout.lock().unwrap()
    }

    /// The attempts that the last call said there may be below it.
    pub(crate) fn attempts(&self) -> Option<String> {
        self.shared.attempts.lock().unwrap().clone()
    }

    /// Returns when there has been a call.
    pub(crate) async fn called(&self) {
        self.shared.called.notified().await;
    }

    /// Leaves as a server should: no new calls, those in flight are finished.
    pub(crate) async fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        (&mut self.task).await.unwrap();
    }

    /// Stands still, as a process does that was stopped, until what this returns is dropped.
    pub(crate) fn freeze(&self) -> mpsc::Sender<()> {
        let (frozen, thaw) = mpsc::channel::<()>();
        let runtime = self.runtime.as_ref().unwrap();
        // Its one thread does nothing else then.
        runtime.spawn(async move { thaw.recv() });
        frozen
    }

    /// Leaves as a server should not.
    pub(crate) fn kill(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A port at which nobody listens.
pub(crate) async fn unused_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Behaviour {
    /// That of a call, the so-manieth.
    fn status(self, number: usize) -> Option<Status> {
        match self {
            Self::FailOneOf(calls) if number.is_multiple_of(calls) => {
                Some(Status::unavailable("out of order"))
            }
            Self::Fail(code) => Some(Status::new(code, "out of order")),
            Self::PassOn => Some(passed_on("desk", &Status::resource_exhausted("a queue"))),
            Self::Answer | Self::Hang | Self::Flood | Self::Late(_) | Self::FailOneOf(_) => None,
        }
    }
}

impl Counting {
    fn behaviour(&self) -> Behaviour {
        *self.shared.behaviour.lock().unwrap()
    }
}

#[tonic::async_trait]
impl Health for Counting {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        // The question that a connection begins with has no timeout, and is always answered.
        let Some(timeout) = request.metadata().get("grpc-timeout") else {
            return Ok(Response::new(HealthCheckResponse::default()));
        };
        let micros = timeout
            .to_str()
            .unwrap()
            .strip_suffix('u')
            .map(|value| value.parse().unwrap());
        *self.shared.timeout.lock().unwrap() = micros.map(Duration::from_micros);
        let attempts = request.metadata().get("bellhop-attempts");
        let attempts = attempts.map(|value| value.to_str().unwrap().to_owned());
        *self.shared.attempts.lock().unwrap() = attempts;
        let number = 1 + self.shared.calls.fetch_add(1, Ordering::SeqCst);
        self.shared.called.notify_one();
        let behaviour = self.behaviour();
        match behaviour {
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Late(after) => tokio::time::sleep(after).await,
            _ => {}
        }
        let status = behaviour.status(number);
        status.map_or_else(|| Ok(Response::new(HealthCheckResponse::default())), Err)
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let number = 1 + self.shared.calls.fetch_add(1, Ordering::SeqCst);
        let behaviour = self.behaviour();
        let mut answers = vec![Ok(HealthCheckResponse::default())];
        answers.extend(behaviour.status(number).map(Err));
        let answers = stream::iter(answers);
        let answers = match behaviour {
            Behaviour::Hang => answers.chain(stream::pending()).boxed(),
            Behaviour::Flood => stream::repeat_with(|| Ok(HealthCheckResponse::default())).boxed(),
            _ => answers.boxed(),
        };
        let open = self.shared.streams.clone();
        let answers = answers.inspect(move |_| {
            let _goes_with_the_stream = &open;
        });
        Ok(Response::new(answers.boxed()))
    }
}
