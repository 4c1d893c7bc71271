//! Asks a member how it is.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{net::TcpStream, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::told::View;
use crate::telemetry::KeptSpan;

/// For all of it. Whoever is slower is asked again, and is late for nobody else.
const PATIENCE: Duration = Duration::from_secs(1);
const ANSWER_MAX: usize = 8 << 20;

/// Why a member's own view is not seen from here. That is no fault of the member's: by default only its own host may ask.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unseen {
    #[error("{0}")]
    Connect(#[from] io::Error),
    #[error("its admin endpoint does not answer: {0}")]
    Http(#[from] hyper::Error),
    #[error("its admin endpoint answers {0}")]
    Status(StatusCode),
    #[error("its admin endpoint answers more than {ANSWER_MAX} bytes")]
    TooLarge,
    #[error("its admin endpoint breaks off")]
    Broken,
    #[error("its admin endpoint does not answer as a member does")]
    Nonsense,
    #[error("another member answers in its place")]
    Stranger,
    #[error("no answer within {PATIENCE:?}")]
    Late,
    #[error("the registry says of no admin endpoint")]
    Nowhere,
}

/// The view of the member with this id, whose admin endpoint is there.
pub(super) async fn view(id: &str, address: &str) -> Result<View, Unseen> {
    let asked = timeout(PATIENCE, ask(address, "/mesh")).await;
    let view: View = asked.map_err(|_| Unseen::Late)??;
    // An address such as 127.0.0.1 leads to somebody else on every host.
    let is_it = view.instance.as_deref() == Some(id);
    is_it.then_some(view).ok_or(Unseen::Stranger)
}

/// What a member keeps of a trace.
#[derive(Deserialize)]
struct Told {
    instance: Option<String>,
    spans: Vec<KeptSpan>,
}

/// The spans that the member with this id keeps of a trace.
pub(super) async fn spans(id: &str, address: &str, trace: &str) -> Result<Vec<KeptSpan>, Unseen> {
    let path = format!("/spans?trace={trace}");
    let asked = timeout(PATIENCE, ask(address, &path)).await;
    let told: Told = asked.map_err(|_| Unseen::Late)??;
    let is_it = told.instance.as_deref() == Some(id);
    is_it.then_some(told.spans).ok_or(Unseen::Stranger)
}

async fn ask<T: DeserializeOwned>(address: &str, path: &str) -> Result<T, Unseen> {
    let request = Request::get(path).body(Full::default());
    let (status, body) = send(address, request).await?;
    if status != StatusCode::OK {
        return Err(Unseen::Status(status));
    }
    serde_json::from_slice(&body).map_err(|_| Unseen::Nonsense)
}

/// Has a member do something; what its admin endpoint answers.
pub(super) async fn tell(
    address: &str,
    request: http::Result<Request<Full<Bytes>>>,
) -> Result<(StatusCode, Bytes), Unseen> {
    timeout(PATIENCE, send(address, request))
        .await
        .map_err(|_| Unseen::Late)?
}

async fn send(
    address: &str,
    request: http::Result<Request<Full<Bytes>>>,
) -> Result<(StatusCode, Bytes), Unseen> {
    let mut request = request.map_err(|_| Unseen::Nonsense)?;
    let host = HeaderValue::from_str(address).map_err(|_| Unseen::Nonsense)?;
    request.headers_mut().insert(header::HOST, host);
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_MAX).collect();
    let body = body
        .await
        .map_err(|error| match error.is::<LengthLimitError>() {
            true => Unseen::TooLarge,
            false => Unseen::Broken,
        })?;
    Ok((status, body.to_bytes()))
}
