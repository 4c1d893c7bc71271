//! W3C baggage: names and values that go along with a request, hop by hop.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};

use super::never_again;

const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// Larger baggage loses its last members. The standard asks for at least as much.
const MOST_BYTES: usize = 8192;

/// More members than this are dropped, as the standard allows.
const MOST_MEMBERS: usize = 180;

/// Under which name a request's id travels.
const REQUEST_ID: &str = "request.id";

/// What a value may not hold as it is.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b',')
    .add(b';')
    .add(b'\\')
    .add(b'%');

/// Names and values that go along with a request to all hops, as [W3C baggage](https://www.w3.org/TR/baggage/) has them.
///
/// A clone is cheap. Members that the standard does not allow are dropped on the way, and so is what goes beyond 8192 bytes
/// or 180 members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baggage(Option<HeaderValue>);

impl Baggage {
    /// What the headers of a request carry.
    pub(crate) fn extract(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(&BAGGAGE).iter();
        let Some(first) = values.next() else {
            return Self::default();
        };
        // As it comes from all who keep to the standard: nothing is copied.
        if values.next().is_none() && is_clean(first.as_bytes()) {
            return Self(Some(first.clone()));
        }
        let values = headers.get_all(&BAGGAGE).iter();
        Self::of(values.flat_map(|value| members(value.as_bytes())))
    }

    /// Writes it into the headers of a request, unless it carries some.
    pub(super) fn inject(&self, headers: &mut HeaderMap) {
        if let Some(value) = &self.0 {
            let value = || never_again(value.clone());
            headers.entry(BAGGAGE).or_insert_with(value);
        }
    }

    /// The value of a name, decoded; the first where there are several.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut members = self.members();
        let value = members.find_map(|member| value_of(member, name))?;
        percent_decode(value).decode_utf8().ok()
    }

    /// The id of the request that all this is about.
    #[must_use]
    pub fn request_id(&self) -> Option<Cow<'_, str>> {
        self.get(REQUEST_ID)
    }

    /// The same, which says of no request that it is of it.
    pub(crate) fn without_request_id(self) -> Self {
        let is_it = |member: &[u8]| value_of(member, REQUEST_ID).is_some();
        if !self.members().any(is_it) {
            return self;
        }
        Self::of(self.members().filter(|member| !is_it(member)))
    }

    /// The same with one more name, instead of others of that name; without it where the name is no token or there is no room.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let member = format!("{name}={}", percent_encode(value.as_bytes(), ENCODED));
        let others = self.members();
        let others = others.filter(|member| value_of(member, name).is_none());
        Self::of(std::iter::once(member.as_bytes()).chain(others))
    }

    /// The same of the request with this id.
    pub(crate) fn with_request_id(&self, id: &HeaderValue) -> Self {
        match id.to_str() {
            // Of one that we made: there is nothing to encode and nothing to lose.
            Ok(id) if self.0.is_none() && id.bytes().all(|it| it.is_ascii_alphanumeric()) => {
                let mut member = Vec::with_capacity(REQUEST_ID.len() + 1 + id.len());
                member.extend_from_slice(REQUEST_ID.as_bytes());
                member.push(b'=');
                member.extend_from_slice(id.as_bytes());
                Self(HeaderValue::try_from(member).ok())
            }
            Ok(id) => self.with(REQUEST_ID, id),
            Err(_) => self.clone(),
        }
    }

    fn members(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().flat_map(|value| members(value.as_bytes()))
    }

    /// As many good members as there is room for.
    fn of<'m>(all: impl Iterator<Item = &'m [u8]>) -> Self {
        let mut list = Vec::new();
        for member in all.filter(|member| is_member(member)).take(MOST_MEMBERS) {
            if list.len() + 1 + member.len() > MOST_BYTES {
                continue;
            }
            if !list.is_empty() {
                list.push(b',');
            }
            list.extend_from_slice(member);
        }
        let value = HeaderValue::try_from(list).ok();
        Self(value.filter(|value| !value.is_empty()))
    }
}

fn members(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn is_clean(list: &[u8]) -> bool {
    let mut count = 0;
    let mut members = members(list).inspect(|_| count += 1);
    list.len() <= MOST_BYTES && members.all(is_member) && count <= MOST_MEMBERS
}

/// `key = value`, and what may follow after a semicolon.
fn is_member(member: &[u8]) -> bool {
    let mut parts = member.split(|byte| *byte == b';');
    let pair = parts.next().and_then(split);
    pair.is_some_and(|(key, value)| is_token(key) && value.iter().all(is_octet))
        && parts.all(|property| match split(property) {
            Some((key, value)) => is_token(key) && value.iter().all(is_octet),
            None => is_token(property.trim_ascii()),
        })
}

/// The value of a member, if that is its name.
fn value_of<'m>(member: &'m [u8], name: &str) -> Option<&'m [u8]> {
    let pair = member.split(|byte| *byte == b';').next()?;
    let (key, value) = split(pair)?;
    (key == name.as_bytes()).then_some(value)
}

