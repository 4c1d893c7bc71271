//! Subsetting: each caller is connected to some of very many instances.
//!
//! Without it callers times instances are the connections of a service. With `BELLHOP_SUBSET=K` a caller is told of K instances,
//! chosen by rendezvous hashing ([`choose`]), as gRPC's random subsetting (A68) is: each caller ranks all instances in an
//! order of its own and takes the first. So no caller needs to know of another, callers are spread evenly but for chance, and
//! who comes or goes moves nobody but itself. `narrow` stands between discovery and those who connect, which know nothing of it but
//! where to ask for more: a caller that can reach none of its own is told of the next ones in its order.

mod choice;
mod narrow;
mod width;

use std::num::NonZeroUsize;

pub(crate) use self::{choice::Caller, narrow::narrowed, width::Width};
use crate::config::Reader;

/// Fewer than this can well fail all at once.
const FEW: usize = 3;

/// Tells of a subset that is too small to outlast the failure of some.
pub(crate) fn warn_if_few(service: &str, limit: Option<NonZeroUsize>) {
    if let Some(subset) = limit.filter(|limit| limit.get() < FEW) {
        tracing::warn!(
            service,
            subset,
            least = FEW,
            "calls go to so few instances that all of them may fail at once (BELLHOP_SUBSET)"
        );
    }
}

/// Reads `BELLHOP_SUBSET`: how many instances of a service to be connected to, `None` for all of them, which is the default.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<NonZeroUsize> {
    const NAME: &str = "BELLHOP_SUBSET";

    reader.or_off(NAME, None, |reader| {
        reader.parse(NAME, "a number of instances from 1 up, or off")
    })
}
