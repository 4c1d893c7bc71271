//! Reads the text of metrics.

use std::collections::BTreeMap;

/// One line of the text that is no comment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// With the end that it has there, such as `_total` or `_bucket`.
    pub name: String,
    /// By name.
    pub labels: BTreeMap<String, String>,
    /// What it says.
    pub value: f64,
}

/// All samples of a text in the classic format.
///
/// # Panics
/// When it is none.
pub fn samples(text: &str) -> Vec<Sample> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(sample).collect()
}

/// The sum of all samples of this name that have these labels among theirs.
///
/// # Panics
/// When it is no such text.
pub fn total(text: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let has = |sample: &Sample, (label, value): &(&str, &str)| {
        sample
            .labels
            .get(*label)
            .is_some_and(|found| found == value)
    };
    let all = samples(text)
        .into_iter()
        .filter(|sample| sample.name == name);
    let these = all.filter(|sample| labels.iter().all(|label| has(sample, label)));
    these.map(|sample| sample.value).sum()
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.strip_suffix("\"}").unwrap_or(labels);
    let labels = labels.split("\",").filter(|label| !label.is_empty());
    let label = |label: &str| {
        let (name, value) = label.split_once("=\"").expect("a label");
        (name.to_owned(), value.to_owned())
    };
    Sample {
        name: name.to_owned(),
        labels: labels.map(label).collect(),
        value: value.parse().expect("a number"),
    }
}
