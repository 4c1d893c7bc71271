//! A gRPC probe: `grpc.health.v1.Health/Check`, spoken by hand.
//!
//! The two messages have one field each, which does not warrant a gRPC client and its code
//! generator.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::Finding;

/// An answer of one small message is all that is expected.
const MAX_BODY: usize = 4096;
/// How long the end of the connection may take.
const FAREWELL: Duration = Duration::from_millis(100);
const SERVING: u64 = 1;
/// The names of the numbers of `google.rpc.Code`.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// What a gRPC probe asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrpcTarget {
    /// `host:port`
    pub(crate) address: String,
    /// Empty asks about the server as a whole.
    pub(crate) service: String,
}

type Sender = http2::SendRequest<Full<Bytes>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

impl GrpcTarget {
    /// Reads `host:port` or `host:port/service`.
    pub(crate) fn parse(text: &str) -> Self {
        let (address, service) = text.split_once('/').unwrap_or((text, ""));
        Self {
            address: address.to_owned(),
            service: service.to_owned(),
        }
    }
}

pub(super) async fn look(target: &GrpcTarget) -> Finding {
    let name = match target.service.as_str() {
        "" => target.address.clone(),
        service => format!("{}/{service}", target.address),
    };
    match ask(target).await {
        Ok(()) => Finding::passing(format!("gRPC check {name}: success")),
        Err(error) => Finding::critical(error.to_string()),
    }
}

async fn ask(target: &GrpcTarget) -> Result<(), Failure> {
    let stream = TcpStream::connect(&target.address)
        .await
        .map_err(|error| unavailable(target, &error))?;
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| unavailable(target, &error))?;
    let driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let outcome = exchange(&mut sender, target).await;
    // With the last sender gone the connection says goodbye, instead of breaking off each time in
    // the logs of the service.
    drop(sender);
    let _ = timeout(FAREWELL, driver).await;
    outcome
}

async fn exchange(sender: &mut Sender, target: &GrpcTarget) -> Result<(), Failure> {
    let response = sender
        .send_request(request(target)?)
        .await
        .map_err(|error| unavailable(target, &error))?;
    let (head, body) = response.into_parts();
    if !head.status.is_success() {
        return Err(format!(
            "rpc error: code = Unknown desc = HTTP status {}",
            head.status
        )
        .into());
    }
    let body = Limited::new(body, MAX_BODY).collect().await?;
    // An answer without a message has its status in the headers.
    check_status(body.trailers().unwrap_or(&head.headers))?;
    match serving_status(&body.to_bytes()) {
        Some(SERVING) => Ok(()),
        _ => Err("gRPC application didn't report service healthy".into()),
    }
}

fn unavailable(target: &GrpcTarget, error: &dyn std::fmt::Display) -> String {
    let address = &target.address;
    format!("rpc error: code = Unavailable desc = connection error: dial tcp {address}: {error}")
}

fn request(target: &GrpcTarget) -> Result<Request<Full<Bytes>>, http::Error> {
    Request::builder()
        .method(Method::POST)
        .uri(format!(
            "http://{}/grpc.health.v1.Health/Check",
            target.address
        ))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .header(header::USER_AGENT, "mini-consul")
        .body(Full::new(frame(&target.service)))
}

fn check_status(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status") {
        Some("0") => Ok(()),
        None => Err("rpc error: code = Unknown desc = no status in the answer".into()),
        Some(code) => {
            let name = code
                .parse()
                .ok()
                .and_then(|code: usize| CODES.get(code).copied())
                .unwrap_or("Unknown");
            let message = text("grpc-message").unwrap_or_default();
            Err(format!("rpc error: code = {name} desc = {message}").into())
        }
    }
}

/// `HealthCheckRequest { string service = 1; }`, uncompressed and with its length before it.
fn frame(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        message.put_u8(1 << 3 | 2);
        put_varint(&mut message, service.len() as u64);
        message.put_slice(service.as_bytes());
    }
    let mut frame = BytesMut::with_capacity(5 + message.len());
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.put_slice(&message);
    frame.freeze()
}

/// The status of `HealthCheckResponse { ServingStatus status = 1; }`; absent is 0.
fn serving_status(frame: &[u8]) -> Option<u64> {
    let (head, mut message) = frame.split_at_checked(5)?;
    if head[0] != 0 {
        return None;
    }
    let mut status = 0;
    while !message.is_empty() {
        let key = take_varint(&mut message)?;
        match (key >> 3, key & 7) {
            (field, 0) => {
                let value = take_varint(&mut message)?;
                status = if field == 1 { value } else { status };
            }
            (_, 2) => {
                let length = usize::try_from(take_varint(&mut message)?).ok()?;
                message = message.get(length..)?;
            }
            _ => return None,
        }
    }
    Some(status)
}

fn put_varint(buffer: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        buffer.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    buffer.put_u8(value as u8);
}

fn take_varint(buffer: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = buffer.split_first()?;
        *buffer = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_host_and_service() {
        let target = GrpcTarget::parse("127.0.0.1:80/geo.Geo");
        assert_eq!(
            (target.address.as_str(), target.service.as_str()),
            ("127.0.0.1:80", "geo.Geo")
        );
        assert_eq!(GrpcTarget::parse("[::1]:80").service, "");
    }

    #[test]
    fn writes_the_message_of_the_protocol() {
        assert_eq!(&frame("")[..], b"\0\0\0\0\0");
        assert_eq!(&frame("geo")[..], b"\0\0\0\0\x05\x0a\x03geo");
        let long = "x".repeat(300);
        assert_eq!(frame(&long)[5..8], [0x0a, 0xac, 0x02]);
    }

    #[test]
    fn reads_the_message_of_the_protocol() {
        assert_eq!(serving_status(b"\0\0\0\0\x02\x08\x01"), Some(SERVING));
        assert_eq!(serving_status(b"\0\0\0\0\x02\x08\x02"), Some(2));
        assert_eq!(
            serving_status(b"\0\0\0\0\0"),
            Some(0),
            "an absent status is unknown"
        );
        assert_eq!(
            serving_status(b"\0\0\0\0\x05\x12\x01x\x08\x01"),
            Some(SERVING),
            "an unknown field first"
        );
        for bad in [
            &b""[..],
            b"\0\0",
            b"\x01\0\0\0\x02\x08\x01",
            b"\0\0\0\0\x02\x08",
            b"\0\0\0\0\x02\x12\x09",
        ] {
            assert_eq!(serving_status(bad), None, "{bad:?}");
        }
    }
}
