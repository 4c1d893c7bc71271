//! Pieces of JSON, as serde writes them: texts that need no escaping, which nearly all are, are copied as they lie.

use serde::Serialize;
use serde_json::Result;

/// What is written as a text: UTF-8, or what has to be found not to be where the whole is looked at.
pub(crate) trait Text: AsRef<[u8]> + Copy + Default {}

impl<S: AsRef<[u8]> + Copy + Default> Text for S {}

/// A text, in quotes.
pub(crate) fn text(json: &mut Vec<u8>, text: impl AsRef<[u8]>) -> Result<()> {
    json.push(b'"');
    escaped(json, text.as_ref())?;
    json.push(b'"');
    Ok(())
}

/// What stands between the quotes of a text. One that is not UTF-8 is left as it is, so that whoever looks at the whole finds it.
pub(crate) fn escaped(json: &mut Vec<u8>, text: &[u8]) -> Result<()> {
    if is_plain(text) {
        json.extend_from_slice(text);
    } else if let Ok(text) = str::from_utf8(text) {
        let quoted = serde_json::to_vec(text)?;
        json.extend_from_slice(&quoted[1..quoted.len() - 1]);
    } else {
        json.extend_from_slice(text);
    }
    Ok(())
}

pub(crate) fn number(json: &mut Vec<u8>, number: impl Serialize) -> Result<()> {
    serde_json::to_writer(json, &number)
}

/// A list of what `write` writes of each item.
pub(crate) fn list<T>(
    json: &mut Vec<u8>,
    items: &[T],
    write: impl Fn(&T, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    json.push(b'[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            json.push(b',');
        }
        write(item, json)?;
    }
    json.push(b']');
    Ok(())
}

/// Whether nothing in it is to be escaped.
fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks();
    let odd = words.iter().fold(0, |odd, word| odd | odd_of(*word));
    let odd = match text.last_chunk() {
        // The last of them, some of which have been looked at.
        Some(last) => odd | odd_of(*last),
        None => rest.iter().fold(odd, |odd, byte| odd | odd_of([*byte; 8])),
    };
    odd == 0
}

/// Whether there are bytes to be escaped among eight: below a space, a quote or a backslash. More than 0 where one is.
fn odd_of(bytes: [u8; 8]) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_ne_bytes(bytes);
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | is(b'"') | is(b'\\')) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_is_seen_wherever_it_stands(
            mut text in prop::collection::vec(b' '.., 1..40),
            at in any::<prop::sample::Index>(),
            with in any::<u8>(),
        ) {
            let at = at.index(text.len());
            text[at] = with;
            let is_odd = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
            prop_assert_eq!(is_plain(&text), !text.iter().any(is_odd));
        }
    }
}
