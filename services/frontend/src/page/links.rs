//! What the page may be told to show from elsewhere.

use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What the page shows besides what is part of the program. By default that is nothing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// An online map in the place of the built-in one.
    pub tiles: Option<Tiles>,
    /// Where Jaeger's pages are, for links to traces.
    pub jaeger: Option<Link>,
}

/// An online map.
#[derive(Clone, Debug)]
pub struct Tiles {
    /// Raster tiles with `{z}`, `{x}` and `{y}` in it, or a style of MapLibre.
    pub url: Link,
    /// Who is to be named for raster tiles; a style names them itself.
    pub attribution: Option<String>,
}

impl Tiles {
    /// Whether the URL is of tiles rather than of a style.
    #[must_use]
    pub fn is_raster(&self) -> bool {
        ["{z}", "{x}", "{y}"]
            .iter()
            .all(|part| self.url.0.contains(part))
    }

    /// Whom the map names: the map's makers are owed it.
    #[must_use]
    pub fn attribution(&self) -> String {
        let host = self.url.host();
        let is_osm = host == "openstreetmap.org" || host.ends_with(".openstreetmap.org");
        let default = || match is_osm {
            true => "© OpenStreetMap contributors".to_owned(),
            false => format!("Map: {host}"),
        };
        self.attribution.clone().unwrap_or_else(default)
    }
}

/// An absolute URL of a page or a file, `http` or `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(String);

/// A text that is no such URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a URL such as https://host/path, with no space, quote or comma, and no user in it"
)]
pub struct NoLink;

impl FromStr for Link {
    type Err = NoLink;

    fn from_str(text: &str) -> Result<Self, NoLink> {
        let link = Self(text.to_owned());
        let host = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
        let rest = |b: u8| b.is_ascii_graphic() && !b"\"'<>\\,;`".contains(&b);
        let authority = link.authority().ok_or(NoLink)?;
        let is_good =
            !authority.is_empty() && authority.bytes().all(host) && text.bytes().all(rest);
        is_good.then_some(link).ok_or(NoLink)
    }
}

impl Link {
    /// Scheme, host and port, as a policy names them.
    pub(super) fn origin(&self) -> &str {
        let authority = self.authority().unwrap_or_default();
        let start = self.0.len() - self.after_scheme().map_or(0, str::len);
        &self.0[..start + authority.len()]
    }

    fn host(&self) -> &str {
        let authority = self.authority().unwrap_or_default();
        // The colons inside of brackets are part of an address.
        match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            _ => authority,
        }
    }

    fn authority(&self) -> Option<&str> {
        self.after_scheme()?.split(['/', '?', '#']).next()
    }

    fn after_scheme(&self) -> Option<&str> {
        let text = &self.0;
        text.strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