fn split(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = pair.iter().position(|byte| *byte == b'=')?;
    Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
}

/// What names consist of, as HTTP has it.
fn is_token(text: &[u8]) -> bool {
    static PARTS: [bool; 256] = parts();
    !text.is_empty() && text.iter().all(|byte| PARTS[usize::from(*byte)])
}

/// Which bytes a name may have, each looked up once: it is asked of every byte of every call's baggage.
const fn parts() -> [bool; 256] {
    const ODD: &[u8] = b"!#$%&'*+-.^_`|~";
    let mut parts = [false; 256];
    let mut byte = 0;
    while byte < parts.len() {
        parts[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut odd = 0;
    while odd < ODD.len() {
        parts[ODD[odd] as usize] = true;
        odd += 1;
    }
    parts
}

/// What values consist of.
fn is_octet(byte: &u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&str]) -> Baggage {
        let headers = values.iter().map(|value| (BAGGAGE, value.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        Baggage::extract(&map)
    }

    fn written(baggage: &Baggage) -> String {
        let mut headers = HeaderMap::new();
        baggage.inject(&mut headers);
        let value = headers.get(BAGGAGE);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn what_is_good_goes_on_as_it_came() {
        let value = "userId=alice,serverNode=DF%2028 ; ttl = 5;secret, isProduction=false";
        assert_eq!(written(&read(&[value])), value);
        assert_eq!(read(&[value]).get("serverNode").unwrap(), "DF 28");
        assert_eq!(read(&[value]).get("isProduction").unwrap(), "false");
        assert_eq!(read(&[value]).get("nobody"), None);
    }

    #[test]
    fn several_headers_are_one_and_bad_members_are_dropped() {
        let baggage = read(&["a=1,b,c=\"x\"", "=2, d d=3 ,e=4;=x,f=5"]);
        assert_eq!(written(&baggage), "a=1,f=5");
        assert_eq!(read(&[""]), Baggage::default());
        assert_eq!(read(&["nothing good"]), Baggage::default());
    }

    #[test]
    fn it_does_not_grow_beyond_its_bounds() {
        let many: Vec<_> = (0..200).map(|n| format!("k{n}=v")).collect();
        let baggage = read(&[&many.join(",")]);
        assert_eq!(written(&baggage).split(',').count(), MOST_MEMBERS);
        let large: Vec<_> = (0..10)
            .map(|n| format!("k{n}={}", "v".repeat(1000)))
            .collect();
        let baggage = read(&[&large.join(",")]);
        assert_eq!(written(&baggage).split(',').count(), 8);
        let full = baggage.with("large", &"x".repeat(MOST_BYTES));
        assert_eq!(full.get("k0").unwrap().len(), 1000);
        assert_eq!(full.get("large"), None);
    }

    #[test]
    fn a_request_has_one_id() {
        let id = HeaderValue::from_static("a,\"b\";100%");
        let baggage = read(&["request.id=theirs,a=1"]).with_request_id(&id);
        assert_eq!(baggage.request_id().unwrap(), "a,\"b\";100%");
        assert_eq!(written(&baggage), "request.id=a%2C%22b%22%3B100%25,a=1");
        assert_eq!(written(&baggage.without_request_id()), "a=1");
        assert_eq!(written(&read(&["b=2"]).without_request_id()), "b=2");
    }

    #[test]
    fn what_a_handler_says_itself_is_not_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert(BAGGAGE, HeaderValue::from_static("own=1"));
        read(&["a=1"]).inject(&mut headers);
        assert_eq!(headers[BAGGAGE], "own=1");
    }

    proptest! {
        #[test]
        fn any_value_arrives(value in "\\PC{0,40}") {
            let baggage = Baggage::default().with("k", &value);
            let again = read(&[&written(&baggage)]);
            prop_assert_eq!(again.get("k").unwrap(), value);
        }

        #[test]
        fn what_goes_out_is_always_good(value in "[a-c=,;\" %]{0,60}") {
            let baggage = read(&[&value]);
            let text = written(&baggage);
            prop_assert!(text.is_empty() || is_clean(text.as_bytes()), "{}", text);
            prop_assert_eq!(read(&[&text]), baggage);
        }
    }
}
