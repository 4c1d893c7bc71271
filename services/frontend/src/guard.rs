//! Keeps a request from costing more than itself: its time is bounded, and its panic is an answer.

use std::{any::Any, future::Future, time::Duration};

use axum::response::{IntoResponse, Response};

use crate::error::Fault;

/// Answers 504 after the deadline; what was under way is dropped, which cancels its calls.
pub(crate) async fn in_time(
    deadline: Duration,
    answer: impl Future<Output = impl IntoResponse>,
) -> Response {
    match tokio::time::timeout(deadline, answer).await {
        Ok(answer) => answer.into_response(),
        Err(_) => Fault::late(deadline).into_response(),
    }
}

/// The answer of a handler that panics.
pub(crate) fn broken(panic: &(dyn Any + Send)) -> Response {
    Fault::internal(words(panic)).into_response()
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("without words"))
}
