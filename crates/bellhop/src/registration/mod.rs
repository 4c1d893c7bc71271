//! Keeps an instance registered in Consul for as long as it serves.
//!
//! [`start`] registers an instance that serves already and keeps it registered: one task waits at the agent for word that the
//! registration is gone or was changed, and puts it right. [`Registered::deregister`] ends that before it takes the instance
//! off the agent, so that nothing registers it behind its back.

mod address;
mod advertise;
#[cfg(test)]
mod agent;
mod keeper;
mod registered;
mod remains;
mod same;
mod settings;
mod spec;
mod ttl;

pub use address::{HostPort, InvalidHostPort};
pub use advertise::NoAddress;
pub(crate) use registered::{Place, start_at};
pub use registered::{Registered, State, start};
pub use settings::{CheckBy, Settings};
pub(crate) use spec::VERSION;
pub use spec::{Protocol, Spec};
