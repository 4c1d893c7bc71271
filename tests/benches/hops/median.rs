//! What several figures of the same thing come to.

/// The one in the middle.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let figures = sorted(figures);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Between which two half of them lie.
pub(crate) fn middle_half(figures: impl Iterator<Item = f64>) -> (f64, f64) {
    let figures = sorted(figures);
    let at = |part: usize| {
        let place = figures.len().saturating_sub(1) * part / 4;
        figures.get(place).copied().unwrap_or(f64::NAN)
    };
    (at(1), at(3))
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
