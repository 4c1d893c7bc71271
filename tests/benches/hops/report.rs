//! Rows as a table.

use std::fmt::Write;

use crate::{
    rounds::{Row, Share},
    steady::Late,
};

/// What a table says beside its rows.
pub(crate) struct Table<'a> {
    pub(crate) title: &'a str,
    /// What is counted, such as "call".
    pub(crate) unit: &'a str,
    /// The parts whose shares are told.
    pub(crate) parts: &'a [&'a str],
    /// Rows that are compared to others than the first, which is what all are compared to.
    pub(crate) pairs: &'a [(usize, usize)],
}

impl Table<'_> {
    /// As Markdown has it; the first row is what the others are compared to.
    pub(crate) fn text(&self, rows: &[Row]) -> String {
        let Self {
            title, unit, parts, ..
        } = self;
        let of_it = parts.join(" + ");
        let mut text = format!(
            "| {title} | CPU µs a {unit} | ratio | half of the rounds | {of_it} | {unit}s/s | ratio | p50 µs | p99 µs | p99.9 µs | the same load: p50 µs | p99 µs | resident MiB |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        );
        for row in rows {
            self.row(&mut text, row, &rows[0]);
        }
        if rows.iter().any(|row| row.cost_to(&rows[0]).is_noisy()) {
            text += "\nIn **bold**: farther apart than a tenth, so to be measured again on a quieter machine.\n";
        }
        self.compare(&mut text, rows);
        text
    }

    /// The pairs, in a table of their own.
    fn compare(&self, text: &mut String, rows: &[Row]) {
        if !self.pairs.is_empty() {
            let unit = self.unit;
            *text += &format!(
                "\n| compared | CPU | half of the rounds | {unit}s/s |\n|---|---:|---:|---:|\n"
            );
        }
        for &(of, to) in self.pairs {
            let (of, to) = (&rows[of], &rows[to]);
            let share = of.cost_to(to);
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| {} ÷ {} | {:.2} | {} | {:.2} |",
                of.name,
                to.name,
                share.median,
                half(&share),
                of.rate_to(to),
            );
        }
    }

    fn row(&self, text: &mut String, row: &Row, base: &Row) {
        let costs = row.costs();
        // Where all parts are one process, nobody knows their shares.
        let known = costs.len() == self.parts.len() && costs.len() > 1;
        let costs: Vec<String> = costs.iter().map(|cost| format!("{cost:.1}")).collect();
        let share = row.cost_to(base);
        let Late { p50, p99, p99_9 } = row.late();
        let alike = row.late_alike();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.2} | {} | {} | {:.0} | {:.2} | {p50:.0} | {p99:.0} | {p99_9:.0} | {:.0} | {:.0} | {:.0} |",
            row.name,
            row.cost(),
            share.median,
            half(&share),
            if known {
                costs.join(" + ")
            } else {
                String::new()
            },
            row.rate(),
            row.rate_to(base),
            alike.p50,
            alike.p99,
            row.resident,
        );
    }
}

/// Between what half of the rounds lie.
fn half(share: &Share) -> String {
    let half = format!("{:.2} to {:.2}", share.half.0, share.half.1);
    if share.is_noisy() {
        format!("**{half}**")
    } else {
        half
    }
}
