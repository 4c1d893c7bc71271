use super::*;

const STAY: &str = "inDate=2015-04-09&outDate=2015-04-10";

fn with(more: &str) -> Result<Query, Invalid> {
    Query::parse(&format!("{STAY}&{more}"))
}

#[test]
fn what_is_not_said_has_a_default() {
    let query = Query::parse(STAY).unwrap();
    let (lat, lon) = (query.centre.lat(), query.centre.lon());
    assert_eq!((lat, lon), (37.7749, -122.4194));
    assert_eq!((query.limit.get(), query.radius.km()), (20, 10.0));
    assert_eq!(
        (&*query.in_date, &*query.out_date),
        ("2015-04-09", "2015-04-10")
    );
    assert_eq!(query.locale, "");
}

#[test]
fn everything_can_be_said() {
    let query = with("lat=52.5&lon=13.4&locale=de-AT&limit=3&radius=0.5").unwrap();
    assert_eq!((query.centre.lat(), query.centre.lon()), (52.5, 13.4));
    assert_eq!((query.limit.get(), query.radius.km()), (3, 0.5));
    assert_eq!(query.locale, "de-AT");
}

#[test]
fn the_encoding_is_undone() {
    let plain = Query::parse(STAY);
    for same in [
        "inDate=2015%2D04-09&outDate=2015-04-10",
        "%69nDate=2015-04-09&outDate=2015-04-10",
        "&&inDate=2015-04-09&outDate=2015-04-10&",
        "inDate=2015-04-09&outDate=2015-04-10&locale=",
        "inDate=2015-04-09&outDate=2015-04-10&utm=a+b%20c&utm=twice&flag&INDATE=x",
        "inDate=2015-04-09&outDate=2015-04-10&city=Zürich",
    ] {
        assert_eq!(Query::parse(same), plain, "{same}");
    }
}

#[test]
fn every_fault_names_its_field() {
    let long = format!("utm={}", "x".repeat(MAX_QUERY));
    for (field, expected, query) in [
        ("inDate", "a real calendar date", ""),
        ("inDate", "a real calendar date", "outDate=2015-04-10"),
        (
            "inDate",
            "a real calendar date",
            "inDate=&outDate=2015-04-10",
        ),
        (
            "inDate",
            "a real calendar date",
            "inDate=2015-02-29&outDate=2015-03-01",
        ),
        ("outDate", "a real calendar date", "inDate=2015-04-09"),
        (
            "outDate",
            "a real calendar date",
            "inDate=2015-04-09&outDate=10.4.2015",
        ),
        (
            "outDate",
            "a date after inDate",
            "inDate=2015-04-09&outDate=2015-04-09",
        ),
        (
            "outDate",
            "at most 30 nights",
            "inDate=2015-04-09&outDate=2015-05-10",
        ),
        ("inDate", "one value", &format!("{STAY}&inDate=2015-04-09")),
        (
            "outDate",
            "one value",
            &format!("{STAY}&out%44ate=2015-04-11"),
        ),
        ("lat", "go together", &format!("{STAY}&lon=1")),
        ("lon", "go together", &format!("{STAY}&lat=1")),
        ("lat", "degrees from -90", &format!("{STAY}&lat=91&lon=1")),
        ("lat", "degrees from -90", &format!("{STAY}&lat=&lon=1")),
        ("lat", "degrees from -90", &format!("{STAY}&lat=NaN&lon=1")),
        ("lat", "degrees from -90", &format!("{STAY}&lat=+1&lon=1")),
        (
            "lon",
            "degrees from -180",
            &format!("{STAY}&lat=1&lon=-180.1"),
        ),
        (
            "lon",
            "degrees from -180",
            &format!("{STAY}&lat=1&lon=west"),
        ),
        ("limit", "from 1 to 100", &format!("{STAY}&limit=0")),
        ("limit", "from 1 to 100", &format!("{STAY}&limit=101")),
        ("limit", "from 1 to 100", &format!("{STAY}&limit=ten")),
        ("limit", "from 1 to 100", &format!("{STAY}&limit")),
        ("limit", "one value", &format!("{STAY}&limit=1&limit=1")),
        ("radius", "at most 50", &format!("{STAY}&radius=0")),
        ("radius", "at most 50", &format!("{STAY}&radius=50.01")),
        ("radius", "at most 50", &format!("{STAY}&radius=inf")),
        (
            "locale",
            "a language tag",
            &format!("{STAY}&locale=%2e%2e%2fde"),
        ),
        (
            "locale",
            "a language tag",
            &format!("{STAY}&locale={}", "d".repeat(36)),
        ),
        ("locale", "UTF-8", &format!("{STAY}&locale=%ff")),
        ("locale", "UTF-8", &format!("{STAY}&locale=%4")),
        ("locale", "UTF-8", &format!("{STAY}&locale=%+4")),
        ("query", "UTF-8", &format!("{STAY}&utm=%zz")),
        ("query", "UTF-8", &format!("{STAY}&%c3=1")),
        ("query", "at most 2048 bytes", &long),
    ] {
        let fault = Query::parse(query).unwrap_err();
        assert_eq!(fault.field, field, "{query}");
        assert!(fault.expected.contains(expected), "{query}: {fault}");
    }
}
