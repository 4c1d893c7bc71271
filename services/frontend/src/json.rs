//! Pieces of JSON, as serde writes them: texts that need no escaping, which nearly all are, are copied as they lie.

use serde::Serialize;
use serde_json::Result;

/// A text, in quotes.
pub(crate) fn text(json: &mut Vec<u8>, text: &str) -> Result<()> {
    json.push(b'"');
    escaped(json, text)?;
    json.push(b'"');
    Ok(())
}

/// What stands between the quotes of a text.
pub(crate) fn escaped(json: &mut Vec<u8>, text: &str) -> Result<()> {
    if is_plain(text) {
        json.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    let quoted = serde_json::to_vec(text)?;
    json.extend_from_slice(&quoted[1..quoted.len() - 1]);
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

/// Whether nothing in it is to be escaped. All of it is looked at, without a branch: so compilers take many bytes at a time.
fn is_plain(text: &str) -> bool {
    let is_odd = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
    !text.bytes().fold(false, |odd, byte| odd | is_odd(byte))
}
