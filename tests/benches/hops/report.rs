//! Rows as a table.

use std::fmt::Write;

use crate::{rounds::Row, steady::Late};

/// What a table says beside its rows.
pub(crate) struct Table<'a> {
    pub(crate) title: &'a str,
    /// What is counted, such as "call".
    pub(crate) unit: &'a str,
    /// The parts whose shares are told.
    pub(crate) parts: &'a [&'a str],
}

impl Table<'_> {
    /// As Markdown has it; the first row is what the others are compared to.
    pub(crate) fn text(&self, rows: &[Row]) -> String {
        let Self { title, unit, parts } = self;
        let of_it = parts.join(" + ");
        let mut text = format!(
            "| {title} | CPU µs a {unit} | ratio | half of the rounds | {of_it} | {unit}s/s | ratio | p50 µs | p99 µs | p99.9 µs | resident MiB |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        );
        for row in rows {
            self.row(&mut text, row, &rows[0]);
        }
        if rows.iter().any(|row| row.cost_to(&rows[0]).is_noisy()) {
            text += "\nIn **bold**: farther apart than a tenth, so to be measured again on a quieter machine.\n";
        }
        text
    }

    fn row(&self, text: &mut String, row: &Row, base: &Row) {
        let costs = row.costs();
        // Where all parts are one process, nobody knows their shares.
        let known = costs.len() == self.parts.len() && costs.len() > 1;
        let costs: Vec<String> = costs.iter().map(|cost| format!("{cost:.1}")).collect();
        let share = row.cost_to(base);
        let half = format!("{:.2} to {:.2}", share.half.0, share.half.1);
        let Late { p50, p99, p99_9 } = row.late();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.2} | {} | {} | {:.0} | {:.2} | {p50:.0} | {p99:.0} | {p99_9:.0} | {:.0} |",
            row.name,
            row.cost(),
            share.median,
            if share.is_noisy() {
                format!("**{half}**")
            } else {
                half
            },
            if known {
                costs.join(" + ")
            } else {
                String::new()
            },
            row.rate(),
            row.rate_to(base),
            row.resident,
        );
    }
}
