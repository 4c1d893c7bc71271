//! Which traces are recorded: the standard samplers, decided before anything is built.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanContext, SpanKind, TraceContextExt, TraceId},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

/// What is asked for a trace id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Always,
    Never,
    /// Ids whose low 63 random bits are below this bound.
    Below(u64),
}

impl Rule {
    fn keeps(self, trace_id: TraceId) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Below(bound) => {
                let low = u128::from_be_bytes(trace_id.to_bytes()) as u64;
                (low >> 1) < bound
            }
        }
    }
}

/// Decides which spans are recorded.
///
/// The ratio compares the same bits of the trace id as the OpenTelemetry SDK does, so that processes with one ratio agree
/// about a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sampler {
    rule: Rule,
    parent_based: bool,
}

impl Sampler {
    /// Records everything.
    pub(crate) const ALWAYS_ON: Self = Self {
        rule: Rule::Always,
        parent_based: false,
    };

    /// Records nothing.
    pub(crate) const ALWAYS_OFF: Self = Self {
        rule: Rule::Never,
        parent_based: false,
    };

    /// Records a share of all traces, `None` unless it lies within 0 and 1.
    pub(crate) fn ratio(share: f64) -> Option<Self> {
        let rule = match share {
            1.0 => Rule::Always,
            share if (0.0..1.0).contains(&share) => {
                Rule::Below((share * (1_u64 << 63) as f64) as u64)
            }
            _ => return None,
        };
        Some(Self {
            rule,
            parent_based: false,
        })
    }

    /// Follows the parent where there is one; asks this sampler for the roots only.
    pub(crate) fn parent_based(self) -> Self {
        Self {
            parent_based: true,
            ..self
        }
    }

    /// Whether a span of this trace is recorded. An invalid parent is no parent.
    pub(crate) fn samples(&self, parent: &SpanContext, trace_id: TraceId) -> bool {
        if self.parent_based && parent.is_valid() {
            parent.is_sampled()
        } else {
            self.rule.keeps(trace_id)
        }
    }
}

/// For the spans that applications make through the SDK's own tracers.
impl ShouldSample for Sampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let span = parent.map(TraceContextExt::span);
        let parent = span
            .as_ref()
            .map_or(&SpanContext::NONE, |s| s.span_context());
        let decision = if self.samples(parent, trace_id) {
            SamplingDecision::RecordAndSample
        } else {
            SamplingDecision::Drop
        };
        SamplingResult {
            decision,
            attributes: Vec::new(),
            trace_state: parent.trace_state().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceState};
    use proptest::prelude::*;

    use super::*;

    fn parent(sampled: bool, remote: bool) -> SpanContext {
        SpanContext::new(
            TraceId::from(1),
            SpanId::from(1),
            TraceFlags::default().with_sampled(sampled),
            remote,
            TraceState::NONE,
        )
    }

    #[test]
    fn every_sampler_with_every_parent() {
        let none = Sampler::ratio(0.0).unwrap();
        let all = Sampler::ratio(1.0).unwrap();
        // (sampler, no parent, unsampled parent, sampled parent)
        let table = [
            (Sampler::ALWAYS_ON, true, true, true),
            (Sampler::ALWAYS_OFF, false, false, false),
            (all, true, true, true),
            (none, false, false, false),
            (Sampler::ALWAYS_ON.parent_based(), true, false, true),
            (Sampler::ALWAYS_OFF.parent_based(), false, false, true),
            (all.parent_based(), true, false, true),
            (none.parent_based(), false, false, true),
        ];
        for (sampler, root, unsampled, sampled) in table {
            let id = TraceId::from(7);
            assert_eq!(sampler.samples(&SpanContext::NONE, id), root, "{sampler:?}");
            for remote in [true, false] {
                let under = |flag| sampler.samples(&parent(flag, remote), id);
                assert_eq!(under(false), unsampled, "{sampler:?}");
                assert_eq!(under(true), sampled, "{sampler:?}");
            }
        }
    }

    #[test]
    fn shares_outside_of_0_and_1_are_refused() {
        for share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Sampler::ratio(share), None, "{share}");
        }
    }

    proptest! {
        #[test]
        fn a_share_agrees_with_the_sdk(share in 0.0..=1.0, id in 1_u128..) {
            let id = TraceId::from(id);
            let sdk = opentelemetry_sdk::trace::Sampler::TraceIdRatioBased(share)
                .should_sample(None, id, "", &SpanKind::Server, &[], &[]);
            prop_assert_eq!(
                Sampler::ratio(share).unwrap().samples(&SpanContext::NONE, id),
                sdk.decision == SamplingDecision::RecordAndSample
            );
        }
    }
}
