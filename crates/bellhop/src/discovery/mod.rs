//! Discovery: who serves, as a stream of changes.
//!
//! [`watch`] follows a service by Consul's blocking queries. The rules are apart from the plumbing: what to ask for next
//! (`index`), how often (`bucket`), who serves by an answer (`serving`), whether it is of a registry that was set back (`marks`), whom
//! to keep against it (`hold`, `floor`, together in `view`), whether an empty one hides somebody (`doubt`) and what changed (`diff`)
//! are plain values; `follower` asks, and `cache` is a file. `subset` has a caller hear of some of very many.

mod bucket;
mod cache;
mod diff;
mod doubt;
mod floor;
mod follower;
mod hold;
mod index;
mod instance;
mod marks;
mod serving;
mod settings;
mod subset;
mod view;
mod watch;

pub(crate) use bucket::Bucket;
pub(crate) use index::Index;
pub use instance::{About, Change, Event, Instance, InstanceId, Notes};
pub use settings::Settings;
pub(crate) use subset::{Caller, Width, narrowed, read as read_subset, warn_if_few};
pub use watch::{Watch, watch};
