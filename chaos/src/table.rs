//! The table of all cases.

use std::time::Duration;

use crate::{Report, figures::Times};

const WIDTH: usize = 26;

/// The line above all cases.
pub(crate) fn head() -> String {
    format!(
        "{:WIDTH$} {:>8} {:>6} {:>5}  {:>15}  {:>15}  {:>15}  {:>9}",
        "case",
        "requests",
        "failed",
        "wrong",
        "before p50/p99",
        "during p50/p99",
        "after p50/p99",
        "recovered"
    )
}

/// The lines of a case.
pub(crate) fn lines(case: &str, report: &Report) -> String {
    let mut text = match (&report.figures, &report.passed_over) {
        (_, Some(why)) => format!("{case:WIDTH$} passed over: {why}"),
        (None, None) => format!("{case:WIDTH$} {:>8}", "-"),
        (Some(figures), None) => format!(
            "{case:WIDTH$} {:>8} {:>6} {:>5}  {:>15}  {:>15}  {:>15}  {:>9}",
            figures.requests,
            figures.failed,
            figures.wrong,
            times(figures.before),
            times(figures.during),
            times(figures.after),
            figures.recovery.map_or_else(|| "-".to_owned(), seconds),
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
