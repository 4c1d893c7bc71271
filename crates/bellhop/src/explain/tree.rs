//! What an explanation says. The names of the fields are what people read.

use serde::{Deserialize, Serialize};

/// What one member did for one call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hop {
    /// The service's name in the registry.
    pub(crate) service: String,
    /// The id of the instance in the registry.
    pub(crate) instance: String,
    /// Milliseconds from the request to the head of the answer.
    pub(crate) ms: f64,
    /// The calls that it made, in the order in which they began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) calls: Vec<Call>,
    /// Whether there was more than fits.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) truncated: bool,
}

/// A call to another service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The service's name in the registry.
    pub(crate) service: String,
    /// As in `geo.Geo/Nearby`.
    pub(crate) method: String,
    /// The code of gRPC that it ended with.
    pub(crate) outcome: String,
    /// Milliseconds from its beginning to its end.
    pub(crate) ms: f64,
    /// Why there was nobody to call, where there was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nobody: Option<Nobody>,
    /// What was tried, in the order in which it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attempts: Vec<Attempt>,
    /// Who had no turn when it began, or at its end where there was nobody to call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) skipped: Vec<Skipped>,
}

/// An attempt of a call at one instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// The id of the instance in the registry.
    pub(crate) instance: String,
    /// Where it listens.
    pub(crate) address: String,
    /// Which version of the service it is, where the registry says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// The code of gRPC that it ended with; `DROPPED` where nobody waited for it any longer.
    pub(crate) outcome: String,
    /// Milliseconds from the beginning of the call to that of the attempt.
    pub(crate) at: f64,
    /// Milliseconds from its beginning to its end.
    pub(crate) ms: f64,
    /// Whether it began while another was under way.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) hedge: bool,
    /// What the instance itself says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hop: Option<Hop>,
}

/// Why there was nobody to call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Nobody {
    /// The case in a word or two, as logs have it.
    pub(crate) case: String,
    /// In words.
    pub(crate) text: String,
}

/// An instance that had no turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Skipped {
    /// The id of the instance in the registry.
    pub(crate) instance: String,
    /// In words.
    pub(crate) why: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Hop {
    /// Leaves out what is furthest away: all below so many hops.
    pub(super) fn cut(&mut self, depth: usize) {
        if depth == 0 {
            self.truncated |= !self.calls.is_empty();
            self.calls.clear();
            return;
        }
        let attempts = self.calls.iter_mut().flat_map(|call| &mut call.attempts);
        for hop in attempts.filter_map(|attempt| attempt.hop.as_mut()) {
            hop.cut(depth - 1);
        }
    }

    /// Leaves out who was skipped, anywhere.
    pub(super) fn forget_skipped(&mut self) {
        for call in &mut self.calls {
            self.truncated |= !call.skipped.is_empty();
            call.skipped.clear();
            let hops = call.attempts.iter_mut();
            for hop in hops.filter_map(|attempt| attempt.hop.as_mut()) {
                hop.forget_skipped();
            }
        }
    }
}
