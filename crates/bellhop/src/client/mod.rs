//! Calls to other services: [`Channel`] and what it is made of.
//!
//! `stack.rs` shows the whole client stack.

mod ahead;
mod balanced;
mod body;
mod channel;
mod deadline;
mod error;
mod explain;
mod limit;
mod passed_on;
mod reading;
mod retry;
mod settings;
mod stack;
mod trace;

pub use body::ResponseBody;
pub use channel::{Channel, ResponseFuture};
pub use error::Error;
pub use passed_on::passed_on;
pub(crate) use retry::{Allowance, Budget, attempts};
pub use retry::{Attempted, End, Trail};
pub(crate) use settings::Settings;

pub use crate::{
    breaker::BreakerState,
    endpoint::{ConnectError, Peer, Stranger},
    http2::ConnectionError,
    upstream::{
        CallsReport, Cause, ConnectionReport, ErrorReport, InstanceReport, InstanceState,
        LatencyReport, Report, SplitReport, StreamsReport, UpstreamReport, VersionReport,
    },
};
