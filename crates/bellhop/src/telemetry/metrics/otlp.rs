//! Series as OTLP has them.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    metrics::v1::{
        self as proto, AggregationTemporality, HistogramDataPoint, NumberDataPoint,
        ResourceMetrics, ScopeMetrics, exemplar, metric::Data, number_data_point,
    },
    resource::v1::Resource,
};

use super::{
    catalogue::Kind,
    histogram::{BOUNDS, Distribution, Exemplar},
    snapshot::{Attributes, Family, Snapshot, Value},
};

/// From when to when series were counted, in nanoseconds of the epoch.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u64,
    end: u64,
}

/// All series, counted since `start`. `resource` is what holds for all of them.
pub(super) fn request(
    snapshot: &Snapshot,
    resource: &[(String, String)],
    start: SystemTime,
) -> ExportMetricsServiceRequest {
    let span = Span {
        start: nanos(start),
        end: nanos(SystemTime::now()),
    };
    let attributes = resource.iter().map(|(key, value)| attribute(key, value));
    let scope = InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let scope = ScopeMetrics {
        scope: Some(scope),
        metrics: snapshot
            .families()
            .map(|family| metric(family, span))
            .collect(),
        schema_url: String::new(),
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource {
                attributes: attributes.collect(),
                ..Resource::default()
            }),
            scope_metrics: vec![scope],
            schema_url: String::new(),
        }],
    }
}

fn metric(family: &Family, span: Span) -> proto::Metric {
    let metric = family.metric;
    let cumulative = AggregationTemporality::Cumulative.into();
    let numbers = || {
        family
            .series
            .iter()
            .filter_map(|series| number(series, span))
    };
    let data = match metric.kind {
        Kind::Histogram => Data::Histogram(proto::Histogram {
            data_points: family
                .series
                .iter()
                .filter_map(|series| spread(series, span))
                .collect(),
            aggregation_temporality: cumulative,
        }),
        Kind::Gauge => Data::Gauge(proto::Gauge {
            data_points: numbers().collect(),
        }),
        Kind::Counter | Kind::Amount => Data::Sum(proto::Sum {
            data_points: numbers().collect(),
            aggregation_temporality: cumulative,
            is_monotonic: metric.kind == Kind::Counter,
        }),
    };
    proto::Metric {
        name: metric.name.to_owned(),
        description: metric.help.to_owned(),
        unit: metric.unit.to_owned(),
        data: Some(data),
        ..proto::Metric::default()
    }
}

fn number((attributes, value): (&Attributes, &Value), span: Span) -> Option<NumberDataPoint> {
    let Value::Number(value) = value else {
        return None;
    };
    Some(NumberDataPoint {
        attributes: all(attributes),
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        value: Some(number_data_point::Value::AsDouble(*value)),
        ..NumberDataPoint::default()
    })
}

fn spread((attributes, value): (&Attributes, &Value), span: Span) -> Option<HistogramDataPoint> {
    let Value::Spread(spread) = value else {
        return None;
    };
    let Distribution {
        counts,
        sum,
        exemplars,
    } = &**spread;
    Some(HistogramDataPoint {
        attributes: all(attributes),
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        count: spread.count(),
        sum: Some(*sum),
        bucket_counts: counts.to_vec(),
        explicit_bounds: BOUNDS.to_vec(),
        exemplars: exemplars.iter().flatten().map(example).collect(),
        ..HistogramDataPoint::default()
    })
}

fn example(exemplar: &Exemplar) -> proto::Exemplar {
    proto::Exemplar {
        time_unix_nano: nanos(exemplar.at),
        span_id: exemplar.span_id.to_vec(),
        trace_id: exemplar.trace_id.to_vec(),
        value: Some(exemplar::Value::AsDouble(exemplar.value)),
        ..proto::Exemplar::default()
    }
}

fn all(attributes: &Attributes) -> Vec<KeyValue> {
    let each = attributes.iter();
    each.map(|(key, value)| attribute(key, value)).collect()
}

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn nanos(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
