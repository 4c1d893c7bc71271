//! Profiles, read where they lie.

use super::{Fields, Unreadable};

/// A `profile.Hotel`; what is not there is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hotel<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// As people dial it.
    pub phone_number: &'a str,
    /// In words.
    pub description: &'a str,
    /// Where it is.
    pub address: Option<Address<'a>>,
    /// The picture that stands for it: the one that says so, else the first.
    pub image_url: &'a str,
    /// Of five; 0 where nobody has rated the hotel.
    pub rating: f32,
}

/// A `profile.Address`.
#[allow(missing_docs, reason = "the names of its parts say all")]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Address<'a> {
    pub street_number: &'a str,
    pub street_name: &'a str,
    pub city: &'a str,
    pub state: &'a str,
    pub country: &'a str,
    pub postal_code: &'a str,
    /// Degrees, WGS 84.
    pub lat: f32,
    pub lon: f32,
}

impl<'a> Hotel<'a> {
    /// Reads the bytes of one.
    ///
    /// # Errors
    /// Where they are none.
    pub fn read(message: &'a [u8]) -> Result<Self, Unreadable> {
        let mut hotel = Self::default();
        let (mut first, mut default) = (None, None);
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => hotel.id = value.string()?,
                2 => hotel.name = value.string()?,
                3 => hotel.phone_number = value.string()?,
                4 => hotel.description = value.string()?,
                5 => hotel
                    .address
                    .get_or_insert_default()
                    .merge(value.bytes()?)?,
                6 => {
                    let (url, is_default) = image(value.bytes()?)?;
                    first.get_or_insert(url);
                    if is_default {
                        default.get_or_insert(url);
                    }
                }
                100 => hotel.rating = value.float()?,
                _ => {}
            }
        }
        hotel.image_url = default.or(first).unwrap_or_default();
        Ok(hotel)
    }
}

impl<'a> Address<'a> {
    fn merge(&mut self, message: &'a [u8]) -> Result<(), Unreadable> {
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => self.street_number = value.string()?,
                2 => self.street_name = value.string()?,
                3 => self.city = value.string()?,
                4 => self.state = value.string()?,
                5 => self.country = value.string()?,
                6 => self.postal_code = value.string()?,
                7 => self.lat = value.float()?,
                8 => self.lon = value.float()?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where a picture is, and whether it says that it stands for the hotel.
fn image(message: &[u8]) -> Result<(&str, bool), Unreadable> {
    let mut image = ("", false);
    for field in Fields::of(message) {
        let (tag, value) = field?;
        match tag {
            1 => image.0 = value.string()?,
            2 => image.1 = value.bool()?,
            _ => {}
        }
    }
    Ok(image)
}
