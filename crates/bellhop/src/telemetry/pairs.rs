//! Lists of the form `key=value,key=value` with percent-encoded values, as OpenTelemetry's variables hold them.

/// The pairs of a list, `None` where it is malformed.
pub(super) fn parse(list: &str) -> Option<Vec<(String, String)>> {
    list.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let key = decode(key.trim())?;
            (!key.is_empty()).then_some((key, decode(value.trim())?))
        })
        .collect()
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        // from_str_radix takes a sign, percent-encoding does not.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_split_trimmed_and_decoded() {
        let pairs = parse(" a=1 , b = two%20words,c=x=y,, d=").unwrap();
        let expected = [("a", "1"), ("b", "two words"), ("c", "x=y"), ("d", "")];
        assert_eq!(
            pairs,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn malformed_lists_are_refused() {
        for list in ["a", "=1", "a=%2", "a=%zz", "a=%+1", "a=%ff", "a=1,b"] {
            assert_eq!(parse(list), None, "{list}");
        }
    }
}
