//! An HTTP probe: any 2xx passes, 429 is a warning, all else is critical.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::Finding;
use crate::state::Status;

/// How much of the body is read; the output of a check is cut shorter still.
const MAX_BODY: usize = 64 * 1024;

/// What an HTTP probe asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpTarget {
    pub(crate) method: Method,
    pub(crate) url: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn look(target: &HttpTarget) -> Finding {
    match ask(target).await {
        Ok((status, body)) => {
            let output = format!(
                "HTTP {} {}: {status} Output: {body}",
                target.method, target.url
            );
            let status = match status {
                status if status.is_success() => Status::Passing,
                StatusCode::TOO_MANY_REQUESTS => Status::Warning,
                _ => Status::Critical,
            };
            Finding { status, output }
        }
        Err(error) => Finding::critical(format!("{} \"{}\": {error}", target.method, target.url)),
    }
}

async fn ask(target: &HttpTarget) -> Result<(StatusCode, String), Failure> {
    let host = target.url.host().ok_or("no host in the URL")?;
    let port = target.url.port_u16().unwrap_or(80);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port))
        .await
        .map_err(|error| format!("dial tcp {host}:{port}: {error}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let response = sender.send_request(request(target, host)?).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_BODY)
        .collect()
        .await?
        .to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

fn request(target: &HttpTarget, host: &str) -> Result<Request<Full<Bytes>>, Failure> {
    let path = target
        .url
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let authority = target
        .url
        .authority()
        .map_or(host, |authority| authority.as_str());
    let mut request = Request::builder()
        .method(&target.method)
        .uri(path)
        .body(Full::new(target.body.clone()))?;
    let headers = request.headers_mut();
    headers.clone_from(&target.headers);
    let defaults = [
        (header::HOST, authority),
        (header::USER_AGENT, "Consul Health Check"),
        (header::ACCEPT, "text/plain, text/*, */*"),
    ];
    for (name, value) in defaults {
        if !headers.contains_key(&name) {
            headers.insert(name, value.parse()?);
        }
    }
    Ok(request)
}
