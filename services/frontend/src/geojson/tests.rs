//! What is written is held against what serde writes of the same.

mod model;

use hotel_proto::view::RoomType;
use proptest::prelude::*;

use super::*;

fn hotel() -> Hotel<&'static str> {
    Hotel {
        id: "7",
        name: "Seven",
        ..Hotel::default()
    }
}

fn found(distance_m: f32) -> Found<'static, &'static str> {
    Found {
        distance_m,
        ..Found::default()
    }
}

fn plan(room: RoomType<&'static str>) -> RatePlan<&'static str> {
    RatePlan {
        code: "RACK",
        room_type: Some(room),
        ..RatePlan::default()
    }
}

fn json<'a>(
    hotel: &'a Hotel<&'a str>,
    found: Option<&(Found<'a, &'a str>, RatePlan<&'a str>)>,
) -> String {
    let mut json = Vec::new();
    Feature::new(hotel, found, true).write(&mut json).unwrap();
    String::from_utf8(json).unwrap()
}

#[test]
fn what_nobody_knows_is_left_out() {
    assert_eq!(
        json(&hotel(), None),
        r#"{"type":"Feature","id":"7","properties":{"name":"Seven","phone_number":""},"geometry":null}"#
    );
}

#[test]
fn coordinates_print_short_and_longitude_first() {
    let mut hotel = hotel();
    let mut place = |lat, lon| {
        hotel.address = Some(Address {
            lat,
            lon,
            ..Address::default()
        });
        json(&hotel, None)
    };
    let geometry = r#""geometry":{"type":"Point","coordinates":[-122.4181,37.7831]}}"#;
    assert!(place(37.7831, -122.4181).ends_with(geometry));
    for (lat, lon) in [(f32::NAN, 0.0), (0.0, f32::INFINITY), (91.0, 0.0)] {
        assert!(place(lat, lon).ends_with(r#""geometry":null}"#));
    }
}

#[test]
fn money_has_two_decimals_at_most() {
    let room = RoomType {
        bookable_rate: 109.0,
        total_rate: 0.1 + 0.2,
        total_rate_inclusive: 123.169_999,
        currency: "USD",
        room_description: "King",
        ..RoomType::default()
    };
    let price = r#""price":{"code":"RACK","currency":"USD","nightly":109.0,"total":0.3,"total_inclusive":123.17,"room":"King"}"#;
    assert!(json(&hotel(), Some(&(found(1.0), plan(room)))).contains(price));

    let broken = RoomType {
        total_rate: f64::NAN,
        ..room
    };
    assert!(!json(&hotel(), Some(&(found(1.0), plan(broken)))).contains("price"));
}

#[test]
fn distances_are_whole_metres_from_a_search_that_knows_them() {
    let metres = |distance_m| {
        let text = json(
            &hotel(),
            Some(&(found(distance_m), plan(RoomType::default()))),
        );
        let (_, after) = text.split_once(r#""distance_m":"#)?;
        Some(after.split(',').next()?.to_owned())
    };
    assert_eq!(metres(919.034), Some("919".into()));
    assert_eq!(metres(0.0), Some("0".into()));
    assert_eq!(metres(-1.0), None);
    assert_eq!(metres(f32::NAN), None);

    let at = found;
    assert!(
        tells_distance([at(0.0), at(3.0)].iter()),
        "the first is right here"
    );
    assert!(!tells_distance([at(0.0), at(0.0)].iter()), "an older geo");
}

#[test]
fn an_address_line_has_no_hole() {
    for (number, street, expected) in [
        ("601", "Eddy St", "601 Eddy St"),
        ("", "Pier 39", "Pier 39"),
        ("601", "", "601"),
        ("", "", ""),
    ] {
        let mut hotel = hotel();
        hotel.address = Some(Address {
            street_number: number,
            street_name: street,
            ..Address::default()
        });
        let line = format!(r#","address_line":"{expected}""#);
        let has_one = !expected.is_empty();
        assert_eq!(json(&hotel, None).contains(&line), has_one, "{expected}");
        assert_eq!(json(&hotel, None).contains("address_line"), has_one);
    }
}

/// Any text, and some that look like those of hotels.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "(?s).{0,40}",
        "[ -~]{0,80}",
        "[a-zà-ÿ ]{0,80}"
    ]
}

/// Any number, and amounts that are paid.
fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        -1e3..1e3,
        (0..2_000_000_000_000_000_u64).prop_map(|cents| cents as f64 / 100.0),
        (0..100_000_u64).prop_map(|cents| cents as f64 / 100.0),
    ]
}

prop_compose! {
    fn an_answer()(
        texts in prop::collection::vec(text(), 16),
        (lat, lon) in (-91.0..91.0_f32, any::<f32>()),
        rating in any::<f32>(),
        distance_m in any::<f32>(),
        rates in prop::array::uniform3(rate()),
        degraded in prop::collection::vec(text(), 0..3),
        (has_place, is_found, count) in (any::<bool>(), any::<bool>(), 0..3_usize),
    ) -> (String, String) {
        let text = |n: usize| texts[n].as_str();
        let address = Address {
            street_number: text(4),
            street_name: text(5),
            city: text(6),
            state: text(7),
            country: text(8),
            postal_code: text(9),
            lat,
            lon,
        };
        let hotel = Hotel {
            id: text(0),
            name: text(1),
            phone_number: text(2),
            description: text(3),
            address: has_place.then_some(address),
            image_url: text(10),
            rating,
        };
        let plan = RatePlan {
            code: text(11),
            room_type: Some(RoomType {
                bookable_rate: rates[0],
                total_rate: rates[1],
                total_rate_inclusive: rates[2],
                currency: text(12),
                room_description: text(13),
                ..RoomType::default()
            }),
            ..RatePlan::default()
        };
        let found = found(distance_m);
        let found = (found, plan);
        let found = is_found.then_some(&found);

        let features = (0..count).map(|_| Feature::new(&hotel, found, true)).collect();
        let mut written = Vec::new();
        let collection = FeatureCollection { degraded: &degraded, features };
        collection.write(&mut written).unwrap();
        let features = (0..count).map(|_| model::Feature::new(&hotel, found)).collect();
        let collection = model::FeatureCollection { degraded: &degraded, features };
        let expected = serde_json::to_string(&collection).unwrap();
        (String::from_utf8(written).unwrap(), expected)
    }
}

proptest! {
    #[test]
    fn every_answer_is_as_serde_writes_it((written, expected) in an_answer()) {
        prop_assert_eq!(written, expected);
    }
}
