//! Figures as a table.

use crate::rounds::Row;

/// What a table says beside its rows.
pub(crate) struct Table<'a> {
    pub(crate) title: &'a str,
    /// What is counted, such as "call".
    pub(crate) unit: &'a str,
    /// The parts whose shares have columns of their own.
    pub(crate) parts: &'a [&'a str],
}

impl Table<'_> {
    /// Prints it; the first row is what the others are compared to.
    pub(crate) fn print(&self, rows: &[Row]) {
        let width = rows.iter().map(|row| row.name.chars().count()).max();
        let width = width.unwrap_or_default().max(self.title.chars().count());
        let (cost, rate) = (format!("CPU µs/{}", self.unit), format!("{}s/s", self.unit));
        print!("{:width$}  {cost:>14}", self.title);
        for part in self.parts {
            print!("  {part:>8}");
        }
        println!(
            "  {rate:>10}  {:>7}  {:>9}  {:>10}",
            "spread", "CPU ratio", "rate ratio"
        );
        for row in rows {
            self.print_row(row, &rows[0], width);
        }
        for row in rows.iter().filter(|row| row.is_noisy()) {
            let spread = row.spread() * 100.0;
            println!(
                "note: {}: rounds spread {spread:.0} %: measure again on a quieter machine",
                row.name
            );
        }
        println!();
    }

    fn print_row(&self, row: &Row, base: &Row, width: usize) {
        print!("{:width$}  {:>14.1}", row.name, row.cost());
        let costs = row.costs();
        for part in 0..self.parts.len() {
            // Where all parts are one process, nobody knows their shares.
            let known = costs.len() == self.parts.len();
            let cost = known.then(|| format!("{:.1}", costs[part]));
            print!("  {:>8}", cost.unwrap_or_default());
        }
        println!(
            "  {:>10.0}  {:>5.0} %  {:>9.2}  {:>10.2}",
            row.rate(),
            row.spread() * 100.0,
            row.cost_to(base),
            row.rate() / base.rate(),
        );
    }
}
