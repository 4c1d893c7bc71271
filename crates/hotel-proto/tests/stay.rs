//! The arithmetic of a stay, held against a calendar that shares no code with it.

use chrono::{Datelike, Days, NaiveDate};
use hotel_proto::stay::{MAX_NIGHTS, Stay, parse_date, parse_month_day};
use proptest::prelude::*;

/// Any day that has four digits of year, and room for a stay after it.
fn any_day() -> impl Strategy<Value = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(0, 1, 1).unwrap();
    let last = NaiveDate::from_ymd_opt(9999, 10, 1).unwrap();
    let days = (last - first).num_days() as u64;
    (0..=days).prop_map(move |n| first + Days::new(n))
}

fn iso(day: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

proptest! {
    #[test]
    fn a_date_is_real_or_refused(year in 0..=9999i32, month in 0..=13u32, day in 0..=32u32) {
        let text = format!("{year:04}-{month:02}-{day:02}");
        let real = NaiveDate::from_ymd_opt(year, month, day).is_some();
        prop_assert_eq!(parse_date(&text).map(|date| date.to_string()), real.then_some(text));
    }

    #[test]
    fn month_ends_are_right(year in 0..=9999i32, month in 1..=12u32, day in 27..=32u32) {
        let text = format!("{year:04}-{month:02}-{day:02}");
        let real = NaiveDate::from_ymd_opt(year, month, day).is_some();
        prop_assert_eq!(parse_date(&text).is_some(), real);
        let in_some_year = NaiveDate::from_ymd_opt(2000, month, day).is_some();
        prop_assert_eq!(parse_month_day(&text[5..]).is_some(), in_some_year);
    }

    #[test]
    fn nights_are_counted_as_the_calendar_does(arrival in any_day(), nights in -3i64..=60) {
        let departure = arrival + chrono::TimeDelta::days(nights);
        prop_assume!(departure.year() >= 0);
        let stay = Stay::parse(&iso(arrival), &iso(departure));
        if !(1..=i64::from(MAX_NIGHTS)).contains(&nights) {
            prop_assert_eq!(stay.unwrap_err().field, "outDate");
            return Ok(());
        }
        let stay = stay.unwrap();
        let expected: Vec<_> = arrival.iter_days().take_while(|day| *day < departure).map(iso).collect();
        let got: Vec<_> = stay.nights().map(|night| night.to_string()).collect();
        prop_assert_eq!(i64::from(stay.count()), nights);
        prop_assert_eq!(got, expected);
        prop_assert_eq!(stay.out_date().to_string(), iso(departure));
    }

    #[test]
    fn no_text_upsets_it(first in ".{0,12}", second in "[0-9-]{0,12}") {
        for (in_date, out_date) in [(&first, &second), (&second, &first)] {
            let _ = Stay::parse(in_date, out_date);
        }
    }
}
