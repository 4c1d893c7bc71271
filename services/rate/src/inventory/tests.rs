use chrono::{Datelike, NaiveDate, Weekday};
use hotel_proto::data::Source;
use proptest::prelude::*;

use super::*;

const TWO_ROOMS: &str = r#"[{"id": "a", "code": "RACK", "currency": "EUR", "taxBasisPoints": 1000,
    "priced": {"from": "2020-01-01", "to": "2020-12-31"},
    "seasons": [{"from": "12-30", "to": "12-31", "percent": 150}],
    "soldOut": [{"from": "2020-05-01", "to": "2020-05-02"}],
    "rooms": [
      {"code": "S", "description": "Small", "nightlyCents": 9900, "weekendCents": 2000,
       "soldOut": [{"from": "03-10", "to": "03-11"}]},
      {"code": "L", "description": "Large", "nightlyCents": 10000}]}]"#;

fn two_rooms() -> Inventory {
    Inventory::from_source(&Source::embedded("inventory.json", TWO_ROOMS)).unwrap()
}

fn stay(in_date: &str, out_date: &str) -> Stay {
    Stay::parse(in_date, out_date).unwrap()
}

/// Room, price and price with tax of hotel `a`.
fn best(in_date: &str, out_date: &str) -> Option<(String, i64, i64)> {
    let inventory = two_rooms();
    let mut quotes = quotes(&inventory, ["a"], stay(in_date, out_date), |_, quote| {
        (
            quote.room_code.into(),
            quote.total.0,
            quote.total_inclusive.0,
        )
    });
    quotes.pop()
}

fn quotes<I, T>(
    inventory: &Inventory,
    hotels: I,
    stay: Stay,
    of: impl Fn(&str, Quote<'_>) -> T,
) -> Vec<T>
where
    I: IntoIterator<Item: AsRef<str>>,
{
    let mut quotes = Vec::new();
    let told = inventory.each_quote(hotels, stay, |id, quote| quotes.push(of(id, quote)));
    told.unwrap();
    quotes
}

fn room(code: &str, total: i64, inclusive: i64) -> Option<(String, i64, i64)> {
    Some((code.into(), total, inclusive))
}

#[test]
fn the_cheapest_room_for_the_whole_stay_wins() {
    // Thursday: the small room. With the weekend: the large one, which costs the same on every night.
    assert_eq!(best("2020-04-09", "2020-04-10"), room("S", 9900, 10_890));
    assert_eq!(best("2020-04-09", "2020-04-12"), room("L", 30_000, 33_000));
    // Sold out on one night of two: the small room is no answer for both.
    assert_eq!(best("2020-03-11", "2020-03-13"), room("L", 20_000, 22_000));
    assert_eq!(best("2020-03-12", "2020-03-13"), room("S", 9900, 10_890));
}

#[test]
fn a_sold_out_night_closes_the_hotel_but_the_day_of_departure_does_not() {
    assert_eq!(best("2020-05-01", "2020-05-02"), None);
    assert_eq!(best("2020-04-30", "2020-05-02"), None);
    assert!(best("2020-04-30", "2020-05-01").is_some());
    assert!(best("2020-05-03", "2020-05-04").is_some());
}

#[test]
fn outside_the_priced_nights_there_is_no_rate() {
    assert_eq!(best("2019-12-31", "2020-01-02"), None);
    assert_eq!(best("2020-12-31", "2021-01-02"), None);
    assert_eq!(best("2020-12-30", "2021-01-01"), room("S", 29_700, 32_670));
}

#[test]
fn the_published_rates_come_out_exactly() {
    let inventory = Inventory::embedded().unwrap();
    let night = stay("2015-04-09", "2015-04-10");
    let got = quotes(&inventory, ["3", "nowhere", "1", "2"], night, |id, q| {
        let cents = [q.nightly.0, q.total.0, q.total_inclusive.0];
        let words = [id, q.code, q.room_code, q.room, q.currency].join(" ");
        format!("{words} {cents:?}")
    });
    assert_eq!(
        got,
        [
            "3 RACK KNG King sized bed USD [10900, 10900, 12317]",
            "1 RACK KNG King sized bed USD [10900, 10900, 12317]",
            "2 RACK QN Queen sized bed USD [13900, 13900, 15309]",
        ]
    );
}

#[test]
fn some_hotels_are_sold_out_when_the_first_two_are_not() {
    let inventory = Inventory::embedded().unwrap();
    let ids: Vec<_> = (1..=16).map(|n| n.to_string()).collect();
    let night = stay("2015-04-09", "2015-04-10");
    let free = quotes(&inventory, &ids, night, |id, _| id.to_owned());
    assert_eq!(free.len(), 15);
    let is_free = |hotel: &str| free.iter().any(|id| id == hotel);
    assert!(is_free("5") && is_free("3") && !is_free("12"));
}

proptest! {
    /// Hotel 13 is never sold out, so it has a price for every stay of the years it sells.
    #[test]
    fn every_stay_has_the_sum_of_its_nights(start in 0u64..7665, nights in 1u64..=30) {
        let first = NaiveDate::from_ymd_opt(2015, 1, 1).unwrap() + chrono::Days::new(start);
        let end = first + chrono::Days::new(nights);
        prop_assume!(end <= NaiveDate::from_ymd_opt(2036, 1, 1).unwrap());

        let inventory = Inventory::embedded().unwrap();
        let stay = stay(&first.to_string(), &end.to_string());
        let told = quotes(&inventory, ["13"], stay, |_, quote| {
            (quote.total.0, quote.total_inclusive.0, quote.nightly.0)
        });
        let [(total, inclusive, nightly)] = told[..] else { panic!("{told:?}") };

        let expected: i64 = first.iter_days().take(nights as usize).map(queen_at_the_nikko).sum();
        prop_assert_eq!(total, expected);
        prop_assert_eq!(inclusive, expected + (expected * 14 + 50) / 100);
        prop_assert!((nightly * nights as i64 - expected).abs() * 2 <= nights as i64);
    }
}

/// The price list of hotel 13, written down a second time with another calendar.
fn queen_at_the_nikko(night: NaiveDate) -> i64 {
    let usual = match night.weekday() {
        Weekday::Fri | Weekday::Sat => 17_900,
        _ => 16_900,
    };
    let percent = match (night.month(), night.day()) {
        (5, 15..) | (6..=9, _) => 115,
        (12, 27..) | (1, 1) => 140,
        (1, _) | (2, ..=15) => 88,
        _ => 100,
    };
    (usual * percent + 50) / 100
}
