//! A list is held against what prost makes of a list of strings, on good messages and on broken ones.

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;

use super::{Message as Messages, *};
use crate::{geo, search};

/// The answer of geo as it would be generated; names are part of what prost says of a fault.
mod plain {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Result {
        #[prost(string, repeated, tag = "1")]
        pub(super) hotel_ids: Vec<String>,
        #[prost(float, repeated, tag = "100")]
        pub(super) distances_m: Vec<f32>,
    }

    /// The answer of search, whose list of messages has a number of two bytes.
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct SearchResult {
        #[prost(string, repeated, tag = "1")]
        pub(super) hotel_ids: Vec<String>,
        #[prost(bytes = "vec", repeated, tag = "100")]
        pub(super) found: Vec<Vec<u8>>,
        #[prost(string, repeated, tag = "101")]
        pub(super) degraded: Vec<String>,
    }
}

fn some_ids() -> impl Strategy<Value = Vec<String>> {
    let id = prop_oneof![8 => "\\PC{0,9}", 1 => "[a-z]{120,140}"];
    prop::collection::vec(id, 0..20)
}

prop_compose! {
    fn an_answer()(
        hotel_ids in some_ids(),
        distances_m in prop::collection::vec(0.0..1e4_f32, 0..4),
    ) -> plain::Result {
        plain::Result { hotel_ids, distances_m }
    }
}

prop_compose! {
    fn a_search_result()(
        hotel_ids in some_ids(),
        found in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..150), 0..5),
        degraded in prop::collection::vec("[a-z]{0,5}", 0..3),
    ) -> plain::SearchResult {
        plain::SearchResult { hotel_ids, found, degraded }
    }
}

/// What is to be seen of an answer of search.
fn seen_found(answer: search::SearchResult) -> plain::SearchResult {
    let (ids, found) = (answer.hotel_ids.iter(), answer.found.iter());
    plain::SearchResult {
        hotel_ids: ids.flatten().map(str::to_owned).collect(),
        found: found.flatten().map(<[u8]>::to_vec).collect(),
        degraded: answer.degraded,
    }
}

/// What is to be seen of an answer.
fn seen(answer: geo::Result) -> plain::Result {
    let ids = answer.hotel_ids.unwrap_or_default();
    assert_eq!(ids.iter().len(), ids.iter().count());
    plain::Result {
        hotel_ids: ids.iter().map(str::to_owned).collect(),
        distances_m: answer.distances_m,
    }
}

#[test]
fn a_string_that_is_none_is_the_fault_that_it_always_was() {
    for (bytes, fault) in [
        (
            &b"\x0a\x01\x35\x0a\x02\xc3\x28"[..],
            "invalid string value: data is not UTF-8 encoded",
        ),
        (b"\x0a\x05ab", "buffer underflow"),
        (
            b"\x08\x01",
            "invalid wire type: Varint (expected LengthDelimited)",
        ),
    ] {
        let said = geo::Result::decode(bytes).unwrap_err().to_string();
        let expected = format!("failed to decode Protobuf message: Result.hotel_ids: {fault}");
        assert_eq!(said, expected);
    }
}

#[test]
fn a_list_is_cut_where_it_is_told() {
    let of = |ids: &[&str]| ids.iter().collect::<HotelIds>();
    let mut ids = of(&["1", "zwölf", "", "4"]);
    ids.truncate(5);
    assert_eq!((ids.len(), &ids), (4, &of(&["1", "zwölf", "", "4"])));
    ids.truncate(2);
    assert_eq!((ids.len(), &ids), (2, &of(&["1", "zwölf"])));
    ids.push("3");
    assert_eq!(format!("{ids:?}"), r#"["1", "zwölf", "3"]"#);
    ids.truncate(0);
    assert!(ids.is_empty() && ids == HotelIds::default());
}

proptest! {
    #[test]
    fn on_the_wire_it_is_a_list_of_strings(answer in an_answer()) {
        let own = geo::Result {
            hotel_ids: Some(answer.hotel_ids.iter().collect()),
            distances_m: answer.distances_m.clone(),
        };
        let bytes = answer.encode_to_vec();
        prop_assert_eq!(own.encoded_len(), bytes.len());
        prop_assert_eq!(own.encode_to_vec(), &bytes[..]);
        prop_assert_eq!(seen(geo::Result::decode(&bytes[..]).unwrap()), answer);
    }

    #[test]
    fn so_is_one_of_messages(
        answer in a_search_result(),
        more in a_search_result(),
        at in any::<prop::sample::Index>(),
        change in prop::option::of(any::<u8>()),
    ) {
        let own = search::SearchResult {
            hotel_ids: Some(answer.hotel_ids.iter().collect()),
            found: Some(answer.found.iter().collect::<List<100, Messages>>()),
            degraded: answer.degraded.clone(),
        };
        let bytes = answer.encode_to_vec();
        prop_assert_eq!(own.encode_to_vec(), &bytes[..]);
        let mut bytes = [bytes, more.encode_to_vec()].concat();
        prop_assume!(!bytes.is_empty());
        let at = at.index(bytes.len());
        if let Some(change) = change {
            bytes[at] = change;
        }
        let bytes = Bytes::from(bytes);
        let pieces = bytes.slice(..at).chain(bytes.slice(at..));
        let expected = plain::SearchResult::decode(bytes.clone()).map_err(|error| error.to_string());
        for read in [search::SearchResult::decode(bytes), search::SearchResult::decode(pieces)] {
            let read = read.map(seen_found).map_err(|error| error.to_string());
            prop_assert_eq!(&read, &expected);
        }
    }

    #[test]
    fn broken_or_in_pieces_it_is_read_as_prost_reads_strings(
        answer in an_answer(),
        more in an_answer(),
        at in any::<prop::sample::Index>(),
        change in prop::option::of(any::<u8>()),
    ) {
        // Lists may come in parts, with other fields between.
        let mut bytes = [answer.encode_to_vec(), more.encode_to_vec()].concat();
        prop_assume!(!bytes.is_empty());
        let at = at.index(bytes.len());
        if let Some(change) = change {
            bytes[at] = change;
        }
        let bytes = Bytes::from(bytes);
        let pieces = bytes.slice(..at).chain(bytes.slice(at..));
        let expected = plain::Result::decode(bytes.clone()).map_err(|error| error.to_string());
        for read in [geo::Result::decode(bytes), geo::Result::decode(pieces)] {
            let read = read.map(seen).map_err(|error| error.to_string());
            // As text, in which a number that is none is like itself.
            prop_assert_eq!(format!("{read:?}"), format!("{expected:?}"));
        }
    }
}
