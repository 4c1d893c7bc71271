//! Strict round robin by key, as a tower service.
//!
//! A [`Ring`] holds who takes turns, for a whole process; a [`Shard`] holds the services that one runtime has joined to it; a
//! [`RoundRobin`] is the tower service over a shard. Any number of clones and shards take their turns from one cursor, so
//! over a stable set of equal members the counts of any two differ by at most one, whoever calls.
//!
//! A pick reads an immutable snapshot and adds one to an atomic: it locks nothing, and no task stands between the caller
//! and the member's service. Turns go by key, not by index: when members come and go, the next turn goes to the key that
//! follows the one served last, so that a change of the set never starves anybody.
//!
//! Where the traffic of a service is [split](crate::split) by version, a request takes a turn of the versions first, and then one of
//! the members of that version. Versions with nobody who can serve leave their turns to the others.
//!
//! A request waits only while nobody can serve it. A member that would rather be spared is picked before a request waits for
//! another, so that who waits need hear of nothing but members that join. Where nobody has come for as long as a request may wait, later ones
//! wait for a tenth of that, until somebody joins.

mod absence;
mod division;
mod pace;
mod ring;
mod schedule;
mod service;
mod snapshot;
#[cfg(test)]
mod tests;
mod want;

pub(crate) use ring::WHOLE;
pub use ring::{Membership, Ring, Shard};
pub(crate) use schedule::spread;
pub use service::{Error, ResponseFuture, RoundRobin};
pub(crate) use want::{Says, Want};

/// A service that knows whether it may be picked now.
///
/// All of it is cheap, and free of locks: it is asked at each pick.
pub trait Available {
    /// The service for the one request that it is picked for.
    type Picked;

    /// Whether a pick would find it.
    fn is_available(&self) -> bool;

    /// Has it serve a request, unless it is not available.
    fn pick(&self) -> Option<Self::Picked>;

    /// The same where nobody is available: one that would rather be spared serves the request all the same.
    fn pick_anyway(&self) -> Option<Self::Picked> {
        self.pick()
    }
}

/// An error that gives the request back where it provably never left.
pub trait Recover<Request>: Sized {
    /// The request, or the error itself where the request may have reached the other side.
    ///
    /// # Errors
    /// The error, when there is nothing to give back.
    fn recover(self) -> Result<Request, Self>;
}
