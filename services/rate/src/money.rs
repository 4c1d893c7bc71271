//! Money in whole cents.

use std::{iter::Sum, ops::Add};

/// An amount in hundredths of a currency.
///
/// No price comes near the range: thirty nights at the dearest a file may say are below 2⁵³, so that the amount in whole
/// units is the 64-bit float nearest to it, and prints with at most two decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub i64);

impl Cents {
    /// This many hundredths of the amount, rounded half up to a cent.
    pub(crate) fn percent(self, percent: u16) -> Self {
        self.times_over(percent.into(), 100)
    }

    /// The tax on the amount at a rate in hundredths of a percent, rounded half up to a cent.
    pub(crate) fn tax(self, basis_points: u16) -> Self {
        self.times_over(basis_points.into(), 10_000)
    }

    /// One of `n` equal parts, rounded half up to a cent.
    pub(crate) fn share(self, n: u8) -> Self {
        self.times_over(1, n.into())
    }

    /// The amount in whole units of the currency, as the wire has it.
    pub fn units(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// Amounts here are never negative, so half up is half away from zero.
    fn times_over(self, factor: i64, divisor: i64) -> Self {
        Self((2 * self.0 * factor + divisor) / (2 * divisor))
    }
}

impl Add for Cents {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up() {
        assert_eq!(Cents(10_900).tax(1300), Cents(1417));
        assert_eq!(Cents(13_900).tax(1014), Cents(1409), "14.0946");
        assert_eq!(Cents(50).tax(100), Cents(1), "half a cent");
        assert_eq!(Cents(49).tax(100), Cents(0));
        assert_eq!(Cents(10_050).percent(115), Cents(11_558), "115.575");
        assert_eq!(Cents(200).share(3), Cents(67));
        assert_eq!(Cents(100).share(3), Cents(33));
    }

    #[test]
    fn units_print_as_people_write_them() {
        assert_eq!(Cents(12_317).units().to_string(), "123.17");
        assert_eq!(Cents(10_900).units().to_string(), "109");
    }
}
