//! The body of an answer, to the end of its span: a gRPC call ends with its stream.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use tonic::{Code, Status};

use super::{Open, access::Entry, refused};
use crate::{
    server::{activity::InFlight, app::SpanEvent, body::ResponseBody},
    telemetry::CallSpan,
};

/// The body of an answer, watched.
pub(in crate::server) struct Observed {
    inner: ResponseBody,
    span: Option<CallSpan>,
    in_flight: Option<InFlight>,
    entry: Entry,
}

impl Observed {
    pub(super) fn wrap(response: Response<ResponseBody>, open: Open) -> Response<Self> {
        let Open {
            mut span,
            in_flight,
            mut entry,
            ..
        } = open;
        if let Some(SpanEvent(name)) = response.extensions().get() {
            span.event(name);
        }
        if response.body().is_handled() {
            span.handled();
        }
        let mut span = Some(span);
        // An answer of trailers only has its status here.
        if let Some(code) = code(response.headers())
            && let Some(mut span) = span.take()
        {
            if let Some(limiter) = refused(response.headers()) {
                span.refused(limiter);
            }
            span.end_grpc(code);
            entry.end_grpc(code);
        }
        response.map(|inner| Self {
            inner,
            span,
            in_flight,
            entry,
        })
    }

    fn end(&mut self, code: Code) {
        self.in_flight = None;
        self.entry.end_grpc(code);
        if let Some(span) = self.span.take() {
            span.end_grpc(code);
        }
    }
}

impl Drop for Observed {
    /// A stream that its deadline has ended was not left by its caller, who may never have come to read of it.
    fn drop(&mut self) {
        if self.inner.is_out_of_time() {
            self.end(Code::DeadlineExceeded);
        }
    }
}

fn code(headers: &HeaderMap) -> Option<Code> {
    headers
        .get(Status::GRPC_STATUS)
        .map(|code| Code::from_bytes(code.as_bytes()))
}

impl Body for Observed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.entry.sent(data.len() as u64);
                }
                if let Some(trailers) = frame.trailers_ref() {
                    self.end(code(trailers).unwrap_or(Code::Unknown));
                }
            }
            Some(Err(status)) => self.end(status.code()),
            None => self.end(Code::Ok),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
