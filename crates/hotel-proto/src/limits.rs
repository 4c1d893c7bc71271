//! How much a request may ask for.

use crate::{Invalid, view::HotelIds};

/// The most hotels that one message may name.
pub const MAX_HOTEL_IDS: usize = 1000;

/// How many hotels to answer at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// The most that a person may ask for, over HTTP.
    pub const MAX_QUERY: u32 = 100;

    /// The most that a service may ask for: it must look further than its own limit when hotels are sold out.
    pub const MAX_WIRE: u32 = 1000;

    /// The limit of a request that does not say.
    pub const DEFAULT: u32 = 20;

    /// Reads the field `limit` of a message, where 0 means [`Limit::DEFAULT`].
    ///
    /// # Errors
    ///
    /// Names `limit` when it is more than [`Limit::MAX_WIRE`].
    pub fn from_wire(limit: u32) -> Result<Self, Invalid> {
        match limit {
            0 => Ok(Self::default()),
            1..=Self::MAX_WIRE => Ok(Self(limit)),
            _ => Err(Invalid::new("limit", "at most 1000", &limit.to_string())),
        }
    }

    /// Reads the parameter `limit` of a query.
    ///
    /// # Errors
    ///
    /// Names `limit` when it is no whole number from 1 to [`Limit::MAX_QUERY`].
    pub fn parse(limit: &str) -> Result<Self, Invalid> {
        Some(limit)
            .filter(|text| !text.starts_with('+'))
            .and_then(|text| text.parse().ok())
            .filter(|number| (1..=Self::MAX_QUERY).contains(number))
            .map(Self)
            .ok_or_else(|| Invalid::new("limit", "a whole number from 1 to 100", limit))
    }

    /// The number, at least 1.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(Self::DEFAULT)
    }
}

/// Refuses a list of hotels that would make one small message cost a very large answer.
///
/// # Errors
///
/// Names `hotelIds` when there are more than [`MAX_HOTEL_IDS`].
pub fn check_hotel_ids(ids: &HotelIds) -> Result<(), Invalid> {
    if ids.len() > MAX_HOTEL_IDS {
        let seen = format!("{} ids", ids.len());
        return Err(Invalid::new("hotelIds", "at most 1000 ids", &seen));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_may_ask_for_less_than_services() {
        assert_eq!(Limit::from_wire(0).unwrap().get(), 20);
        assert_eq!(Limit::from_wire(1000).unwrap().get(), 1000);
        assert_eq!(Limit::from_wire(1001).unwrap_err().field, "limit");
        assert_eq!(Limit::parse("100").unwrap().get(), 100);
        for bad in ["0", "101", "-1", "+5", "1.5", "", "many", "99999999999"] {
            assert_eq!(Limit::parse(bad).unwrap_err().value, bad);
        }
    }

    #[test]
    fn a_list_of_hotels_is_bounded() {
        let ids = |count| std::iter::repeat_n("", count).collect();
        assert!(check_hotel_ids(&ids(1000)).is_ok());
        let fault = check_hotel_ids(&ids(1001)).unwrap_err();
        assert_eq!(
            fault.to_string(),
            r#"hotelIds: expected at most 1000 ids, got "1001 ids""#
        );
    }
}
