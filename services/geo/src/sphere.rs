//! Points of the Earth as points of the unit sphere.
//!
//! In three dimensions neither the poles nor the antimeridian are special, and the straight chord between two points
//! grows with the way over ground, so that an ordinary index of boxes finds the nearest.

/// Mean radius of the Earth in metres (IUGG, R₁).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Where a point of the given degrees lies on the unit sphere.
pub(crate) fn unit(lat: f64, lon: f64) -> [f64; 3] {
    let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
    let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

/// The squared chord under a way over ground; exact inverse of [`metres`].
pub(crate) fn chord_2(metres: f64) -> f64 {
    let half = (metres / (2.0 * EARTH_RADIUS_M)).sin();
    4.0 * half * half
}

/// The way over ground above a squared chord.
pub(crate) fn metres(chord_2: f64) -> f64 {
    // Rounding can push the chord between antipodes past the diameter.
    let half = (chord_2.sqrt() / 2.0).min(1.0);
    2.0 * EARTH_RADIUS_M * half.asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(a: (f64, f64), b: (f64, f64)) -> f64 {
        let (a, b) = (unit(a.0, a.1), unit(b.0, b.1));
        metres((0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum())
    }

    #[test]
    fn a_degree_of_a_great_circle_is_111_km() {
        for (a, b) in [
            ((0.0, 0.0), (1.0, 0.0)),
            ((0.0, 179.5), (0.0, -179.5)),
            ((89.5, 0.0), (89.5, 180.0)),
        ] {
            assert!((between(a, b) - 111_195.08).abs() < 0.01, "{a:?} {b:?}");
        }
    }

    #[test]
    fn chord_and_way_are_inverse() {
        for way in [0.001, 1.0, 10_000.0, 50_000.0, 20_000_000.0] {
            assert!((metres(chord_2(way)) - way).abs() < 1e-6 * way, "{way}");
        }
        assert_eq!(between((90.0, 0.0), (90.0, 77.0)).round(), 0.0);
        let antipode = between((37.0, 10.0), (-37.0, -170.0));
        assert!((antipode - EARTH_RADIUS_M * std::f64::consts::PI).abs() < 1.0);
    }
}
