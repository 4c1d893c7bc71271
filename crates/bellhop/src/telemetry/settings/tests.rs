//! What each variable may say.

use std::collections::BTreeMap;

use super::*;
use crate::{
    config::{ConfigError, Fault},
    telemetry::collector::Transport,
};

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");

fn read(variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let source: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut reader = Reader::new(&source);
    let settings = Settings::read(&mut reader);
    reader.finish().map(|()| settings)
}

fn collector(variables: &[(&str, &str)]) -> Collector {
    let settings = read(variables).expect("good settings");
    settings.collector.expect("a collector")
}

#[test]
fn nothing_set_is_nothing_built() {
    let settings = read(&[]).unwrap();
    assert!(settings.collector.is_none());
    assert_eq!(settings.sampler, Sampler::ALWAYS_ON.parent_based());
}

#[test]
fn the_endpoint_of_all_signals_gets_the_path_of_traces() {
    let table = [
        ("http/protobuf", "http://c:4318", "http://c:4318/v1/traces"),
        ("http/protobuf", "http://c:4318/", "http://c:4318/v1/traces"),
        ("http/protobuf", "http://c/base", "http://c/base/v1/traces"),
        ("grpc", "http://c:4317", "http://c:4317/"),
        ("grpc", "https://c:4317", "https://c:4317/"),
    ];
    for (protocol, url, expected) in table {
        let collector = collector(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ]);
        assert_eq!(collector.endpoint, expected);
    }
}

#[test]
fn what_is_said_of_traces_alone_wins() {
    let collector = collector(&[
        ENDPOINT,
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://other/here"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2000"),
    ]);
    assert_eq!(collector.endpoint, "http://other/here");
    assert_eq!(collector.transport, Transport::Grpc);
    assert_eq!(collector.headers.get("a"), None);
    assert_eq!(collector.headers["b"], "2");
    assert_eq!(collector.timeout, Duration::from_secs(2));
}

#[test]
fn metrics_go_where_traces_do_unless_told_otherwise() {
    let push = |more: &[_]| read(&[&[ENDPOINT], more].concat()).unwrap().push;
    let both = push(&[]).expect("a collector");
    assert_eq!(both.collector.endpoint, "http://localhost:4318/v1/metrics");
    assert_eq!(both.interval, Duration::from_secs(60));
    // One export may take no longer than the collector is waited for.
    assert_eq!(both.timeout, Duration::from_secs(10));

    let own = push(&[
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://other/here"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "5000"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "1000"),
    ]);
    let own = own.expect("a collector");
    assert_eq!(own.collector.endpoint, "http://other/here");
    assert_eq!(own.collector.transport, Transport::Grpc);
    assert_eq!(own.interval, Duration::from_secs(5));
    assert_eq!(own.timeout, Duration::from_secs(1));

    for (name, value) in [
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_SDK_DISABLED", "true"),
        ("BELLHOP_METRICS", "off"),
    ] {
        assert!(push(&[(name, value)]).is_none(), "{name}={value}");
    }
}

#[test]
fn the_protocol_is_http_unless_told_otherwise() {
    assert_eq!(collector(&[ENDPOINT]).transport, Transport::Http);
}

#[test]
fn every_sampler_has_its_name() {
    let half = Sampler::ratio(0.5).unwrap();
    let table = [
        ("always_on", Sampler::ALWAYS_ON),
        ("always_off", Sampler::ALWAYS_OFF),
        ("traceidratio", half),
        ("parentbased_always_on", Sampler::ALWAYS_ON.parent_based()),
        ("parentbased_always_off", Sampler::ALWAYS_OFF.parent_based()),
        ("parentbased_traceidratio", half.parent_based()),
    ];
    for (name, sampler) in table {
        let settings = read(&[
            ("OTEL_TRACES_SAMPLER", name),
            ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
        ]);
        assert_eq!(settings.unwrap().sampler, sampler, "{name}");
    }
}

#[test]
fn a_ratio_without_a_share_keeps_all() {
    let settings = read(&[("OTEL_TRACES_SAMPLER", "traceidratio")]).unwrap();
    assert_eq!(settings.sampler, Sampler::ALWAYS_ON);
}

#[test]
fn a_small_queue_makes_small_batches() {
    let batches = read(&[("OTEL_BSP_MAX_QUEUE_SIZE", "8")]).unwrap().batches;
    assert_eq!((batches.queue, batches.batch), (8, 8));
}

#[test]
fn every_bad_value_is_named() {
    let bad = [
        ("OTEL_SDK_DISABLED", "maybe"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://localhost"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/traces"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "a b"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "GRPC"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
        ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/dev/null"),
        ("OTEL_PROPAGATORS", "b3"),
        ("OTEL_PROPAGATORS", "tracecontext,none"),
        ("OTEL_METRICS_EXPORTER", "console"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json"),
        ("BELLHOP_METRICS", "no"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER", "parentbased_"),
        ("OTEL_RESOURCE_ATTRIBUTES", "zone"),
        ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "all"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"),
    ];
    for (name, value) in bad {
        let faults = read(&[(name, value)]).expect_err(name).faults;
        assert_eq!(faults.len(), 1, "{name}={value}");
        assert_eq!((&*faults[0].name, &*faults[0].value), (name, value));
    }
}

#[test]
fn a_share_outside_of_0_and_1_is_named() {
    for share in ["1.5", "-0.1", "NaN", "half"] {
        let error = read(&[
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", share),
        ]);
        let faults = error.expect_err(share).faults;
        assert_eq!(faults[0].name, "OTEL_TRACES_SAMPLER_ARG");
    }
}

#[test]
fn bad_values_are_named_also_where_telemetry_is_off() {
    let error = read(&[
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
    ]);
    assert_eq!(error.unwrap_err().faults.len(), 2);
}

#[test]
fn bad_headers_are_named_and_kept_secret() {
    for value in ["token", "a b=secret", "a=sec%0aret"] {
        let error = read(&[("OTEL_EXPORTER_OTLP_HEADERS", value)]);
        let [Fault { value, .. }] = &error.unwrap_err().faults[..] else {
            panic!("one fault")
        };
        assert_eq!(value, "***");
    }
}

#[test]
fn an_endpoint_with_credentials_is_refused_and_they_are_not_repeated() {
    for (value, shown) in [
        ("http://ann:hush@c:4318", "http://***@c:4318"),
        ("https://hush@c/v1/traces", "https://***@c/v1/traces"),
        ("http://c/?token=hush", "http://c/?***"),
        ("http://ann:hu/sh@c", "http://***@c"),
        ("ann:hush@c:4318", "***@c:4318"),
    ] {
        for name in [
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        ] {
            let error = read(&[(name, value)]).expect_err(value);
            assert_eq!(error.faults[0].value, shown, "{name}");
            let said = error.to_string();
            assert!(said.contains("OTEL_EXPORTER_OTLP_HEADERS"), "{said}");
        }
    }
}

#[test]
fn good_headers_are_kept_secret() {
    let settings = read(&[ENDPOINT, ("OTEL_EXPORTER_OTLP_HEADERS", "key=hush")]).unwrap();
    assert!(!format!("{settings:?}").contains("hush"));
}
