//! What a call keeps of its request, to send it again.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, uri::PathAndQuery};
use http_body::{Frame, SizeHint};
use tonic::{Status, body::Body};

use super::attempts::{ATTEMPTS, share as share_value};
use crate::{
    deadline::{GRPC_TIMEOUT, format_timeout},
    endpoint::RequestBody,
    explain::CallRecord,
    telemetry::{CallSpan, Notes},
};

/// Requests up to this size are kept; larger ones are sent once.
const MOST_KEPT: usize = 64 * 1024;

/// How many attempts came before this one, as gRPC has it.
const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

/// A request that can be sent again.
#[derive(Debug)]
pub(super) struct Kept {
    path: Option<PathAndQuery>,
    headers: Packed,
    body: Bytes,
    /// Where the call's attempts are noted, if they are.
    record: Option<CallRecord>,
    /// Where more is noted of the call, if it is recorded.
    pub(super) notes: Option<Notes>,
}

/// Takes a request apart: what goes out now, and what to keep for later where it can be kept.
pub(super) fn keep(request: Request<Body>) -> (Request<RequestBody>, Option<Kept>) {
    let (parts, body) = request.into_parts();
    match read(body) {
        Ok(body) => {
            let kept = Kept {
                path: parts.uri.path_and_query().cloned(),
                headers: Packed::new(&parts.headers),
                body: body.clone(),
                record: parts.extensions.get().cloned(),
                notes: parts.extensions.get().cloned(),
            };
            (
                Request::from_parts(parts, RequestBody::whole(body)),
                Some(kept),
            )
        }
        Err(body) => (
            Request::from_parts(parts, RequestBody::Streaming(body)),
            None,
        ),
    }
}

impl Kept {
    /// The request once more, with what is left of its time and what it may use up; `previous` attempts have failed before.
    pub(super) fn request(
        &self,
        timeout: Option<Duration>,
        share: Option<u32>,
        previous: u32,
    ) -> Request<RequestBody> {
        let mut request = Request::new(RequestBody::whole(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        if let Some(path) = &self.path {
            *request.uri_mut() = Uri::from(path.clone());
        }
        if let Some(record) = &self.record {
            request.extensions_mut().insert(record.clone());
        }
        if let Some(notes) = &self.notes {
            request.extensions_mut().insert(notes.clone());
        }
        let headers = request.headers_mut();
        self.headers.unpack(headers);
        if let Some(timeout) = timeout {
            headers.insert(GRPC_TIMEOUT, format_timeout(timeout));
        }
        if let Some(share) = share {
            headers.insert(ATTEMPTS, share_value(share));
        }
        if previous > 0 {
            headers.insert(PREVIOUS_ATTEMPTS, HeaderValue::from(previous));
        }
        request
    }
}

impl Kept {
    /// The span of the first attempt, which is about to have others beside or behind it; `None` where nothing is recorded.
    pub(super) fn first_span(&self) -> Option<CallSpan> {
        let notes = self.notes.as_ref()?;
        Some(notes.first_attempt(self.path()))
    }

    /// The span of a further attempt, which begins.
    pub(super) fn span(&self, kind: &'static str) -> Option<CallSpan> {
        let notes = self.notes.as_ref()?;
        Some(notes.attempt(self.path(), kind))
    }

    fn path(&self) -> &str {
        self.path.as_ref().map_or("/", PathAndQuery::path)
    }
}

/// Headers in one piece of memory: most calls never look at them again.
#[derive(Debug)]
struct Packed(Vec<u8>);

impl Packed {
    /// All headers that stay as they are from attempt to attempt.
    fn new(headers: &HeaderMap) -> Self {
        let stay = || {
            headers
                .iter()
                .filter(|(name, _)| **name != GRPC_TIMEOUT && **name != ATTEMPTS)
        };
        let size =
            |(name, value): (&HeaderName, &HeaderValue)| 8 + name.as_str().len() + value.len();
        let mut packed = Vec::with_capacity(stay().map(size).sum());
        for (name, value) in stay() {
            for part in [name.as_str().as_bytes(), value.as_bytes()] {
                // No header is longer than what HTTP/2 lets through.
                packed.extend((part.len() as u32).to_le_bytes());
                packed.extend(part);
            }
        }
        Self(packed)
    }

    fn unpack(&self, headers: &mut HeaderMap) {
        let mut rest = &*self.0;
        while let (Some(name), Some(value)) = (take(&mut rest), take(&mut rest)) {
            let name = HeaderName::from_bytes(name);
            // They were headers when they were packed.
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
    }
}

fn take<'p>(packed: &mut &'p [u8]) -> Option<&'p [u8]> {
    let (size, rest) = packed.split_first_chunk()?;
    let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
    *packed = rest;
    Some(part)
}

/// Reads a body that is all there and not too large; else gives back one that begins with what was read.
///
/// The body of a call with one request has all of it at once, and waits for nothing.
fn read(mut body: Body) -> Result<Bytes, Body> {
    // Whoever sends the body polls it again, with a waker of its own.
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    loop {
        let next = match http_body::Body::poll_frame(Pin::new(&mut body), &mut cx) {
            Poll::Ready(None) if all.is_empty() => return Ok(first),
            Poll::Ready(None) => return Ok(all.freeze()),
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) if first.is_empty() => {
                    first = data;
                    if first.len() <= MOST_KEPT {
                        continue;
                    }
                    None
                }
                Ok(data) => {
                    if all.is_empty() {
                        all.extend_from_slice(&first);
                    }
                    all.extend_from_slice(&data);
                    if all.len() <= MOST_KEPT {
                        continue;
                    }
                    None
                }
                Err(trailers) => Some(Ok(trailers)),
            },
            Poll::Ready(Some(Err(status))) => Some(Err(status)),
            Poll::Pending => None,
        };
        let begun = if all.is_empty() { first } else { all.freeze() };
        return Err(Body::new(Begun {
            begun: (!begun.is_empty()).then_some(begun),
            next,
            rest: body,
        }));
    }
}

/// A body of which something has been read already.
struct Begun {
    begun: Option<Bytes>,
    next: Option<Result<Frame<Bytes>, Status>>,
    rest: Body,
}

impl http_body::Body for Begun {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(data) = self.begun.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(next) = self.next.take() {
            return Poll::Ready(Some(next));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_none() && self.next.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.begun, &self.next) {
            (None, None) => self.rest.size_hint(),
            _ => SizeHint::default(),
        }
    }
}
