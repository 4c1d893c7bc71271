//! What a case has come to.

use std::time::Duration;

use crate::{Figures, figures::percentile, load::Again};

/// What a case has come to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Of the load, where there was one.
    pub(crate) figures: Option<Figures>,
    /// How overload was borne, where there was one.
    pub(crate) overload: Option<Overload>,
    /// What else is worth a line.
    pub(crate) notes: Vec<String>,
    /// The rules that were broken.
    pub(crate) broken: Vec<String>,
    /// Why it did not run, where it did not.
    pub(crate) passed_over: Option<String>,
}

/// How overload was borne.
#[derive(Clone, Debug)]
pub(crate) struct Overload {
    /// Good answers, as a share of those without overload.
    pub(crate) share: f64,
    /// How long it took to be told that there is too much to do, sorted.
    pub(crate) refused: Vec<Duration>,
}

impl Overload {
    /// The time within which so many percent of the refused were told; `None` where nobody was refused.
    pub(crate) fn told(&self, percent: usize) -> Option<Duration> {
        (!self.refused.is_empty()).then(|| percentile(&self.refused, percent))
    }
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
        let report = match &figures.lesser[..] {
            [] => report,
            [.., slowest] => {
                let (count, p99) = (figures.lesser.len(), percentile(&figures.lesser, 99));
                report.note(format!(
                    "{count} rightly answered with less: within {p99:.0?} (p99), {slowest:.0?} (all)"
                ))
            }
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
    fn passed_over(why: &str) -> Self {
        Self {
            passed_over: Some(why.to_owned()),
            ..Self::default()
        }
    }

    /// A case that needs network namespaces, where there may be none.
    pub(crate) fn without_namespaces() -> Self {
        Self::passed_over("without network namespaces")
    }

    /// With how overload was borne.
    pub(crate) fn with_overload(self, overload: Overload) -> Self {
        Self {
            overload: Some(overload),
            ..self
        }
    }

    /// With whether those that were broken serve again.
    pub(crate) fn again(self, again: &Again) -> Self {
        let report = match again.took {
            Some(took) => self.note(format!(
                "those that were broken {again} after {took:.1?} more"
            )),
            None => self,
        };
        report.rule(again.took.is_some(), || {
            format!("those that were broken {again}: one never had its share again")
        })
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
