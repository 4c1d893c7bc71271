//! How far a file is, on the standard error.

use std::{
    io::{IsTerminal, Write as _},
    time::Instant,
};

/// How many cells the bar has.
const CELLS: u32 = 30;

/// A bar for one file; where nobody looks at a terminal, one line at its end.
#[derive(Debug)]
pub(super) struct Progress {
    file: &'static str,
    all: u32,
    /// In hundredths, as it was shown last.
    shown: Option<u32>,
    began: Instant,
    terminal: bool,
}

impl Progress {
    pub(super) fn new(file: &'static str, all: u32) -> Self {
        let mut progress = Self {
            file,
            all,
            shown: None,
            began: Instant::now(),
            terminal: std::io::stderr().is_terminal(),
        };
        progress.told(0);
        progress
    }

    /// So many are done.
    pub(super) fn told(&mut self, done: u32) {
        let hundredths = (u64::from(done) * 100 / u64::from(self.all.max(1))) as u32;
        if !self.terminal || self.shown == Some(hundredths) {
            return;
        }
        self.shown = Some(hundredths);
        let bar = bar(hundredths);
        self.say(&format!("\r{:<14} [{bar}] {hundredths:>3} %", self.file));
    }

    /// All are.
    pub(super) fn end(self) {
        let begin = if self.terminal { "\r" } else { "" };
        let (file, all, took) = (self.file, self.all, self.began.elapsed().as_secs_f64());
        // Longer than the bar, so that nothing of it stays.
        let text = format!("{all} hotels in {took:.1} s");
        self.say(&format!("{begin}{file:<14} {text:<40}\n"));
    }

    fn say(&self, text: &str) {
        // Nobody may be listening, and the files matter more.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

fn bar(hundredths: u32) -> String {
    let full = hundredths * CELLS / 100;
    let cell = |n| if n < full { '#' } else { '.' };
    (0..CELLS).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_from_the_left() {
        assert_eq!(bar(0), ".".repeat(30));
        assert_eq!(bar(50), "#".repeat(15) + &".".repeat(15));
        assert_eq!(bar(100), "#".repeat(30));
    }
}
