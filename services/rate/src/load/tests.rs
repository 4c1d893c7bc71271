use super::*;

const GOOD: &str = r#"{"id": "7", "code": "RACK", "currency": "USD", "taxBasisPoints": 1400,
    "priced": {"from": "2015-01-01", "to": "2035-12-31"},
    "seasons": [{"from": "06-01", "to": "08-31", "percent": 120}, {"from": "12-20", "to": "01-05", "percent": 90}],
    "soldOut": [{"from": "12-31", "to": "12-31"}],
    "rooms": [{"code": "KNG", "description": "King", "nightlyCents": 10000, "weekendCents": -500},
              {"code": "DBL", "description": "Double", "nightlyCents": 11000}]}"#;

/// What is told of the good record after one change.
fn told(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let text = format!("[{}]", GOOD.replacen(from, to, 1));
    let error = Inventory::from_source(&Source::embedded(FILE, text.leak())).unwrap_err();
    let told = error.to_string();
    told.trim_start_matches("inventory.json[0] (id \"7\", line 1): ")
        .to_owned()
}

#[test]
fn the_embedded_inventory_is_good() {
    assert_eq!(Inventory::embedded().unwrap().len(), 16);
}

#[test]
fn a_bad_field_is_named() {
    for (from, to, expected) in [
        ("\"RACK\"", "\"\"", "code: is empty"),
        (
            "USD",
            "usd",
            "currency: expected the three capital letters of ISO 4217",
        ),
        (
            "1400",
            "10001",
            "taxBasisPoints: expected hundredths of a percent from 0 to 10000",
        ),
        (
            "1400",
            "-1",
            "taxBasisPoints: invalid value: integer `-1`, expected u16",
        ),
        (
            "2015-01-01",
            "2015-02-29",
            "priced.from: expected a date as YYYY-MM-DD, got \"2015-02-29\"",
        ),
        ("2015-01-01", "2036-01-01", "priced: ends before it begins"),
        (
            "06-01",
            "6-1",
            "seasons[0].from: expected a day of the year as MM-DD, got \"6-1\"",
        ),
        ("12-20", "08-31", "seasons[1]: overlaps seasons[0]"),
        ("120", "0", "seasons[0].percent: expected 1 to 1000, got 0"),
        (
            "\"12-31\", \"to\"",
            "\"04-31\", \"to\"",
            "soldOut[0]: expected two dates in order or two days of the year, got \"04-31\" to \"12-31\"",
        ),
        (
            "10000",
            "0",
            "rooms[0].nightlyCents: expected 1 to 100000000 cents, got 0",
        ),
        (
            "10000",
            "10000.5",
            "rooms[0].nightlyCents: invalid type: floating point `10000.5`, expected i64",
        ),
        (
            "-500",
            "-10000",
            "rooms[0].weekendCents: together with nightlyCents expected 1 to 100000000 cents, got 0",
        ),
        ("DBL", "KNG", "rooms[1].code: is used by an earlier room"),
        (
            "nightlyCents",
            "nightlyCent",
            "rooms[0].nightlyCent: unknown field `nightlyCent`",
        ),
    ] {
        let told = told(from, to);
        let first = told.lines().next().unwrap();
        assert!(first.starts_with(expected), "{first}\n{expected}");
    }
}

#[test]
fn an_id_is_used_once() {
    let text = format!("[{GOOD},\n{GOOD}]");
    let error = Inventory::from_source(&Source::embedded(FILE, text.leak())).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("id: is used by an earlier record")
    );
}
