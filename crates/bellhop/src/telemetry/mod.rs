//! Spans of every hop, how traces and baggage go from hop to hop, and the export of spans by OTLP.
//!
//! Each member of a process has a [`Telemetry`] of its own, with its own service name: nothing here is global, and nothing
//! is read from the process environment but through [`Settings::read`].
//!
//! The sampling decision comes first. A call that is not recorded costs the parsing of one header and, for its callees, the
//! writing of one; its [`CallSpan`] is only the context to hand on. A recorded span is filled in directly, not by way of a
//! tracer, and goes to the SDK's batch processor, which exports on a thread of its own: its queue is bounded, and a span
//! that finds it full is dropped. Where no collector is set, a few are kept in memory instead (`kept`), for the mesh page.
//!
//! ```no_run
//! # use bellhop::{config::{Environment, Reader}, telemetry::{Identity, ServerCall, Settings}};
//! # use std::time::Duration;
//! # async fn run(headers: http::HeaderMap) -> Result<(), Box<dyn std::error::Error>> {
//! let mut reader = Reader::new(&Environment);
//! let settings = Settings::read(&mut reader);
//! reader.finish()?;
//! let telemetry = settings.start(Identity { service: "geo", instance: "geo-1", version: "1.0.0" })?;
//!
//! let span = telemetry.server(&headers, ServerCall { path: "/geo.Geo/Nearby", peer: None });
//! // … the handler runs, with span.context() in its scope …
//! span.end_grpc(tonic::Code::Ok);
//!
//! telemetry.shutdown(Duration::from_secs(2)).await?;
//! # Ok(())
//! # }
//! ```

mod background;
mod call;
mod collector;
mod export;
mod http;
mod kept;
pub(crate) mod metrics;
mod notes;
mod pairs;
mod processor;
mod propagation;
mod queue;
mod sampler;
mod settings;
mod span;
mod status;
mod tracer;

pub use call::{ClientCall, HttpCall, ServerCall};
pub use export::StartError;
pub(crate) use kept::{Kept, KeptSpan, KeptTrace, Watched, trace_id};
pub use metrics::{Metrics, MetricsText};
pub(crate) use notes::Notes;
pub use propagation::{Baggage, extract, inject};
pub(crate) use queue::Losses;
pub use settings::{Identity, Settings};
pub use span::CallSpan;
pub(crate) use span::ENDPOINT_ID;
pub use status::code_name;
pub(crate) use tracer::is_work;
pub use tracer::{Telemetry, Unflushed, new_trace_id};
