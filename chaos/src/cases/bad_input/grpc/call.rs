//! One call, well or not, over a connection of its own.

use std::{fmt, net::SocketAddr, time::Duration};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest, handshake};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use tokio::{net::TcpStream, time::timeout};

use crate::Failure;

/// A server that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(20);

const OK: u16 = 0;
const UNKNOWN: u16 = 2;
const UNIMPLEMENTED: u16 = 12;

/// What has to become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// One of these gRPC statuses.
    Status(&'static [u16]),
    /// This HTTP status, for what is no gRPC.
    Http(u16),
    /// A gRPC status that is not OK, an HTTP status of 4xx, or the end of the stream or the connection.
    Refused,
    /// Any gRPC status that an application may answer with.
    Judged,
}

/// A call to send.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    /// Frames of gRPC, as a rule.
    pub(super) body: Vec<u8>,
    pub(super) expect: Expect,
}

/// What was heard.
enum Heard {
    Grpc { status: u16, message: String },
    Http(u16),
    Reset(String),
    Nothing,
}

impl Call {
    /// The service that the path names, as the registry has it.
    pub(super) fn service(&self) -> &'static str {
        let services = ["geo", "rate", "profile", "search"];
        let named = |service: &&&str| self.path.starts_with(&format!("/{service}."));
        services.iter().find(named).unwrap_or(&"geo")
    }

    pub(super) fn header(mut self, name: &str, value: &[u8]) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = HeaderValue::from_bytes(value).expect("a header's value");
        self.headers.insert(name, value);
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Calls, and says what is wrong with what was heard.
    pub(super) async fn judge(&self, address: SocketAddr) -> Option<String> {
        let heard = match timeout(PATIENCE, self.send(address)).await {
            Ok(Ok(heard)) => heard,
            Ok(Err(failure)) => Heard::Reset(failure.to_string()),
            Err(_) => Heard::Nothing,
        };
        let good = match (self.expect, &heard) {
            (_, Heard::Nothing) => false,
            (Expect::Status(expected), Heard::Grpc { status, message }) => {
                // For a method that is none, the generated code has no more words than its status.
                expected.contains(status) && (!message.is_empty() || *status == UNIMPLEMENTED)
            }
            (Expect::Http(expected), Heard::Http(status)) => *status == expected,
            (Expect::Refused, Heard::Grpc { status, .. }) => *status != OK,
            (Expect::Refused, Heard::Http(status)) => (400..500).contains(status),
            (Expect::Refused, Heard::Reset(_)) => true,
            // That is what nobody meant to say.
            (Expect::Judged, Heard::Grpc { status, .. }) => *status != UNKNOWN,
            _ => false,
        };
        (!good).then(|| format!("{}: {:?} expected, got {heard}", self.name, self.expect))
    }

    async fn send(&self, address: SocketAddr) -> Result<Heard, Failure> {
        let stream = TcpStream::connect(address).await?;
        let (sender, connection) = handshake(stream).await?;
        // It ends with the last of its streams.
        tokio::spawn(connection);
        let mut sender: SendRequest<Bytes> = sender.ready().await?;
        let uri = format!("http://{address}{}", self.path);
        let mut request = Request::builder().method(self.method.clone()).uri(uri);
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&self.headers);
        }
        let (answer, mut body) = sender.send_request(request.body(())?, false)?;
        body.send_data(self.body.clone().into(), true)?;
        hear(answer).await
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grpc { status, message } => write!(f, "grpc-status {status} {message:?}"),
            Self::Http(status) => write!(f, "HTTP status {status}"),
            Self::Reset(how) => f.write_str(how),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

async fn hear(answer: ResponseFuture) -> Result<Heard, Failure> {
    let (head, mut body) = answer.await?.into_parts();
    if head.status != 200 {
        return Ok(Heard::Http(head.status.as_u16()));
    }
    if let Some(heard) = status(&head.headers) {
        return Ok(heard);
    }
    while let Some(data) = body.data().await {
        body.flow_control().release_capacity(data?.len())?;
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    status(&trailers).ok_or_else(|| "an answer without a status".into())
}

fn status(headers: &HeaderMap) -> Option<Heard> {
    let text = |name| headers.get(name).map(HeaderValue::to_str);
    let status = text("grpc-status")?.ok()?.parse().ok()?;
    let message = text("grpc-message")
        .and_then(Result::ok)
        .unwrap_or_default();
    Some(Heard::Grpc {
        status,
        message: message.to_owned(),
    })
}
