//! What lines say.

use std::{
    io,
    sync::{Arc, Mutex},
};

use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::SpanContext;
use serde_json::Value;
use tracing_subscriber::fmt;

use super::*;
use crate::{
    context::Who,
    telemetry::{Telemetry, extract},
};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(lines: Lines, ansi: bool, events: impl FnOnce()) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = fmt()
        .with_ansi(ansi)
        .with_writer(move || writer.clone())
        .event_format(lines)
        .finish();
    tracing::subscriber::with_default(subscriber, events);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

/// Within a call of a request with this id.
fn in_a_call(request_id: &'static str, work: impl FnOnce()) {
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", parent.parse().unwrap());
    let id = HeaderValue::from_static(request_id);
    let scope = Scope {
        span: extract(&headers),
        baggage: Telemetry::disabled().baggage(&headers).with_request_id(&id),
        member: Some(Arc::new(Who {
            service: "geo".to_owned(),
            instance: "geo-7".to_owned(),
        })),
        ..Scope::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(scope.enter(async { work() }));
}

fn json(events: impl FnOnce()) -> Vec<Value> {
    let text = written(Lines::Json, false, events);
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

#[test]
fn a_line_tells_who_speaks_about_which_request() {
    let lines = json(|| {
        in_a_call("r-1", || {
            tracing::warn!(
                upstream = "rate",
                tries = 3,
                share = 0.5,
                ok = false,
                "it {}",
                "fails"
            );
        });
    });
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    for (name, value) in [
        ("level", "WARN"),
        ("target", "bellhop::logs::tests"),
        ("message", "it fails"),
        ("service.name", "geo"),
        ("service.instance.id", "geo-7"),
        ("trace_id", TRACE),
        ("span_id", "b7ad6b7169203331"),
        ("request_id", "r-1"),
        ("upstream", "rate"),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
    assert_eq!((&line["tries"], &line["ok"]), (&3.into(), &false.into()));
    let time = line["time"].as_str().unwrap();
    assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
}

#[test]
fn outside_of_any_call_a_line_is_short() {
    let lines = json(|| tracing::info!("alone"));
    let names: Vec<_> = lines[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["level", "message", "target", "time"]);
}

#[test]
fn an_event_is_one_line_whatever_it_holds() {
    let nasty = "a\nb\u{1b}[2J\"\\\u{0}";
    let lines = json(|| tracing::info!(nasty, number = f64::NAN, "{nasty}"));
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["nasty"], &lines[0]["message"]),
        (&nasty.into(), &nasty.into())
    );
}

#[test]
fn errors_are_told_with_their_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("the door is shut")]
    struct Shut(#[source] std::num::ParseIntError);

    let error = Shut("x".parse::<u8>().unwrap_err());
    let lines = json(|| {
        let error: &(dyn std::error::Error + 'static) = &error;
        tracing::error!(error, "no");
    });
    assert_eq!(
        lines[0]["error"],
        "the door is shut: invalid digit found in string"
    );
}

#[test]
fn spans_of_the_application_are_told() {
    let lines = json(|| {
        let _load = tracing::info_span!("load", file = "geo.json").entered();
        tracing::info!("read");
    });
    assert!(lines[0]["spans"][0].as_str().unwrap().starts_with("load{"));
}

#[test]
fn people_read_the_same() {
    let text = written(Lines::Text, false, || {
        in_a_call("r-1", || tracing::warn!(tries = 3, "it fails"));
    });
    let (_, said) = text.split_once(' ').unwrap();
    assert_eq!(
        said,
        format!(
            " WARN bellhop::logs::tests: it fails tries=3 service.name=geo service.instance.id=geo-7 trace_id={TRACE} \
             span_id=b7ad6b7169203331 request_id=r-1\n"
        )
    );
    let coloured = written(Lines::Text, true, || tracing::error!("no"));
    assert!(coloured.contains("\u{1b}[31mERROR"), "{coloured}");
}

#[test]
fn an_id_cannot_begin_a_line() {
    let scope = Scope {
        span: SpanContext::NONE,
        baggage: crate::telemetry::Baggage::default().with("request.id", "a\nb\u{1b}[2J"),
        ..Scope::default()
    };
    let text = written(Lines::Text, false, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(scope.enter(async { tracing::info!("hello") }));
    });
    assert!(text.ends_with("request_id=a\\nb\\u{1b}[2J\n"), "{text}");
}
