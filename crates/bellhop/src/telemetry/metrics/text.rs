//! Series as text, for Prometheus and its kin.

use std::fmt::{self, Write};

use super::{
    catalogue::{Kind, Metric},
    histogram::{BOUNDS, Distribution, Exemplar},
    snapshot::{Attributes, Family, Snapshot, Value},
};

/// How series are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// That of Prometheus since ever.
    Classic,
    /// OpenMetrics 1.0, which has room for exemplars.
    OpenMetrics,
}

impl Format {
    /// What a scraper accepts best; OpenMetrics only where it is asked for.
    pub(super) fn accepted(accept: Option<&str>) -> Self {
        let quality = |name: &str| {
            let ranges = accept.unwrap_or_default().split(',');
            let qualities = ranges.filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                parts.next()?.eq_ignore_ascii_case(name).then_some(())?;
                let quality = parts.find_map(|part| part.strip_prefix("q="));
                quality.map_or(Some(1.0), |quality| quality.parse::<f32>().ok())
            });
            qualities.fold(0.0, f32::max)
        };
        let open = quality("application/openmetrics-text");
        match open > 0.0 && open >= quality("text/plain") {
            true => Self::OpenMetrics,
            false => Self::Classic,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Writes all series. `resource` is what holds for all of them.
    pub(super) fn write(self, snapshot: &Snapshot, resource: &[(String, String)]) -> String {
        let mut page = Page {
            format: self,
            text: String::with_capacity(16 * 1024),
        };
        // Writing to a string cannot fail.
        let _ = page.all(snapshot, resource);
        page.text
    }
}

struct Page {
    format: Format,
    text: String,
}

impl Page {
    fn all(&mut self, snapshot: &Snapshot, resource: &[(String, String)]) -> fmt::Result {
        self.target(resource)?;
        for family in snapshot.families() {
            self.family(family)?;
        }
        match self.format {
            Format::OpenMetrics => self.text.write_str("# EOF\n"),
            Format::Classic => Ok(()),
        }
    }

    fn is_open(&self) -> bool {
        self.format == Format::OpenMetrics
    }

    fn target(&mut self, resource: &[(String, String)]) -> fmt::Result {
        let (name, kind) = match self.format {
            Format::OpenMetrics => ("target", "info"),
            Format::Classic => ("target_info", "gauge"),
        };
        writeln!(self.text, "# HELP {name} Who this is")?;
        writeln!(self.text, "# TYPE {name} {kind}")?;
        let labels = resource.iter().map(|(name, value)| (&**name, &**value));
        writeln!(self.text, "target_info{} 1", Labels(labels))
    }

    fn family(&mut self, family: &Family) -> fmt::Result {
        let metric = family.metric;
        let name = name(metric);
        let total = match metric.kind {
            Kind::Counter => "_total",
            _ => "",
        };
        // OpenMetrics names the family of a counter without the end that its samples have.
        let shown = if self.is_open() { "" } else { total };
        writeln!(self.text, "# HELP {name}{shown} {}", metric.help)?;
        writeln!(self.text, "# TYPE {name}{shown} {}", kind(metric.kind))?;
        if let Some(unit) = unit(metric).filter(|_| self.is_open()) {
            writeln!(self.text, "# UNIT {name} {unit}")?;
        }
        for (attributes, value) in &family.series {
            match value {
                Value::Number(value) => {
                    writeln!(
                        self.text,
                        "{name}{total}{} {value}",
                        labels(attributes, None)
                    )?;
                }
                Value::Spread(spread) => self.spread(&name, attributes, spread)?,
            }
        }
        Ok(())
    }

    fn spread(
        &mut self,
        name: &str,
        attributes: &Attributes,
        spread: &Distribution,
    ) -> fmt::Result {
        let bounds = BOUNDS.into_iter().map(Some).chain([None]);
        let buckets = bounds.zip(spread.counts).zip(&spread.exemplars);
        let mut count = 0;
        for ((bound, more), exemplar) in buckets {
            count += more;
            let bound = match bound {
                // As each format writes whole numbers.
                Some(bound) if self.is_open() => format!("{bound:?}"),
                Some(bound) => bound.to_string(),
                None => "+Inf".to_owned(),
            };
            let labels = labels(attributes, Some(&bound));
            write!(self.text, "{name}_bucket{labels} {count}")?;
            if let Some(exemplar) = exemplar.as_ref().filter(|_| self.is_open()) {
                self.exemplar(exemplar)?;
            }
            self.text.write_char('\n')?;
        }
        let labels = labels(attributes, None);
        writeln!(self.text, "{name}_sum{labels} {}", spread.sum)?;
        writeln!(self.text, "{name}_count{labels} {}", spread.count())
    }

    fn exemplar(&mut self, exemplar: &Exemplar) -> fmt::Result {
        let since = exemplar.at.duration_since(std::time::UNIX_EPOCH);
        let at = since.unwrap_or_default().as_secs_f64();
        let trace = u128::from_be_bytes(exemplar.trace_id);
        let span = u64::from_be_bytes(exemplar.span_id);
        let value = exemplar.value;
        write!(
            self.text,
            " # {{trace_id=\"{trace:032x}\",span_id=\"{span:016x}\"}} {value} {at:.3}"
        )
    }
}

/// The name of a metric's family.
pub(super) fn name(metric: &Metric) -> String {
    let name = metric.name.replace('.', "_");
    match unit(metric) {
        Some(unit) => format!("{name}_{unit}"),
        None => name,
    }
}

fn unit(metric: &Metric) -> Option<&'static str> {
    match metric.unit {
        "s" => Some("seconds"),
        "By" => Some("bytes"),
        _ => None,
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Amount | Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    }
}

fn labels<'a>(
    attributes: &'a Attributes,
    bound: Option<&'a str>,
) -> Labels<impl Iterator<Item = (&'a str, &'a str)> + Clone> {
    let attributes = attributes.iter().map(|(name, value)| (*name, &**value));
    Labels(attributes.chain(bound.map(|bound| ("le", bound))))
}

struct Labels<I>(I);

impl<'a, I: Iterator<Item = (&'a str, &'a str)> + Clone> fmt::Display for Labels<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = '{';
        for (name, value) in self.0.clone() {
            f.write_char(before)?;
            before = ',';
            let legal = |char: char| char.is_ascii_alphanumeric() || char == '_';
            for char in name.chars() {
                f.write_char(if legal(char) { char } else { '_' })?;
            }
            f.write_str("=\"")?;
            for char in value.chars() {
                match char {
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\n' => f.write_str("\\n")?,
                    char => f.write_char(char)?,
                }
            }
            f.write_char('"')?;
        }
        match before {
            '{' => Ok(()),
            _ => f.write_char('}'),
        }
    }
}

#[cfg(test)]
mod tests;
