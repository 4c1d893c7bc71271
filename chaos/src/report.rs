//! What a case has come to.

use crate::Figures;

/// What a case has come to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Of the load, where there was one.
    pub(crate) figures: Option<Figures>,
    /// What else is worth a line.
    pub(crate) notes: Vec<String>,
    /// The rules that were broken.
    pub(crate) broken: Vec<String>,
    /// Why it did not run, where it did not.
    pub(crate) passed_over: Option<String>,
}

impl Report {
    /// The usual rule: no request failed, no answer was wrong.
    pub(crate) fn nothing_lost(figures: Figures) -> Self {
        let (failed, wrong) = (figures.failed, figures.wrong);
        let report = Self::of(figures);
        report.rule(failed == 0 && wrong == 0, || {
            format!("{failed} failed and {wrong} wrong, where none may be")
        })
    }

    /// Figures without a rule.
    pub(crate) fn of(figures: Figures) -> Self {
        let report = Self {
            notes: figures.examples.clone(),
            ..Self::default()
        };
        let report = match figures.resent {
            0 => report,
            resent => report.note(format!("{resent} sent to another frontend")),
        };
        Self {
            figures: Some(figures),
            ..report
        }
    }

    /// A case that did not run.
    pub(crate) fn passed_over(why: &str) -> Self {
        Self {
            passed_over: Some(why.to_owned()),
            ..Self::default()
        }
    }

    /// With a line to print.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With a further rule.
    pub(crate) fn rule(mut self, kept: bool, otherwise: impl FnOnce() -> String) -> Self {
        if !kept {
            self.broken.push(otherwise());
        }
        self
    }
}
