//! Where to look: a point and a radius.

use crate::Invalid;

const LATITUDE: &str = "degrees from -90 to 90";
const LONGITUDE: &str = "degrees from -180 to 180";
const KILOMETRES: &str = "kilometres, more than 0 and at most 50";

/// A point on the Earth: WGS 84 degrees, finite and in range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    lat: f32,
    lon: f32,
}

impl Point {
    /// Checks the coordinates of a request.
    ///
    /// # Errors
    ///
    /// Names `lat` or `lon` when it is not finite or out of range.
    pub fn try_new(lat: f32, lon: f32) -> Result<Self, Invalid> {
        if !is_latitude(lat.into()) {
            return Err(Invalid::new("lat", LATITUDE, &lat.to_string()));
        }
        if !is_longitude(lon.into()) {
            return Err(Invalid::new("lon", LONGITUDE, &lon.to_string()));
        }
        Ok(Self { lat, lon })
    }

    /// Reads coordinates written as decimal degrees.
    ///
    /// # Errors
    ///
    /// Names `lat` or `lon` when it is no number or out of range.
    pub fn parse(lat: &str, lon: &str) -> Result<Self, Invalid> {
        let lat =
            parse_within(lat, is_latitude).ok_or_else(|| Invalid::new("lat", LATITUDE, lat))?;
        let lon =
            parse_within(lon, is_longitude).ok_or_else(|| Invalid::new("lon", LONGITUDE, lon))?;
        Ok(Self { lat, lon })
    }

    /// Degrees north.
    pub fn lat(self) -> f32 {
        self.lat
    }

    /// Degrees east.
    pub fn lon(self) -> f32 {
        self.lon
    }
}

/// How far from the point to look: more than 0 and at most [`Radius::MAX_KM`] kilometres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Radius(f32);

impl Radius {
    /// The widest circle, in kilometres.
    pub const MAX_KM: f32 = 50.0;

    /// The circle of a request that does not say, in kilometres.
    pub const DEFAULT_KM: f32 = 10.0;

    /// Reads the field `radiusKm` of a message, where 0 means [`Radius::DEFAULT_KM`].
    ///
    /// # Errors
    ///
    /// Names `radiusKm` when it is negative, not a number, or too wide.
    pub fn from_wire(km: f32) -> Result<Self, Invalid> {
        if km == 0.0 {
            return Ok(Self::default());
        }
        if !is_radius(km.into()) {
            return Err(Invalid::new("radiusKm", KILOMETRES, &km.to_string()));
        }
        Ok(Self(km))
    }

    /// Reads the parameter `radius` of a query, written as decimal kilometres.
    ///
    /// # Errors
    ///
    /// Names `radius` when it is no number or out of range; here 0 is out of range.
    pub fn parse(km: &str) -> Result<Self, Invalid> {
        parse_within(km, is_radius)
            .map(Self)
            .ok_or_else(|| Invalid::new("radius", KILOMETRES, km))
    }

    /// In kilometres, as the wire has it.
    pub fn km(self) -> f32 {
        self.0
    }

    /// In metres.
    pub fn metres(self) -> f64 {
        f64::from(self.0) * 1000.0
    }
}

impl Default for Radius {
    fn default() -> Self {
        Self(Self::DEFAULT_KM)
    }
}

/// Whether these are finite degrees of latitude.
pub fn is_latitude(degrees: f64) -> bool {
    (-90.0..=90.0).contains(&degrees)
}

/// Whether these are finite degrees of longitude.
pub fn is_longitude(degrees: f64) -> bool {
    (-180.0..=180.0).contains(&degrees)
}

fn is_radius(km: f64) -> bool {
    km > 0.0 && km <= f64::from(Radius::MAX_KM)
}

/// Checked at full width first: 90.000001 would round to a good 32-bit number.
fn parse_within(text: &str, is_good: fn(f64) -> bool) -> Option<f32> {
    let wide: f64 = text.parse().ok().filter(|&value| is_good(value))?;
    let narrow = wide as f32;
    is_good(narrow.into()).then_some(narrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_finite_and_in_range() {
        assert!(Point::try_new(90.0, -180.0).is_ok());
        for (lat, lon, field) in [
            (90.5, 0.0, "lat"),
            (-91.0, 0.0, "lat"),
            (f32::NAN, 0.0, "lat"),
            (f32::INFINITY, 0.0, "lat"),
            (0.0, 180.5, "lon"),
            (0.0, f32::NEG_INFINITY, "lon"),
            (0.0, f32::NAN, "lon"),
        ] {
            assert_eq!(Point::try_new(lat, lon).unwrap_err().field, field);
            let text = Point::parse(&lat.to_string(), &lon.to_string());
            assert_eq!(text.unwrap_err().field, field);
        }
    }

    #[test]
    fn a_point_is_read_from_text() {
        let centre = Point::parse("37.7749", "-122.4194").unwrap();
        assert_eq!(centre, Point::try_new(37.7749, -122.4194).unwrap());
        for bad in ["", "x", "1,5", " 1", "90.000001"] {
            assert_eq!(Point::parse(bad, "0").unwrap_err().value, bad);
        }
    }

    #[test]
    fn zero_is_the_default_radius_on_the_wire_only() {
        assert_eq!(Radius::from_wire(0.0), Ok(Radius::default()));
        assert_eq!(Radius::default().metres(), 10_000.0);
        assert_eq!(Radius::from_wire(50.0).unwrap().km(), 50.0);
        assert_eq!(Radius::parse("0.5").unwrap().metres(), 500.0);
        for bad in [-1.0, 50.1, f32::NAN, f32::INFINITY] {
            assert_eq!(Radius::from_wire(bad).unwrap_err().field, "radiusKm");
        }
        for bad in [
            "0",
            "-0",
            "-1",
            "50.0000001",
            "NaN",
            "inf",
            "ten",
            "",
            "1e-60",
        ] {
            assert_eq!(Radius::parse(bad).unwrap_err().field, "radius", "{bad}");
        }
    }
}
