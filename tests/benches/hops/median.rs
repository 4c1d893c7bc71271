//! What several figures of the same thing come to.

/// The one in the middle.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let figures = sorted(figures);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How far apart the highest and the lowest are, as a share of the median.
pub(crate) fn spread(figures: impl Iterator<Item = f64>) -> f64 {
    let figures = sorted(figures);
    match figures[..] {
        [lowest, .., highest] => (highest - lowest) / figures[figures.len() / 2],
        _ => 0.0,
    }
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}
