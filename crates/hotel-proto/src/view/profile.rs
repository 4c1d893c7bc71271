//! Profiles, read where they lie.

use super::{Fields, Reads, Unreadable};

/// A `profile.Hotel`; what is not there is empty. `S` is what its texts are [read as](super::Reads).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hotel<S> {
    /// Its id.
    pub id: S,
    /// Its name.
    pub name: S,
    /// As people dial it.
    pub phone_number: S,
    /// In words.
    pub description: S,
    /// Where it is.
    pub address: Option<Address<S>>,
    /// The picture that stands for it: the one that says so, else the first.
    pub image_url: S,
    /// Of five; 0 where nobody has rated the hotel.
    pub rating: f32,
}

/// A `profile.Address`. `S` is what its texts are [read as](super::Reads).
#[allow(missing_docs, reason = "the names of its parts say all")]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Address<S> {
    pub street_number: S,
    pub street_name: S,
    pub city: S,
    pub state: S,
    pub country: S,
    pub postal_code: S,
    /// Degrees, WGS 84.
    pub lat: f32,
    pub lon: f32,
}

impl<'a, S: Reads<'a>> Hotel<S> {
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
                1 => hotel.id = value.text()?,
                2 => hotel.name = value.text()?,
                3 => hotel.phone_number = value.text()?,
                4 => hotel.description = value.text()?,
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

impl<'a, S: Reads<'a>> Address<S> {
    fn merge(&mut self, message: &'a [u8]) -> Result<(), Unreadable> {
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => self.street_number = value.text()?,
                2 => self.street_name = value.text()?,
                3 => self.city = value.text()?,
                4 => self.state = value.text()?,
                5 => self.country = value.text()?,
                6 => self.postal_code = value.text()?,
                7 => self.lat = value.float()?,
                8 => self.lon = value.float()?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where a picture is, and whether it says that it stands for the hotel.
fn image<'a, S: Reads<'a>>(message: &'a [u8]) -> Result<(S, bool), Unreadable> {
    let mut image = (S::default(), false);
    for field in Fields::of(message) {
        let (tag, value) = field?;
        match tag {
            1 => image.0 = value.text()?,
            2 => image.1 = value.bool()?,
            _ => {}
        }
    }
    Ok(image)
}
