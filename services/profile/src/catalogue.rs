//! The profiles of all hotels, in every language there is.

use std::collections::{
    HashMap,
    hash_map::{Entry, VacantEntry},
};

use bytes::Bytes;
use hotel_proto::{
    data::{DataError, Table},
    profile::Hotel,
    view::Encoded,
};
use prost::Message;

use crate::packed;

/// The language of `hotels.json`.
pub(crate) const BASE: &str = "en";

/// Room for a record of a file, in bytes: more than one takes that `hotels generate` writes.
const RECORD_BYTES: usize = 256;

/// All profiles, each encoded and ready to be sent.
#[derive(Debug, Default)]
pub struct Catalogue {
    base: HashMap<Box<str>, Bytes>,
    translations: Vec<Translation>,
    /// Those that are too many for memory, in English alone, in the place of the others.
    table: Option<Table>,
}

/// The hotels that are described in one more language.
#[derive(Debug)]
struct Translation {
    /// BCP 47, in lower case.
    locale: Box<str>,
    hotels: HashMap<Box<str>, Bytes>,
}

impl Catalogue {
    /// How many hotels there are.
    pub fn len(&self) -> usize {
        self.table.as_ref().map_or(self.base.len(), Table::len)
    }

    /// Whether there is no hotel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The locales in which some hotel is described, in lower case, English first.
    pub fn locales(&self) -> impl Iterator<Item = &str> {
        let others = self
            .translations
            .iter()
            .map(|translation| &*translation.locale);
        std::iter::once(BASE).chain(others)
    }

    /// The profiles of the hotels, in the order asked for; unknown ids are left out.
    ///
    /// Each comes in the closest language there is: `de-AT-1996`, then `de-AT`, then `de`, then English. Letters may be of
    /// either case, and a locale nobody has heard of is English.
    ///
    /// # Errors
    ///
    /// When a record cannot be read from a file, or makes no sense.
    pub fn profiles<I>(&self, hotels: I, locale: &str) -> Result<Encoded<1>, DataError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let Some(table) = &self.table else {
            let found: Vec<&Bytes> = self.listed(hotels, locale).collect();
            let bytes = found.iter().map(|hotel| hotel.len()).sum();
            let mut all = Encoded::with_capacity(found.len(), bytes);
            found.iter().for_each(|hotel| all.push(hotel));
            return Ok(all);
        };
        let ids: Vec<I::Item> = hotels.into_iter().collect();
        let mut all = Encoded::with_capacity(ids.len(), ids.len() * RECORD_BYTES);
        let mut buffer = Vec::new();
        let records = table.records(&ids, &mut buffer)?;
        for (id, record) in ids.iter().zip(records) {
            if let Some(record) = record {
                all.push(packed::hotel(table, id.as_ref(), record)?);
            }
        }
        Ok(all)
    }

    /// Those that are in memory.
    pub(crate) fn listed<'a, I>(
        &'a self,
        hotels: I,
        locale: &str,
    ) -> impl Iterator<Item = &'a Bytes> + use<'a, I>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let chain = self.chain(locale);
        hotels.into_iter().filter_map(move |id| {
            let id = id.as_ref();
            chain
                .iter()
                .find_map(|translation| translation.hotels.get(id))
                .or_else(|| self.base.get(id))
        })
    }

    /// The translations to look in, closest first. Nothing is allocated where there is none, as for English.
    fn chain(&self, locale: &str) -> Vec<&Translation> {
        let mut chain = Vec::new();
        let mut range = Some(locale);
        while let Some(tag) = range {
            if tag.eq_ignore_ascii_case(BASE) {
                break;
            }
            let same = |translation: &&Translation| translation.locale.eq_ignore_ascii_case(tag);
            chain.extend(self.translations.iter().find(same));
            range = tag.rsplit_once('-').map(|(shorter, _)| shorter);
        }
        chain
    }

    /// The place of a hotel in English, unless the id is taken.
    pub(crate) fn vacant(&mut self, id: Box<str>) -> Option<VacantEntry<'_, Box<str>, Bytes>> {
        match self.base.entry(id) {
            Entry::Occupied(_) => None,
            Entry::Vacant(free) => Some(free),
        }
    }

    /// The English profile of a hotel.
    pub(crate) fn base(&self, id: &str) -> Option<Hotel> {
        // It was encoded here.
        Hotel::decode(self.base.get(id)?.clone()).ok()
    }

    /// Adds a translated profile, unless there is one already.
    pub(crate) fn translate(&mut self, locale: &str, hotel: &Hotel) -> bool {
        let known = self
            .translations
            .iter()
            .position(|known| known.locale.eq_ignore_ascii_case(locale));
        let at = known.unwrap_or_else(|| {
            self.translations.push(Translation {
                locale: locale.to_ascii_lowercase().into(),
                hotels: HashMap::new(),
            });
            self.translations.len() - 1
        });
        let id = hotel.id.as_str().into();
        let hotel = hotel.encode_to_vec().into();
        self.translations[at].hotels.insert(id, hotel).is_none()
    }
}

impl From<Table> for Catalogue {
    fn from(table: Table) -> Self {
        Self {
            table: Some(table),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use hotel_proto::view;

    use super::*;

    fn hotel(id: &str, description: &str) -> Hotel {
        Hotel {
            id: id.into(),
            description: description.into(),
            ..Hotel::default()
        }
    }

    /// Its id and description.
    fn seen(hotel: &Bytes) -> (&str, &str) {
        let hotel = view::Hotel::<&str>::read(hotel).unwrap();
        (hotel.id, hotel.description)
    }

    /// Hotel 1 in four languages, hotel 2 in English alone.
    fn catalogue() -> Catalogue {
        let mut all = Catalogue::default();
        for id in ["1", "2"] {
            let english = hotel(id, "en").encode_to_vec();
            all.vacant(id.into()).unwrap().insert(english.into());
        }
        for locale in ["de", "de-AT", "zh-Hant"] {
            assert!(all.translate(locale, &hotel("1", locale)));
        }
        all
    }

    #[test]
    fn the_closest_language_is_found() {
        let all = catalogue();
        for (locale, expected) in [
            ("", "en"),
            ("en", "en"),
            ("en-GB", "en"),
            ("de", "de"),
            ("DE", "de"),
            ("de-CH", "de"),
            ("de-at", "de-AT"),
            ("de-AT-1996", "de-AT"),
            ("zh-Hant-TW", "zh-Hant"),
            ("zh", "en"),
            ("dex", "en"),
            ("-", "en"),
            ("💥-💥", "en"),
        ] {
            let found: Vec<_> = all.listed(["1"], locale).map(|h| seen(h).1).collect();
            assert_eq!(found, [expected], "{locale:?}");
        }
    }

    #[test]
    fn a_hotel_without_a_translation_is_described_in_english() {
        let all = catalogue();
        let found: Vec<_> = all.listed(["2", "9", "1", "2"], "de").map(seen).collect();
        assert_eq!(found, [("2", "en"), ("1", "de"), ("2", "en")]);
        assert_eq!(
            all.locales().collect::<Vec<_>>(),
            ["en", "de", "de-at", "zh-hant"]
        );
    }

    #[test]
    fn a_translation_is_given_once() {
        assert!(!catalogue().translate("DE-at", &hotel("1", "again")));
    }
}
