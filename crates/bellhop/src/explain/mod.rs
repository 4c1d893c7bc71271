//! Explains an answer: who served it, hop by hop, what was tried, and who was passed over.
//!
//! A request with `x-bellhop-explain: 1` asks for it. A member whose settings allow it puts a [`Collector`] into the scope of
//! the call; channels that find one there ask the other side in the same way and note what they do. The answer carries the
//! whole as the JSON of a [`Hop`] in a header of the same name. A member whose settings do not allow it answers as always.

mod collector;
mod header;
mod tree;

use std::sync::Arc;

pub(crate) use self::{
    collector::{AttemptRecord, CallRecord, Collector},
    header::{ask, asked, decode, encode},
    tree::{Attempt, Call, Hop, Nobody, Skipped},
};

/// Where the calls that are made on behalf of a call are noted, where its caller asked to have the answer explained.
#[derive(Clone, Debug, Default)]
pub struct Explanation(pub(crate) Option<Arc<Collector>>);
