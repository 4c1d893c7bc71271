//! What is heard of a split, and what is told of it.

use super::*;
use crate::{consul::Error, split::InvalidSplit};

fn is(text: &str) -> Word {
    Word::Is(Some(Split::parse(text.as_bytes()).unwrap()))
}

fn refused() -> Word {
    Word::Unknown(Arc::new(Trouble::Invalid {
        key: "bellhop/split/rate".to_owned(),
        source: InvalidSplit::Nobody,
    }))
}

fn lost() -> Word {
    Word::Unknown(Arc::new(Trouble::Lost {
        key: "bellhop/split/rate".to_owned(),
    }))
}

fn silent() -> Word {
    let call = crate::consul::Call {
        method: http::Method::GET,
        path: "/v1/kv/bellhop/split/rate".to_owned(),
    };
    let after = std::time::Duration::from_secs(1);
    let error = Error::Timeout { call, after };
    Word::Unknown(Arc::new(Trouble::Registry(error)))
}

fn kind(news: Option<News>) -> &'static str {
    match news {
        Some(News::Changed(_)) => "changed",
        Some(News::Ended) => "ended",
        Some(News::Refused(_)) => "refused",
        Some(News::Lost(_)) => "lost",
        Some(News::Silent(_)) => "silent",
        Some(News::Heard) => "heard",
        None => "",
    }
}

#[test]
fn the_last_good_one_stays_and_everything_is_told_once() {
    let mut steering = Steering::default();
    let mut hear = |word| {
        let news = kind(steering.hear(word));
        let split = steering.split().map(ToString::to_string);
        (news, split.unwrap_or_default())
    };
    let first = || "v1: 90, v2: 10".to_owned();
    let none = String::new;
    assert_eq!(hear(Word::Is(None)), ("", none()));
    assert_eq!(hear(is(r#"{"v1":90,"v2":10}"#)), ("changed", first()));
    assert_eq!(hear(silent()), ("silent", first()));
    assert_eq!(hear(silent()), ("", first()));
    assert_eq!(hear(is(r#"{"v1":90,"v2":10}"#)), ("heard", first()));
    assert_eq!(hear(silent()), ("silent", first()));
    assert_eq!(hear(lost()), ("lost", first()));
    assert_eq!(hear(is(r#"{"v1":90,"v2":10}"#)), ("heard", first()));
    assert_eq!(hear(refused()), ("refused", first()));
    assert_eq!(hear(silent()), ("silent", first()));
    assert_eq!(hear(is(r#"{"v2":1}"#)), ("changed", "v2: 1".to_owned()));
    assert_eq!(hear(Word::Is(None)), ("ended", none()));
    assert_eq!(hear(refused()), ("refused", none()));
}

fn version(version: &str, share: u32, serving: bool) -> VersionReport {
    VersionReport {
        serving,
        ..VersionReport::new(version, share)
    }
}

#[test]
fn versions_that_leave_their_shares_are_told_of_once() {
    let mut steering = Steering::default();
    let mut look = |serving: [bool; 2], share| {
        let versions = [
            version("v1", 90, serving[0]),
            version("v2", share, serving[1]),
        ];
        let (left, back) = steering.idle(&versions);
        let names = |all: BTreeSet<Arc<str>>| all.into_iter().collect::<Vec<_>>().join(" ");
        (names(left), names(back))
    };
    let told = |left: &str, back: &str| (left.to_owned(), back.to_owned());
    assert_eq!(
        look([false, false], 10),
        told("", ""),
        "nobody is there yet"
    );
    assert_eq!(look([true, false], 10), told("v2", ""));
    assert_eq!(look([true, false], 10), told("", ""));
    assert_eq!(look([true, true], 10), told("", "v2"));
    assert_eq!(look([false, true], 10), told("v1", ""));
    assert_eq!(look([true, false], 10), told("v2", "v1"));
    assert_eq!(
        look([true, false], 0),
        told("", ""),
        "it has no share to come back to"
    );
}
