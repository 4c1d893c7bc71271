use malform::{Fuzz, Verdict};

use super::*;

const SAMPLES: [&str; 6] = [
    "inDate=2015-04-09&outDate=2015-04-10",
    "inDate=2015-04-09&outDate=2015-04-10&lat=37.7749&lon=-122.4194",
    "outDate=2024-03-01&inDate=2024-02-29&locale=de-AT&limit=100&radius=0.5",
    "inDate=2015%2D04-09&%6futDate=2015-05-09&lat=-90&lon=180&radius=50&limit=1",
    "&inDate=2015-12-31&&outDate=2016-01-01&utm=a+b%20%c3%bc&flag",
    "lat=1e1&inDate=2015-04-09&lon=-0.0&outDate=2015-04-11&locale=zh_Hant",
];

/// A fault repeats no more than this of what it was sent.
const LONGEST_MESSAGE: usize = 600;

/// The same question, written with every byte in percent-encoding and the parameters the other way round.
fn written_anew(query: &Query) -> String {
    let encoded = |text: &str| -> String {
        let byte = |byte| format!("%{byte:02x}");
        text.bytes().map(byte).collect()
    };
    let (centre, radius) = (query.centre, query.radius);
    let values = [
        query.in_date.clone(),
        query.out_date.clone(),
        centre.lat().to_string(),
        centre.lon().to_string(),
        query.locale.clone(),
        query.limit.get().to_string(),
        radius.km().to_string(),
    ];
    let pairs = NAMES.iter().zip(values).rev();
    let pairs = pairs.map(|(name, value)| format!("{}={}", encoded(name), encoded(&value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[test]
fn whatever_is_asked_is_understood_or_its_fault_is_named() {
    let tally = Fuzz::of_text("query", SAMPLES).run(|input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return Verdict::Refused;
        };
        match Query::parse(text) {
            Ok(query) => {
                assert!((-90.0..=90.0).contains(&query.centre.lat()));
                assert!((-180.0..=180.0).contains(&query.centre.lon()));
                assert!((1..=100).contains(&query.limit.get()));
                assert!(query.radius.km() > 0.0 && query.radius.km() <= 50.0);
                assert!(query.locale.is_ascii() && query.locale.len() <= MAX_LOCALE);
                assert_eq!(Query::parse(&written_anew(&query)), Ok(query));
                Verdict::Accepted
            }
            Err(fault) => {
                assert!(NAMES.contains(&fault.field) || fault.field == "query");
                assert!(fault.to_string().len() <= LONGEST_MESSAGE, "{fault}");
                Verdict::Refused
            }
        }
    });
    assert!(tally.accepted > 0 && tally.refused > 0, "{tally:?}");
}
