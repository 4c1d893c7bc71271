//! Changes to bytes, whatever they mean.

use fastrand::Rng;

/// No input grows beyond this.
const LONGEST: usize = 64 << 10;
/// Few changes leave most of a sample intact, which is what gets past the first checks.
const MOST_CHANGES: usize = 4;
/// How often a part is repeated, most of the time and now and then.
const FEW: usize = 8;
const MANY: usize = 2000;

/// What parsers stumble over.
const TROUBLE: &[&[u8]] = &[
    b"",
    b"\0",
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x92",
    b"%",
    b"%2",
    b"%zz",
    b"%00",
    b"%ff",
    b"%25",
    b"+",
    b" ",
    b"\t",
    b"\r\n",
    b"&",
    b"=",
    b"&&",
    b",",
    b";",
    b":",
    b"/",
    b"/../",
    b"\"",
    b"\\",
    b"[",
    b"]",
    b"{",
    b"}",
    "é".as_bytes(),
    "٣".as_bytes(),
    "\u{202e}".as_bytes(),
    b"null",
];

/// What stands in the place of a number.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"-0",
    b"-1",
    b"+1",
    b"00",
    b"1.5",
    b"255",
    b"256",
    b"65535",
    b"65536",
    b"99999999",
    b"100000000",
    b"2147483648",
    b"4294967296",
    b"9007199254740993",
    b"9223372036854775808",
    b"18446744073709551616",
    b"1e400",
    b"1e-400",
    b"0x10",
    b"NaN",
    b"inf",
    b"",
];

/// A sample with one to four changes; `other` is a sample that parts are taken from.
pub fn malformed_text(rng: &mut Rng, sample: &[u8], other: &[u8]) -> Vec<u8> {
    let mut text = sample.to_vec();
    for _ in 0..rng.usize(1..=MOST_CHANGES) {
        change(rng, &mut text, other);
        text.truncate(LONGEST);
    }
    text
}

fn change(rng: &mut Rng, text: &mut Vec<u8>, other: &[u8]) {
    match rng.u8(0..9) {
        0 if !text.is_empty() => {
            let at = rng.usize(..text.len());
            text[at] ^= 1 << rng.u8(..8);
        }
        1 if !text.is_empty() => {
            let at = rng.usize(..text.len());
            text[at] = rng.u8(..);
        }
        2 => {
            let at = rng.usize(..=text.len());
            text.splice(at..at, choose(rng, TROUBLE).iter().copied());
        }
        3 => drop(text.drain(range(rng, text.len()))),
        4 => repeat(rng, text),
        5 => text.truncate(rng.usize(..=text.len())),
        6 => {
            let (at, from) = (rng.usize(..=text.len()), rng.usize(..=other.len()));
            text.truncate(at);
            text.extend_from_slice(&other[from..]);
        }
        7 => replace_number(rng, text),
        _ => {
            let range = range(rng, text.len());
            text.splice(range, choose(rng, TROUBLE).iter().copied());
        }
    }
}

/// Says a part again and again.
fn repeat(rng: &mut Rng, text: &mut Vec<u8>) {
    let range = range(rng, text.len());
    let most = if rng.u8(..16) == 0 { MANY } else { FEW };
    let times = rng.usize(1..=most).min(LONGEST / range.len().max(1));
    let part = text[range.clone()].repeat(times);
    text.splice(range.end..range.end, part);
}

/// Puts another number in the place of one, or at the end where there is none.
fn replace_number(rng: &mut Rng, text: &mut Vec<u8>) {
    let is_start = |&at: &usize| {
        text[at].is_ascii_digit()
            && !at
                .checked_sub(1)
                .is_some_and(|at| text[at].is_ascii_digit())
    };
    let starts: Vec<usize> = (0..text.len()).filter(is_start).collect();
    let start = rng.choice(starts).unwrap_or(text.len());
    let digits = text[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let range = start..start + digits.count();
    text.splice(range, choose(rng, NUMBERS).iter().copied());
}

/// A part of something so long: a short one as a rule.
fn range(rng: &mut Rng, length: usize) -> std::ops::Range<usize> {
    let start = rng.usize(..=length);
    let longest = if rng.bool() { 8 } else { length };
    start..(start + rng.usize(..=longest)).min(length)
}

fn choose<'a>(rng: &mut Rng, from: &[&'a [u8]]) -> &'a [u8] {
    rng.choice(from).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_sample_can_be_changed_and_none_grows_without_bound() {
        let mut rng = Rng::with_seed(1);
        let long = vec![b'7'; LONGEST];
        for sample in [&b""[..], b"1", b"inDate=2015-04-09", &long] {
            for _ in 0..200 {
                assert!(malformed_text(&mut rng, sample, b"other").len() <= LONGEST);
            }
        }
    }

    #[test]
    fn numbers_are_replaced_where_they_stand() {
        let mut rng = Rng::with_seed(1);
        for _ in 0..100 {
            let mut text = b"a=12&b".to_vec();
            replace_number(&mut rng, &mut text);
            assert!(text.starts_with(b"a=") && text.ends_with(b"&b"));
        }
    }
}
