//! A server that answers whatever it is told to.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bellhop::consul::{Config, Consul};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// 200 with an `X-Consul-Index` and a body.
    Json(u64, String),
    /// The same as Consul answers out of a stream.
    Streamed(u64, String),
    /// A status and a body.
    Status(u16, String),
    /// Bytes as they are; then the connection is closed.
    Raw(Vec<u8>),
    /// The other reply, later.
    Late(Duration, Box<Reply>),
    /// Nothing, ever.
    Hang,
}

/// What Consul says of an answer out of a stream, whether there is a leader or not.
const STREAMED: &str = "X-Consul-Knownleader: false\r\nX-Consul-Lastcontact: 0\r\n\
    X-Consul-Query-Backend: streaming\r\n";

/// The server; dropping it ends it.
pub(crate) struct Fake {
    address: SocketAddr,
    answered: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

impl Request {
    /// `PUT /v1/...`.
    pub(crate) fn line(&self) -> &str {
        let line = self.head.lines().next().unwrap_or_default();
        line.trim_end_matches(" HTTP/1.1")
    }
}

impl Fake {
    pub(crate) async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(None, Arc::new(handler)).await
    }

    pub(crate) async fn start_tls(
        config: ServerConfig,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::serve(Some(acceptor), Arc::new(handler)).await
    }

    async fn serve(tls: Option<TlsAcceptor>, handler: Arc<Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answered = Arc::<Mutex<Vec<Request>>>::default();
        let log = answered.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, handler, log) = (tls.clone(), handler.clone(), log.clone());
                tokio::spawn(async move {
                    match tls {
                        None => connection(stream, &*handler, &log).await,
                        Some(tls) => {
                            // A client that trusts nobody here leaves.
                            if let Ok(stream) = tls.accept(stream).await {
                                connection(stream, &*handler, &log).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            answered,
            task,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that were answered, in the order of the answers.
    pub(crate) fn answered(&self) -> Vec<Request> {
        self.answered.lock().unwrap().clone()
    }

    /// How many requests were answered whose line begins like this.
    pub(crate) fn count(&self, line: &str) -> usize {
        let is_such = |request: &&Request| request.line().starts_with(line);
        self.answered().iter().filter(is_such).count()
    }

    /// Settings to reach it.
    pub(crate) fn config(&self) -> Config {
        Config::at(&self.address.to_string()).unwrap()
    }

    /// A client of it.
    pub(crate) fn consul(&self) -> Consul {
        Consul::new(self.config())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request and its answer: connections are not used twice.
async fn connection<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    handler: &Handler,
    log: &Mutex<Vec<Request>>,
) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let mut reply = handler(&request);
    while let Reply::Late(after, later) = reply {
        sleep(after).await;
        reply = *later;
    }
    let bytes = match reply {
        Reply::Json(index, body) => response(200, &format!("X-Consul-Index: {index}\r\n"), &body),
        Reply::Streamed(index, body) => response(
            200,
            &format!("X-Consul-Index: {index}\r\n{STREAMED}"),
            &body,
        ),
        Reply::Status(status, body) => response(status, "", &body),
        Reply::Raw(bytes) => bytes,
        Reply::Late(..) | Reply::Hang => std::future::pending().await,
    };
    log.lock().unwrap().push(request);
    // A client may be gone before it is told everything.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

fn response(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Such\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = whole(&bytes) {
            return Some(request);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn whole(bytes: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.parse().unwrap());
    (body.len() >= length).then(|| Request {
        head: head.to_owned(),
        body: body.to_owned(),
    })
}
