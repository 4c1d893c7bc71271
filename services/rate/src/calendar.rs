//! Days of the year and periods of nights.

use hotel_proto::stay::{Stay, parse_date, parse_month_day};
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Deserializer, de};

/// A month and a day of it, in any year; ordered as in the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MonthDay(i8, i8);

impl MonthDay {
    pub(crate) fn of(date: Date) -> Self {
        Self(date.month(), date.day())
    }

    /// A day of a leap year.
    pub(crate) fn try_new(month: u32, day: u32) -> Option<Self> {
        const LEAP: i16 = 2000;

        let date = Date::new(LEAP, month.try_into().ok()?, day.try_into().ok()?);
        date.ok().map(Self::of)
    }

    fn parse(text: &str) -> Option<Self> {
        parse_month_day(text).map(|(month, day)| Self(month, day))
    }
}

impl<'de> Deserialize<'de> for MonthDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!("expected a day of the year as MM-DD, got {text:?}"))
        })
    }
}

/// A part of every year, both ends included; it may run over the new year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Yearly {
    pub(crate) from: MonthDay,
    pub(crate) to: MonthDay,
}

impl Yearly {
    pub(crate) fn contains(self, day: MonthDay) -> bool {
        if self.from <= self.to {
            self.from <= day && day <= self.to
        } else {
            self.from <= day || day <= self.to
        }
    }

    /// Two rings of days meet exactly when one holds the start of the other.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.contains(other.from) || other.contains(self.from)
    }
}

/// Nights between two dates, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Once {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

impl Once {
    pub(crate) fn contains(self, date: Date) -> bool {
        self.from <= date && date <= self.to
    }
}

/// Nights of one year or of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Once(Once),
    Yearly(Yearly),
}

impl Period {
    /// Reads a period from its ends: both dates or both days of the year.
    pub(crate) fn parse(from: &str, to: &str) -> Option<Self> {
        if let (Some(from), Some(to)) = (parse_date(from), parse_date(to)) {
            return (from <= to).then_some(Self::Once(Once { from, to }));
        }
        let (from, to) = (MonthDay::parse(from)?, MonthDay::parse(to)?);
        Some(Self::Yearly(Yearly { from, to }))
    }

    pub(crate) fn contains(self, night: Night) -> bool {
        match self {
            Self::Once(once) => once.contains(night.date),
            Self::Yearly(yearly) => yearly.contains(night.day),
        }
    }
}

/// What the price of a night depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Night {
    pub(crate) date: Date,
    pub(crate) day: MonthDay,
    /// Friday or Saturday: a night is named by the day on which it begins.
    pub(crate) weekend: bool,
}

impl Night {
    fn of(date: Date) -> Self {
        Self {
            date,
            day: MonthDay::of(date),
            weekend: matches!(date.weekday(), Weekday::Friday | Weekday::Saturday),
        }
    }
}

/// The nights of a stay, worked out once for all hotels of a request.
pub(crate) fn nights(stay: Stay) -> Vec<Night> {
    stay.nights().map(Night::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yearly(from: &str, to: &str) -> Yearly {
        match Period::parse(from, to) {
            Some(Period::Yearly(yearly)) => yearly,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_period_may_run_over_the_new_year() {
        let holidays = yearly("12-27", "01-02");
        for (day, inside) in [
            ("12-26", false),
            ("12-27", true),
            ("01-02", true),
            ("01-03", false),
        ] {
            assert_eq!(
                holidays.contains(MonthDay::parse(day).unwrap()),
                inside,
                "{day}"
            );
        }
        assert!(holidays.overlaps(yearly("01-02", "02-28")));
        assert!(holidays.overlaps(yearly("12-31", "12-31")));
        assert!(holidays.overlaps(yearly("12-01", "01-31")));
        assert!(!holidays.overlaps(yearly("01-03", "12-26")));
    }

    #[test]
    fn ends_are_both_dates_or_both_days() {
        assert!(matches!(
            Period::parse("2015-04-09", "2015-04-09"),
            Some(Period::Once(_))
        ));
        assert!(matches!(
            Period::parse("02-29", "03-01"),
            Some(Period::Yearly(_))
        ));
        for (from, to) in [
            ("2015-04-10", "2015-04-09"),
            ("2015-04-09", "04-10"),
            ("04-31", "05-01"),
            ("", ""),
            ("4-9", "4-9"),
        ] {
            assert_eq!(Period::parse(from, to), None, "{from} {to}");
        }
    }

    #[test]
    fn friday_and_saturday_nights_are_the_weekend() {
        let stay = Stay::parse("2015-04-09", "2015-04-13").unwrap();
        let weekend: Vec<_> = nights(stay).iter().map(|night| night.weekend).collect();
        assert_eq!(weekend, [false, true, true, false]);
    }
}
