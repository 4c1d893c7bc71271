//! An explanation as a header, and the wish for one.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Hop;

const EXPLAIN: HeaderName = HeaderName::from_static("x-bellhop-explain");

/// The longest explanation, in bytes: half of what peers take as headers.
const MAX_BYTES: usize = 8 * 1024;

/// No system is so deep that this cuts anything: it bounds the looks at what is too long.
const MAX_DEPTH: usize = 8;

/// Whether a request asks for an explanation.
pub(crate) fn asked(headers: &HeaderMap) -> bool {
    headers.get(EXPLAIN).is_some_and(|value| value == "1")
}

/// Asks for one.
pub(crate) fn ask(headers: &mut HeaderMap) {
    headers.insert(EXPLAIN, HeaderValue::from_static("1"));
}

/// The explanation of an answer, where there is one that can be read.
pub(crate) fn decode(headers: &HeaderMap) -> Option<Hop> {
    let value = headers.get(EXPLAIN)?.as_bytes();
    (value.len() <= MAX_BYTES).then_some(())?;
    serde_json::from_slice(value).ok()
}

/// Puts an explanation on an answer; what does not fit is left out, beginning with what matters least.
pub(crate) fn encode(mut hop: Hop, headers: &mut HeaderMap) {
    if let Some(value) = written(&hop) {
        headers.insert(EXPLAIN, value);
        return;
    }
    hop.forget_skipped();
    for depth in (0..=MAX_DEPTH).rev() {
        if let Some(value) = written(&hop) {
            headers.insert(EXPLAIN, value);
            return;
        }
        hop.cut(depth);
    }
    if let Some(value) = written(&hop) {
        headers.insert(EXPLAIN, value);
    }
}

/// In ASCII only, as headers are; `None` where it is too long.
fn written(hop: &Hop) -> Option<HeaderValue> {
    let json = serde_json::to_string(hop).ok()?;
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        // Only strings hold anything else, and serde_json has escaped the control characters below the space.
        match character {
            ' '..='~' => ascii.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(ascii, "\\u{unit:04x}").ok()?;
                }
            }
        }
    }
    (ascii.len() <= MAX_BYTES).then_some(())?;
    HeaderValue::from_str(&ascii).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::explain::{Attempt, Call, Skipped};

    fn told(hop: Hop) -> (Hop, usize) {
        let mut headers = HeaderMap::new();
        encode(hop, &mut headers);
        let value = headers[EXPLAIN].to_str().expect("ASCII").to_owned();
        assert!(serde_json::from_str::<serde_json::Value>(&value).is_ok());
        (
            decode(&headers).expect("what was written is read"),
            value.len(),
        )
    }

    /// A tree with so many attempts a hop, of so many hops.
    fn tree(depth: usize, attempts: usize, skipped: usize) -> Hop {
        let attempt = |n| Attempt {
            instance: format!("instance-{n}"),
            hop: (depth > 1).then(|| tree(depth - 1, attempts, skipped)),
            ..Attempt::default()
        };
        let call = Call {
            attempts: (0..attempts).map(attempt).collect(),
            skipped: vec![Skipped::default(); skipped],
            ..Call::default()
        };
        Hop {
            service: "search".into(),
            calls: vec![call],
            ..Hop::default()
        }
    }

    #[test]
    fn what_fits_is_told_whole() {
        let hop = tree(3, 2, 2);
        assert_eq!(told(hop.clone()).0, hop);
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_far_end() {
        let (without_skipped, _) = told(tree(2, 2, 100));
        assert!(without_skipped.truncated && without_skipped.calls[0].skipped.is_empty());
        assert_eq!(without_skipped.calls[0].attempts.len(), 2);

        let (cut, bytes) = told(tree(4, 4, 0));
        assert!(bytes <= MAX_BYTES);
        let attempts = &cut.calls[0].attempts;
        assert_eq!(attempts.len(), 4, "what is near stays");
        let last = attempts[0].hop.as_ref().unwrap().calls[0].attempts[0]
            .hop
            .as_ref();
        assert!(last.unwrap().truncated);

        let (bare, bytes) = told(tree(1, 1000, 0));
        assert!(bytes <= MAX_BYTES && bare.truncated && bare.calls.is_empty());
    }

    #[test]
    fn junk_explains_nothing() {
        let long = "1".repeat(MAX_BYTES + 1);
        for junk in ["", "1", "{}", "[", "{\"service\":1}", &long] {
            let value = HeaderValue::from_str(junk).unwrap();
            let headers = HeaderMap::from_iter([(EXPLAIN, value)]);
            assert_eq!(decode(&headers), None, "{junk}");
        }
        assert_eq!(decode(&HeaderMap::new()), None);
    }

    #[test]
    fn one_value_asks_for_it() {
        let mut headers = HeaderMap::new();
        assert!(!asked(&headers));
        ask(&mut headers);
        assert!(asked(&headers));
        headers.insert(EXPLAIN, HeaderValue::from_static("true"));
        assert!(!asked(&headers));
    }

    proptest! {
        #[test]
        fn any_text_passes(text in any::<String>()) {
            let hop = Hop { instance: text, ..Hop::default() };
            prop_assert_eq!(told(hop.clone()).0, hop);
        }
    }
}
