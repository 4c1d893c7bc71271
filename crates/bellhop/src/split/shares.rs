//! What a split says.

use std::{collections::BTreeMap, fmt, sync::Arc};

use http::HeaderName;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::Value;

use super::sticky::is_of_who_asks;

/// The most versions of one split.
pub(crate) const MOST_VERSIONS: usize = 16;
/// The most that shares may add up to: one of ten thousand is a small canary.
const MOST_SHARES: u32 = 10_000;
/// The longest text of a split, in bytes.
const MOST_BYTES: usize = 4096;
/// Beside the shares, the name of the header to go by.
const STICKY: &str = "sticky";

/// What share of the calls of a service each of its versions has.
#[derive(Clone, PartialEq, Eq)]
pub struct Split {
    shares: BTreeMap<Arc<str>, u32>,
    sticky: Option<HeaderName>,
}

/// Why a text is no split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSplit {
    /// It is longer than is read.
    #[error("it has {0} bytes, {MOST_BYTES} are the most")]
    TooLong(usize),
    /// It is no JSON, or no object.
    #[error("it is no JSON object of versions and shares: {0}")]
    Json(String),
    /// A version stands there twice.
    #[error("{0:?} stands there twice")]
    Twice(String),
    /// A share is none.
    #[error(
        "the share of {version:?} is {found}, a whole number from 0 to {MOST_SHARES} is expected"
    )]
    Share {
        /// Whose.
        version: String,
        /// What stands there.
        found: String,
    },
    /// There are too many versions.
    #[error("it names {0} versions, {MOST_VERSIONS} are the most")]
    TooMany(usize),
    /// Nobody has a share.
    #[error("no version has a share")]
    Nobody,
    /// The shares add up to too much.
    #[error("its shares add up to {0}, {MOST_SHARES} is the most")]
    TooMuch(u64),
    /// What to go by is no header.
    #[error("{0} names no header to be sticky by")]
    Sticky(String),
}

impl Split {
    /// Reads `{"v1": 90, "v2": 10}`, with the name of a header as `sticky` where it is to go by one. Shares are whole
    /// numbers; what they add up to is what they are parts of.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidSplit> {
        if text.len() > MOST_BYTES {
            return Err(InvalidSplit::TooLong(text.len()));
        }
        let Fields(fields) =
            serde_json::from_slice(text).map_err(|error| InvalidSplit::Json(error.to_string()))?;
        let (mut shares, mut sticky) = (BTreeMap::new(), None);
        let mut names = std::collections::BTreeSet::new();
        for (name, value) in fields {
            if !names.insert(name.clone()) {
                return Err(InvalidSplit::Twice(name));
            }
            if name == STICKY {
                sticky = Some(header(&value)?);
            } else {
                shares.insert(name.as_str().into(), share(name, &value)?);
            }
        }
        Self::try_new(shares, sticky)
    }

    fn try_new(
        shares: BTreeMap<Arc<str>, u32>,
        sticky: Option<HeaderName>,
    ) -> Result<Self, InvalidSplit> {
        if shares.len() > MOST_VERSIONS {
            return Err(InvalidSplit::TooMany(shares.len()));
        }
        match shares.values().map(|share| u64::from(*share)).sum() {
            0 => Err(InvalidSplit::Nobody),
            all if all > u64::from(MOST_SHARES) => Err(InvalidSplit::TooMuch(all)),
            _ => Ok(Self { shares, sticky }),
        }
    }

    /// The versions in order, each with its share; that may be 0.
    pub fn shares(&self) -> impl Iterator<Item = (&Arc<str>, u32)> {
        self.shares.iter().map(|(version, share)| (version, *share))
    }

    /// Whether it says what a version has, be it nothing.
    pub(crate) fn names(&self, version: &str) -> bool {
        self.shares.contains_key(version)
    }

    /// The header that calls go by where they carry it.
    pub fn sticky(&self) -> Option<&HeaderName> {
        self.sticky.as_ref()
    }
}

fn share(version: String, value: &Value) -> Result<u32, InvalidSplit> {
    let share = value.as_u64().and_then(|share| u32::try_from(share).ok());
    share
        .filter(|share| *share <= MOST_SHARES)
        .ok_or_else(|| InvalidSplit::Share {
            version,
            found: value.to_string(),
        })
}

fn header(value: &Value) -> Result<HeaderName, InvalidSplit> {
    let name: Option<HeaderName> = value.as_str().and_then(|name| name.parse().ok());
    name.filter(is_of_who_asks)
        .ok_or_else(|| InvalidSplit::Sticky(value.to_string()))
}

/// The fields of an object in their order, those that stand there twice too.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            if fields.len() > MOST_BYTES {
                return Err(de::Error::custom("too many fields"));
            }
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (version, share)) in self.shares().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{version}: {share}")?;
        }
        match &self.sticky {
            Some(header) => write!(f, ", sticky by {header}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Split({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> String {
        Split::parse(text.as_bytes()).unwrap().to_string()
    }

    fn fault(text: &str) -> InvalidSplit {
        Split::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn shares_and_the_header_are_read() {
        assert_eq!(told(r#"{"v2":10,"v1":90}"#), "v1: 90, v2: 10");
        assert_eq!(told(r#" {"v1": 1, "v2": 0} "#), "v1: 1, v2: 0");
        assert_eq!(
            told(r#"{"v1":90,"v2":10,"sticky":"X-User"}"#),
            "v1: 90, v2: 10, sticky by x-user"
        );
    }

    #[test]
    fn what_is_none_is_refused_by_name() {
        for text in ["", "v1", "[]", "90", r#"{"v1":90"#, r#"{"v1":1} x"#] {
            assert!(matches!(fault(text), InvalidSplit::Json(_)), "{text}");
        }
        for share in [
            "-1",
            "0.5",
            "\"90\"",
            "null",
            "10001",
            "99999999999999999999",
        ] {
            let text = format!(r#"{{"v1":{share},"v2":1}}"#);
            assert!(matches!(fault(&text), InvalidSplit::Share { version, .. } if version == "v1"));
        }
        assert_eq!(
            fault(r#"{"v1":1,"v1":2}"#),
            InvalidSplit::Twice("v1".into())
        );
        assert_eq!(fault(r#"{"v1":0,"v2":0}"#), InvalidSplit::Nobody);
        assert_eq!(fault("{}"), InvalidSplit::Nobody);
        assert_eq!(
            fault(r#"{"v1":9000,"v2":9000}"#),
            InvalidSplit::TooMuch(18_000)
        );
        for header in [
            "7",
            "\"\"",
            "\"x user\"",
            "null",
            "\"content-length\"",
            "\"X-Bellhop-Version\"",
            "\"baggage\"",
        ] {
            let text = format!(r#"{{"v1":1,"sticky":{header}}}"#);
            assert_eq!(fault(&text), InvalidSplit::Sticky(header.into()));
        }
        let many: Vec<_> = (0..17).map(|n| format!("\"v{n}\":1")).collect();
        assert_eq!(
            fault(&format!("{{{}}}", many.join(","))),
            InvalidSplit::TooMany(17)
        );
        assert_eq!(fault(&" ".repeat(5000)), InvalidSplit::TooLong(5000));
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_are_no_trouble(bytes in any::<Vec<u8>>()) {
            if let Ok(split) = Split::parse(&bytes) {
                prop_assert!(split.shares().any(|(_, share)| share > 0));
            }
        }
    }
}
