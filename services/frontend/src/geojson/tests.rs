use hotel_proto::view::RoomType;

use super::*;

fn hotel() -> Hotel<'static> {
    Hotel {
        id: "7",
        name: "Seven",
        ..Hotel::default()
    }
}

fn found(distance_m: f32) -> Found {
    Found {
        distance_m,
        ..Found::default()
    }
}

fn plan(room: RoomType<'static>) -> RatePlan<'static> {
    RatePlan {
        code: "RACK",
        room_type: Some(room),
        ..RatePlan::default()
    }
}

fn json(hotel: &Hotel<'_>, found: Option<(&Found, &RatePlan<'_>)>) -> String {
    serde_json::to_string(&Feature::new(hotel, found, true)).unwrap()
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
    assert!(json(&hotel(), Some((&found(1.0), &plan(room)))).contains(price));

    let broken = RoomType {
        total_rate: f64::NAN,
        ..room
    };
    assert!(!json(&hotel(), Some((&found(1.0), &plan(broken)))).contains("price"));
}

#[test]
fn distances_are_whole_metres_from_a_search_that_knows_them() {
    let metres = |distance_m| {
        let text = json(
            &hotel(),
            Some((&found(distance_m), &plan(RoomType::default()))),
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
        tells_distance(&[at(0.0), at(3.0)]),
        "the first is right here"
    );
    assert!(!tells_distance(&[at(0.0), at(0.0)]), "an older geo");
}

#[test]
fn an_address_line_has_no_hole() {
    for (number, street, expected) in [
        ("601", "Eddy St", "601 Eddy St"),
        ("", "Pier 39", "Pier 39"),
        ("601", "", "601"),
        ("", "", ""),
    ] {
        let line = Line(number, street);
        assert_eq!(line.to_string(), expected);
        assert_eq!(line.is_empty(), expected.is_empty());
    }
}
