//! How a service is called.

use std::{num::NonZeroUsize, time::Duration};

use super::retry;
use crate::{
    config::Reader,
    discovery::read_subset,
    endpoint,
    limit::{Rate, rate_or_off},
};

const TIMEOUT: Duration = Duration::from_secs(10);
const WAIT_FOR_ENDPOINT: Duration = Duration::from_secs(1);

/// How a service is called.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// A call's time, where neither the caller nor the call that it serves gives it less.
    pub(crate) timeout: Option<Duration>,
    /// How long a call waits for somebody to be there.
    pub(crate) wait_for_endpoint: Duration,
    /// How often the service is called, over all shards; `None` is as often as one likes.
    pub(crate) limit: Option<Rate>,
    /// How many instances to be connected to; `None` is all of them.
    pub(crate) subset: Option<NonZeroUsize>,
    /// Whether traffic is split by version where the registry says so.
    pub(crate) split: bool,
    pub(crate) endpoint: endpoint::Settings,
    pub(crate) retry: retry::Settings,
}

impl Settings {
    /// Reads `BELLHOP_TIMEOUT`, `BELLHOP_WAIT_FOR_ENDPOINT`, `BELLHOP_CLIENT_LIMIT`, `BELLHOP_SUBSET`, `BELLHOP_SPLIT` and the
    /// settings of connections and of trying again.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let retry = retry::Settings::read(reader);
        // An instance is overdue when others are asked beside it.
        let endpoint = endpoint::Settings::read(reader).given_up_after(retry.hedge_after);
        Self {
            timeout: Some(reader.duration("BELLHOP_TIMEOUT").unwrap_or(TIMEOUT)),
            wait_for_endpoint: reader
                .duration("BELLHOP_WAIT_FOR_ENDPOINT")
                .unwrap_or(WAIT_FOR_ENDPOINT),
            limit: rate_or_off(reader, "BELLHOP_CLIENT_LIMIT"),
            subset: read_subset(reader),
            split: reader.switch("BELLHOP_SPLIT").unwrap_or(true),
            endpoint,
            retry,
        }
    }
}
