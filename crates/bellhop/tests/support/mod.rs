//! What the tests of this crate share.

pub(crate) mod agent;
pub(crate) mod dropped;
pub(crate) mod fake;
pub(crate) mod pki;
pub(crate) mod wait;
