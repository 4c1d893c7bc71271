//! What a member serves: gRPC services or an HTTP application, and how it is served.
//!
//! `stack.rs` shows the whole server stack.

/// Where an HTTP application says that it is alive.
pub(crate) const ALIVE: &str = "/healthz";
/// Where it says whether it can do its work, if it does.
const READY: &str = "/readyz";

mod accepting;
mod activity;
mod app;
mod body;
mod call;
mod connection;
mod explain;
mod faults;
mod http_call;
mod incoming;
mod limit;
mod listener;
mod local;
mod observe;
mod panic;
mod probe;
mod received;
mod refusal;
mod request_id;
mod routes;
mod settings;
mod shed;
mod sockets;
mod sparse;
mod spread;
mod stack;
mod steer;
mod unread;

pub(crate) use accepting::Accepting;
pub(crate) use activity::Activities;
use activity::Activity;
pub(crate) use app::Kind;
pub use app::{App, HttpRoute, QueryParameters, RemoteAddr, SpanEvent};
pub use faults::FaultReport;
pub(crate) use faults::{Faults, Wish};
pub(crate) use limit::Limits;
pub(crate) use listener::{Listener, Serving, Worker, bind};
pub(crate) use local::{Local, LocalBody};
pub(crate) use observe::AccessLog;
pub(crate) use panic::Panics;
pub use probe::ProbeError;
pub(crate) use probe::until_serving;
pub use received::RequestBody;
pub use request_id::{X_REQUEST_ID, request_id};
pub use routes::Services;
pub(crate) use settings::Settings;
pub(crate) use shed::Shedding;
pub(crate) use sockets::{Ends, Sockets};
pub(crate) use stack::{Parts, Stack, compose};
