//! One instance of a service and the HTTP/2 connection to it.
//!
//! A [`Endpoint`] is a connection that has answered, not an address that may: [`supervise`] makes it, puts it in turn, waits
//! for its end and makes it anew. A [`Group`] is what all of them together are: who is trusted, and with how much.

mod body;
mod connect;
mod error;
mod greeting;
mod group;
mod latencies;
mod ramp;
mod sender;
mod service;
mod settings;
mod supervisor;
mod tally;

pub(crate) use body::RequestBody;
pub(crate) use connect::{Connector, probe};
pub(crate) use error::CallError;
pub use error::{ConnectError, Stranger};
pub(crate) use group::{Group, Panic, Standing};
pub(crate) use latencies::Counts;
pub(crate) use sender::AnswerBody;
pub use service::Peer;
pub(crate) use service::{Answer, Connected, Endpoint, Target};
pub(crate) use settings::Settings;
pub(crate) use supervisor::{Failures, Vouch, supervise};
pub(crate) use tally::{Account, Failure, Tallied};
