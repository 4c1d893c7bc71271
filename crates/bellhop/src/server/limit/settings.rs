//! How limits are written.

use std::sync::Arc;

use super::Limits;
use crate::{config::Reader, limit::Rate};

const NAME: &str = "BELLHOP_LIMIT";
const EXPECTED: &str =
    "off, or a list of METHOD:RATE[:BURST], such as pkg.Service/Method:50:100,*:500";

impl Limits {
    /// Reads `BELLHOP_LIMIT`; `None` where nobody is limited.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Arc<Self>> {
        let rates = reader.or_off(NAME, None, |reader| reader.with(NAME, EXPECTED, parse))?;
        Some(Arc::new(Self::new(&rates)))
    }
}

/// The rates by method.
fn parse(value: &str) -> Option<Vec<(String, Rate)>> {
    let rates = value.split(',').map(|rate| {
        let (method, rate) = rate.trim().split_once(':')?;
        let is_method = method == "*" || is_method(method);
        is_method.then_some(())?;
        Some((method.to_owned(), rate.parse().ok()?))
    });
    rates.collect()
}

/// Whether it is `pkg.Service/Method`.
fn is_method(text: &str) -> bool {
    let name = |part: &str| !part.is_empty() && !part.contains(['/', ' ', '*']);
    text.split_once('/')
        .is_some_and(|(service, method)| name(service) && name(method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_people_write_it() {
        let rates = parse("geo.Geo/Nearby:50:100, *:0.5").unwrap();
        let rate = |text: &str| text.parse().unwrap();
        assert_eq!(
            rates,
            [
                ("geo.Geo/Nearby".to_owned(), rate("50:100")),
                ("*".to_owned(), rate("0.5"))
            ]
        );
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in [
            "50",
            "geo.Geo:50",
            "/Nearby:50",
            "geo.Geo/:50",
            "a/b/c:5",
            "*:",
            "*:0",
            "*:5,",
            "geo.Geo/*:5",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
