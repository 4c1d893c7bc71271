//! The table of all cases.

use std::time::Duration;

use crate::{Report, figures::Times, report::Overload};

const WIDTH: usize = 26;

/// The line above all cases.
pub(crate) fn head() -> String {
    format!(
        "{:WIDTH$} {:>8} {:>6} {:>5}  {:>15}  {:>15}  {:>15}  {:>9}  {:>7}  {:>15}",
        "case",
        "requests",
        "failed",
        "wrong",
        "before p50/p99",
        "during p50/p99",
        "after p50/p99",
        "recovered",
        "goodput",
        "refused p50/p99"
    )
}

/// The lines of a case.
pub(crate) fn lines(case: &str, report: &Report) -> String {
    let overload = report.overload.as_ref();
    let mut text = match (&report.figures, &report.passed_over) {
        (_, Some(why)) => format!("{case:WIDTH$} passed over: {why}"),
        (None, None) => format!("{case:WIDTH$} {:>8}", "-"),
        (Some(figures), None) => format!(
            "{case:WIDTH$} {:>8} {:>6} {:>5}  {:>15}  {:>15}  {:>15}  {:>9}  {:>7}  {:>15}",
            figures.requests,
            figures.failed,
            figures.wrong,
            times(figures.before),
            times(figures.during),
            times(figures.after),
            figures.recovery.map_or_else(nothing, seconds),
            overload.map_or_else(nothing, |overload| format!(
                "{:.0} %",
                overload.share * 100.0
            )),
            overload.map_or_else(nothing, told),
        ),
    };
    for note in &report.notes {
        text.push_str(&format!("\n    {note}"));
    }
    for broken in &report.broken {
        text.push_str(&format!("\n    BROKEN: {broken}"));
    }
    text
}

fn told(overload: &Overload) -> String {
    let [p50, p99] = [50, 99].map(|percent| overload.told(percent).unwrap_or_default());
    times(Times { p50, p99 })
}

fn nothing() -> String {
    "-".to_owned()
}

fn times(times: Times) -> String {
    format!("{}/{} ms", millis(times.p50), millis(times.p99))
}

/// Three digits are enough.
fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    match millis {
        ..10.0 => format!("{millis:.1}"),
        _ => format!("{millis:.0}"),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
