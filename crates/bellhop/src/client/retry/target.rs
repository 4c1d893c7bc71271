//! What a call is tried on, as far as trying again needs to know it.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response};
use tonic::Code;

use super::{Failure, Trail};
use crate::{
    discovery::InstanceId,
    endpoint::{Peer, RequestBody},
};

/// Makes single attempts.
pub(crate) trait Target: Clone + Send + Sync + 'static {
    /// The body of an answer.
    type Body: Begin<Error = Self::Error>;
    /// Why there is no answer.
    type Error: Fail;
    /// An attempt.
    type Attempt: Attempt<Output = Result<Response<Self::Body>, Self::Error>>;

    /// Begins an attempt, with somebody who is not to be avoided where there is one.
    fn attempt(&self, request: Request<RequestBody>, avoid: Vec<InstanceId>) -> Self::Attempt;

    /// Whether there is somebody who is not to be avoided.
    fn has_other(&self, avoid: &[InstanceId]) -> bool;
}

/// An attempt.
pub(crate) trait Attempt: Future + Unpin + Send + 'static {
    /// Whom it has been sent to, once it has.
    fn peer(&self) -> Option<&Arc<Peer>>;
}

/// How far an answer is looked at before the caller has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Its head says all that there is to know.
    Nowhere,
    /// Its first frame may be its status.
    Inside,
    /// It is one message: what breaks off before its status is no answer. A long one is looked at for its first 64 KiB.
    AtTheEnd,
}

/// The body of an answer that may turn out to be none.
pub(crate) trait Begin: Send + 'static {
    /// Why it breaks off.
    type Error;

    /// Waits until so much is there that is looked at, and keeps it.
    ///
    /// # Errors
    /// Why it is not.
    fn poll_begun(&mut self, cx: &mut Context<'_>, look: Look) -> Poll<Result<(), Self::Error>>;

    /// The trailers, where they are the first frame.
    fn trailers(&mut self) -> Option<&mut HeaderMap>;

    /// Who answers.
    fn peer(&self) -> &Arc<Peer>;

    /// Takes along what the call has been through.
    fn set_trail(&mut self, trail: Box<Trail>);
}

/// Why an attempt has no answer.
pub(crate) trait Fail: fmt::Display + Send + 'static {
    /// What it means for another attempt.
    fn failure(&self) -> Failure;

    /// What it is in gRPC.
    fn code(&self) -> Code {
        Code::Unavailable
    }

    /// Whom the attempt was sent to.
    fn peer(&self) -> Option<&Arc<Peer>>;

    /// The same at the end of a call that made so many attempts.
    fn after(self, attempts: u32, trail: Box<Trail>) -> Self;
}
