//! Discovery: who serves, as a stream of changes.
//!
//! [`watch`] follows a service by Consul's blocking queries. The rules are apart from the plumbing: what to ask for next
//! (`index`), how often (`bucket`), who may be called (`serving`) and what changed (`diff`) are plain values; `watch` asks.

mod bucket;
mod diff;
mod index;
mod instance;
mod serving;
mod settings;
mod watch;

pub(crate) use bucket::Bucket;
pub use instance::{Change, Event, Instance, InstanceId};
pub use settings::Settings;
pub use watch::{Watch, watch};
