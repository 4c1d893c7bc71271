//! All series at one moment.

use std::{borrow::Cow, collections::BTreeMap};

use opentelemetry_semantic_conventions::attribute::{ERROR_TYPE, RPC_RESPONSE_STATUS_CODE};

use super::{
    catalogue::{HTTP_REQUESTS, Kind, Metric, SERVER_CALLS},
    histogram::{BUCKETS, Distribution, Histogram},
};

/// Series of one metric; the rest of them together is one more, as the standard has it.
const SERIES: usize = 2000;
const OVERFLOW: &str = "otel.metric.overflow";

/// What tells the series of a metric apart, in the order of the catalogue.
pub(crate) type Attributes = Vec<(&'static str, Cow<'static, str>)>;

/// All series at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    families: BTreeMap<&'static str, Family>,
}

/// The series of one metric.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) metric: &'static Metric,
    pub(crate) series: BTreeMap<Attributes, Value>,
}

/// Calls that are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallCounts {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

/// Calls and requests that came in and are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServedCounts {
    pub(crate) failed: u64,
    /// By how long they took.
    pub(crate) took: [u64; BUCKETS],
}

/// What a series says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    Spread(Box<Distribution>),
}

impl Snapshot {
    /// Adds a number to the series with these attributes.
    pub(crate) fn number(
        &mut self,
        metric: &'static Metric,
        attributes: impl Into<Attributes>,
        value: f64,
    ) {
        self.add(metric, attributes.into(), Value::Number(value));
    }

    /// Adds a histogram to the series with these attributes, unless it is empty.
    pub(crate) fn histogram(
        &mut self,
        metric: &'static Metric,
        attributes: impl FnOnce() -> Attributes,
        histogram: &Histogram,
    ) {
        if !histogram.is_empty() {
            let value = Value::Spread(Box::new(histogram.read()));
            self.add(metric, attributes(), value);
        }
    }

    /// Adds all of another.
    pub(crate) fn merge(&mut self, other: Self) {
        for family in other.families.into_values() {
            for (attributes, value) in family.series {
                self.add(family.metric, attributes, value);
            }
        }
    }

    /// What was counted, without what only stood so at the moment.
    pub(crate) fn counted(mut self) -> Self {
        let lasts = |family: &Family| matches!(family.metric.kind, Kind::Counter | Kind::Histogram);
        self.families.retain(|_, family| lasts(family));
        self
    }

    /// By name.
    pub(crate) fn families(&self) -> impl Iterator<Item = &Family> {
        self.families.values()
    }

    /// How the calls of a histogram of gRPC calls ended.
    pub(crate) fn calls(&self, metric: &'static Metric) -> CallCounts {
        let mut counts = CallCounts::default();
        let family = self.families.get(metric.name);
        for (attributes, value) in family.iter().flat_map(|family| &family.series) {
            let Value::Spread(spread) = value else {
                continue;
            };
            let calls: u64 = spread.counts.iter().sum();
            let is_ok = |(name, value): &(&str, Cow<'_, str>)| {
                *name == RPC_RESPONSE_STATUS_CODE && value == "OK"
            };
            match attributes.iter().any(is_ok) {
                true => counts.succeeded += calls,
                false => counts.failed += calls,
            }
        }
        counts
    }

    /// How the calls and the requests ended that came in.
    pub(crate) fn served(&self) -> ServedCounts {
        let mut served = ServedCounts::default();
        let families = [&SERVER_CALLS, &HTTP_REQUESTS].map(|metric| self.families.get(metric.name));
        for (attributes, value) in families.iter().flatten().flat_map(|family| &family.series) {
            let Value::Spread(spread) = value else {
                continue;
            };
            if attributes.iter().any(|(name, _)| *name == ERROR_TYPE) {
                served.failed += spread.counts.iter().sum::<u64>();
            }
            for (sum, count) in served.took.iter_mut().zip(spread.counts) {
                *sum += count;
            }
        }
        served
    }

    fn add(&mut self, metric: &'static Metric, attributes: Attributes, value: Value) {
        debug_assert!(
            attributes
                .iter()
                .all(|(name, _)| *name == OVERFLOW || metric.attributes.contains(name)),
            "{attributes:?} of {} are not in the catalogue",
            metric.name
        );
        let family = self.families.entry(metric.name).or_insert(Family {
            metric,
            series: BTreeMap::new(),
        });
        family.add(attributes, value);
    }
}

impl Family {
    fn add(&mut self, attributes: Attributes, value: Value) {
        let is_new = !self.series.contains_key(&attributes);
        let attributes = match is_new && self.series.len() >= SERIES {
            true => overflow(),
            false => attributes,
        };
        match self.series.get_mut(&attributes) {
            Some(known) => known.add(value),
            None => {
                self.series.insert(attributes, value);
            }
        }
    }
}

impl Value {
    fn add(&mut self, other: Self) {
        match (self, other) {
            (Self::Number(ours), Self::Number(theirs)) => *ours += theirs,
            (Self::Spread(ours), Self::Spread(theirs)) => ours.add(*theirs),
            (ours, theirs) => *ours = theirs,
        }
    }
}

/// What stands for series that are too many.
pub(crate) fn overflow() -> Attributes {
    vec![(OVERFLOW, Cow::Borrowed("true"))]
}

#[cfg(test)]
mod tests {
    use super::{super::catalogue::BREAKER_OPEN, super::catalogue::INSTANCE, *};

    #[test]
    fn the_same_attributes_are_one_series() {
        let mut snapshot = Snapshot::default();
        let one: Attributes = vec![(INSTANCE, "geo-1".into())];
        snapshot.number(&BREAKER_OPEN, one.clone(), 1.0);
        snapshot.merge(snapshot.clone());
        let family = snapshot.families().next().unwrap();
        assert_eq!(family.series[&one], Value::Number(2.0));
    }

    #[test]
    fn series_beyond_the_bound_are_one() {
        let mut snapshot = Snapshot::default();
        for number in 0..SERIES + 5 {
            let attributes = vec![(INSTANCE, Cow::Owned(number.to_string()))];
            snapshot.number(&BREAKER_OPEN, attributes, 1.0);
        }
        let family = snapshot.families().next().unwrap();
        assert_eq!(family.series.len(), SERIES + 1);
        assert_eq!(family.series[&overflow()], Value::Number(5.0));
    }
}
