//! Reads the query of `/hotels`.

use std::borrow::Cow;

use hotel_proto::{
    Invalid,
    area::{Point, Radius},
    limits::Limit,
    stay::Stay,
};

/// The longest query that is read, in bytes: several times what all parameters together can need.
const MAX_QUERY: usize = 2048;

/// The longest locale, in characters: the tags in use are below 35 (RFC 5646, section 4.4.1).
const MAX_LOCALE: usize = 35;

/// San Francisco's centre, where a request that does not say looks.
const CENTRE: (f32, f32) = (37.7749, -122.4194);

/// The parameters that there are.
pub(crate) const NAMES: [&str; 7] = [
    "inDate", "outDate", "lat", "lon", "locale", "limit", "radius",
];

const ENCODING: &str = "UTF-8 in percent-encoding";

/// What a request for hotels asks, checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) in_date: String,
    pub(crate) out_date: String,
    pub(crate) centre: Point,
    pub(crate) radius: Radius,
    pub(crate) limit: Limit,
    /// Empty where the request does not say.
    pub(crate) locale: String,
}

impl Query {
    /// Reads the part of a URL behind the question mark; parameters that are not known are passed over.
    ///
    /// # Errors
    ///
    /// Names the first parameter at fault, or `query` where it is the query as a whole.
    pub(crate) fn parse(query: &str) -> Result<Self, Invalid> {
        if query.len() > MAX_QUERY {
            let seen = format!("{} bytes", query.len());
            return Err(Invalid::new("query", "at most 2048 bytes", &seen));
        }
        let given = Given::parse(query)?;
        let (in_date, out_date) = (given.text("inDate"), given.text("outDate"));
        Stay::parse(&in_date, &out_date)?;
        Ok(Self {
            in_date,
            out_date,
            centre: centre(&given)?,
            radius: given
                .get("radius")
                .map_or(Ok(<_>::default()), Radius::parse)?,
            limit: given
                .get("limit")
                .map_or(Ok(<_>::default()), Limit::parse)?,
            locale: locale(&given)?,
        })
    }
}

fn centre(given: &Given<'_>) -> Result<Point, Invalid> {
    const BOTH: &str = "degrees, as lat and lon go together";
    match (given.get("lat"), given.get("lon")) {
        (Some(lat), Some(lon)) => Point::parse(lat, lon),
        (None, None) => Point::try_new(CENTRE.0, CENTRE.1),
        (None, Some(_)) => Err(Invalid::new("lat", BOTH, "")),
        (Some(_), None) => Err(Invalid::new("lon", BOTH, "")),
    }
}

/// The form is checked only as far as it keeps nonsense from travelling on; what no hotel speaks is answered in English.
fn locale(given: &Given<'_>) -> Result<String, Invalid> {
    let locale = given.text("locale");
    let is_good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if locale.len() > MAX_LOCALE || !locale.bytes().all(is_good) {
        return Err(Invalid::new(
            "locale",
            "a language tag such as en or de-AT",
            &locale,
        ));
    }
    Ok(locale)
}

/// The known parameters of a query, decoded, each at most once.
struct Given<'a>(Vec<(&'static str, Cow<'a, str>)>);

impl<'a> Given<'a> {
    fn parse(query: &'a str) -> Result<Self, Invalid> {
        let mut given = Self(Vec::with_capacity(NAMES.len()));
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let bad_name = || Invalid::new("query", ENCODING, name);
            let decoded = decode(name).ok_or_else(bad_name)?;
            let known = NAMES.into_iter().find(|known| *known == decoded);

            let bad_value = || Invalid::new(known.unwrap_or("query"), ENCODING, value);
            let value = decode(value).ok_or_else(bad_value)?;
            let Some(name) = known else { continue };
            if given.get(name).is_some() {
                return Err(Invalid::new(name, "one value", "more than one"));
            }
            given.0.push((name, value));
        }
        Ok(given)
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name)?;
        Some(&found.1)
    }

    /// A parameter that is not there reads as an empty one.
    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }
}

/// Undoes the encoding of a form, strictly: what does not decode to UTF-8 is refused, not mended.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(text.into());
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        decoded.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, tail) = tail.split_first_chunk::<2>()?;
                rest = tail;
                hex(digits[0])? << 4 | hex(digits[1])?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    Some(char::from(digit).to_digit(16)? as u8)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
