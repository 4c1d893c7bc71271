//! A stay: nights between two civil dates.

use jiff::civil::Date;

use crate::Invalid;

/// The longest stay, in nights.
pub const MAX_NIGHTS: u8 = 30;

const IN_DATE: &str = "inDate";
const OUT_DATE: &str = "outDate";
const A_DATE: &str = "a real calendar date as YYYY-MM-DD";

/// A stay of 1 to [`MAX_NIGHTS`] nights; the night of the day of departure is not part of it.
///
/// Dates are civil dates: there is no clock and no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stay {
    in_date: Date,
    out_date: Date,
    nights: u8,
}

impl Stay {
    /// Reads both dates, strictly as `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// Names `inDate` or `outDate` when it is no real calendar date; `outDate` when it is not after `inDate` or more than
    /// [`MAX_NIGHTS`] nights after it.
    pub fn parse(in_date: &str, out_date: &str) -> Result<Self, Invalid> {
        let arrival = parse_date(in_date).ok_or_else(|| Invalid::new(IN_DATE, A_DATE, in_date))?;
        let departure =
            parse_date(out_date).ok_or_else(|| Invalid::new(OUT_DATE, A_DATE, out_date))?;

        let bad_out = |expected| Invalid::new(OUT_DATE, expected, out_date);
        if departure <= arrival {
            return Err(bad_out("a date after inDate"));
        }
        let nights = u8::try_from((departure - arrival).get_days())
            .ok()
            .filter(|&nights| nights <= MAX_NIGHTS)
            .ok_or_else(|| bad_out("a date at most 30 nights after inDate"))?;
        Ok(Self {
            in_date: arrival,
            out_date: departure,
            nights,
        })
    }

    /// The day of arrival, which is also the first night.
    pub fn in_date(self) -> Date {
        self.in_date
    }

    /// The day of departure.
    pub fn out_date(self) -> Date {
        self.out_date
    }

    /// How many nights it has.
    pub fn count(self) -> u8 {
        self.nights
    }

    /// The nights, each named by the day on which it begins.
    pub fn nights(self) -> impl Iterator<Item = Date> {
        // The only date without a tomorrow is 9999-12-31, which no night can be: a stay ends after it.
        std::iter::successors(Some(self.in_date), |night| night.tomorrow().ok())
            .take(usize::from(self.nights))
    }
}

/// Reads a civil date, strictly `YYYY-MM-DD` and on the calendar.
pub fn parse_date(text: &str) -> Option<Date> {
    let (year, month_day) = text.split_at_checked(4)?;
    let (month, day) = parse_month_day(month_day.strip_prefix('-')?)?;
    Date::new(digits(year)?, month, day).ok()
}

/// Reads a month and a day of it, strictly `MM-DD` and on the calendar of a leap year.
pub fn parse_month_day(text: &str) -> Option<(i8, i8)> {
    const LEAP_YEAR: i16 = 2000;

    let (month, day) = text.split_once('-')?;
    if month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (month, day) = (digits(month)? as i8, digits(day)? as i8);
    Date::new(LEAP_YEAR, month, day).ok()?;
    Some((month, day))
}

/// At most four digits and nothing else: `i16::from_str` would take a sign.
fn digits(text: &str) -> Option<i16> {
    text.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(in_date: &str, out_date: &str) -> (&'static str, &'static str) {
        let invalid = Stay::parse(in_date, out_date).unwrap_err();
        (invalid.field, invalid.expected)
    }

    #[test]
    fn a_night_is_named_by_the_day_it_begins() {
        let stay = Stay::parse("2016-02-28", "2016-03-01").unwrap();
        let nights: Vec<_> = stay.nights().map(|night| night.to_string()).collect();
        assert_eq!(nights, ["2016-02-28", "2016-02-29"]);
        assert_eq!(stay.count(), 2);
    }

    #[test]
    fn only_real_dates_in_one_spelling() {
        for bad in [
            "",
            "2015",
            "2015-4-9",
            "2015/04/09",
            "2015-04-09 ",
            " 2015-04-09",
            "15-04-09",
            "2015-02-29",
            "2015-04-31",
            "2015-13-01",
            "2015-00-10",
            "2015-01-00",
            "+015-04-09",
            "2015-+4-09",
            "-2015-04-09",
            "20150409",
            "2015-04-09T00:00",
            "２０１５-04-09",
            "12015-04-09",
            "2015-04--9",
            "2015-W15-4",
            "today",
        ] {
            assert_eq!(fault(bad, "2015-04-10"), ("inDate", A_DATE), "{bad:?}");
            assert_eq!(fault("2015-04-09", bad), ("outDate", A_DATE), "{bad:?}");
        }
    }

    #[test]
    fn departs_after_it_arrives_and_within_thirty_nights() {
        assert_eq!(fault("2015-04-09", "2015-04-09").1, "a date after inDate");
        assert_eq!(fault("2015-04-10", "2015-04-09").1, "a date after inDate");
        assert_eq!(
            Stay::parse("2015-04-09", "2015-05-09").unwrap().count(),
            MAX_NIGHTS
        );
        for far in ["2015-05-10", "2016-04-09", "9999-12-31"] {
            assert_eq!(
                fault("2015-04-09", far),
                ("outDate", "a date at most 30 nights after inDate")
            );
        }
    }

    #[test]
    fn the_end_of_the_calendar_is_no_special_case() {
        let last = Stay::parse("9999-12-30", "9999-12-31").unwrap();
        assert_eq!(last.nights().count(), 1);
    }
}
