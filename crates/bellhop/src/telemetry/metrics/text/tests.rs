//! The text, by the letter.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::{
    super::{
        catalogue::{ATTEMPT, ATTEMPTS, HTTP_REQUESTS, MEMORY},
        histogram::Histogram,
    },
    *,
};

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.number(&ATTEMPTS, vec![(ATTEMPT, "a\\\"\n".into())], 3.0);
    snapshot.number(&MEMORY, vec![], 1024.0);
    let histogram = Histogram::default();
    let span = SpanContext::new(
        TraceId::from(0xab),
        SpanId::from(0xcd),
        TraceFlags::SAMPLED,
        false,
        TraceState::default(),
    );
    histogram.record(Duration::from_millis(750), Some(&span));
    histogram.record(Duration::from_secs(20), None);
    snapshot.histogram(&HTTP_REQUESTS, Vec::new, &histogram);
    snapshot
}

fn write(format: Format) -> String {
    format.write(
        &snapshot(),
        &[("service.name".to_owned(), "geo".to_owned())],
    )
}

#[test]
fn classic_text_names_counters_whole() {
    let text = write(Format::Classic);
    for line in [
        "# TYPE target_info gauge",
        "target_info{service_name=\"geo\"} 1",
        "# TYPE bellhop_client_attempts_total counter",
        r#"bellhop_client_attempts_total{bellhop_attempt="a\\\"\n"} 3"#,
        "# TYPE process_memory_usage_bytes gauge",
        "process_memory_usage_bytes 1024",
        r#"http_server_request_duration_seconds_bucket{le="0.5"} 0"#,
        r#"http_server_request_duration_seconds_bucket{le="0.75"} 1"#,
        r#"http_server_request_duration_seconds_bucket{le="1"} 1"#,
        r#"http_server_request_duration_seconds_bucket{le="+Inf"} 2"#,
        "http_server_request_duration_seconds_sum 20.75",
        "http_server_request_duration_seconds_count 2",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(
        !text.contains("trace_id") && !text.contains("# EOF"),
        "{text}"
    );
}

#[test]
fn open_metrics_has_units_exemplars_and_an_end() {
    let before = SystemTime::now();
    let text = write(Format::OpenMetrics);
    for line in [
        "# TYPE target info",
        "# TYPE bellhop_client_attempts counter",
        "# UNIT process_memory_usage_bytes bytes",
        "# UNIT http_server_request_duration_seconds seconds",
        r#"http_server_request_duration_seconds_bucket{le="1.0"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    let exemplar = text.lines().find(|line| line.contains("trace_id")).unwrap();
    let (trace, span) = (format!("{:032x}", 0xab), format!("{:016x}", 0xcd));
    let start = format!(
        "http_server_request_duration_seconds_bucket{{le=\"0.75\"}} 1 # {{trace_id=\"{trace}\",span_id=\"{span}\"}} 0.75 "
    );
    let at: f64 = exemplar
        .strip_prefix(&start)
        .expect(exemplar)
        .parse()
        .unwrap();
    let before = before
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    assert!((at - before).abs() < 60.0);
}

#[test]
fn a_scraper_gets_what_it_prefers() {
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                      text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    let table = [
        (None, Format::Classic),
        (Some("*/*"), Format::Classic),
        (Some("text/plain"), Format::Classic),
        (Some(prometheus), Format::OpenMetrics),
        (
            Some("application/openmetrics-text; version=1.0.0"),
            Format::OpenMetrics,
        ),
        (
            Some("application/openmetrics-text;q=0.1, text/plain"),
            Format::Classic,
        ),
        (Some("application/openmetrics-text;q=0"), Format::Classic),
        (Some(";;,q="), Format::Classic),
    ];
    for (accept, format) in table {
        assert_eq!(Format::accepted(accept), format, "{accept:?}");
    }
}
