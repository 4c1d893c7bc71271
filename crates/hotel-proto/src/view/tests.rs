//! Views are held against the generated types, on good messages and on broken ones.

use proptest::prelude::*;
use prost::Message;

use super::{Checked, Encoded, Found, Hotel, RatePlan};
use crate::{profile, rate, search};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "\\PC{0,12}"]
}

fn texts<const N: usize>() -> impl Strategy<Value = [String; N]> {
    prop::array::uniform(text())
}

prop_compose! {
    fn a_plan()(
        [hotel_id, code, in_date, out_date] in texts(),
        room_type in prop::option::of(a_room()),
    ) -> rate::RatePlan {
        rate::RatePlan { hotel_id, code, in_date, out_date, room_type }
    }
}

prop_compose! {
    fn a_room()(
        [code, currency, room_description] in texts(),
        [bookable_rate, total_rate, total_rate_inclusive] in prop::array::uniform3(-1e9..1e9),
        free in any::<bool>(),
    ) -> rate::RoomType {
        let bookable_rate = if free { 0.0 } else { bookable_rate };
        rate::RoomType {
            bookable_rate, total_rate, total_rate_inclusive, code, currency, room_description,
        }
    }
}

prop_compose! {
    fn a_hotel()(
        [id, name, phone_number, description] in texts(),
        address in prop::option::of(an_address()),
        images in prop::collection::vec(an_image(), 0..4),
        rating in 0.0..5.0_f32,
    ) -> profile::Hotel {
        profile::Hotel { id, name, phone_number, description, address, images, rating }
    }
}

prop_compose! {
    fn an_address()(
        [street_number, street_name, city, state, country, postal_code] in texts(),
        (lat, lon) in (-90.0..90.0_f32, -180.0..180.0_f32),
    ) -> profile::Address {
        profile::Address { street_number, street_name, city, state, country, postal_code, lat, lon }
    }
}

prop_compose! {
    fn an_image()(url in text(), default in any::<bool>()) -> profile::Image {
        profile::Image { url, default }
    }
}

/// What is on a list of one message.
fn written(push: impl Fn(&mut Encoded<100>)) -> Vec<u8> {
    let mut list = Encoded::default();
    push(&mut list);
    assert_eq!(list.iter().len(), 1);
    list.iter().next().unwrap().to_vec()
}

/// What is to be seen of a generated hotel.
fn seen(hotel: &profile::Hotel) -> Hotel<&str> {
    let images = &hotel.images;
    let image = images.iter().find(|image| image.default);
    let address = hotel.address.as_ref();
    Hotel {
        id: hotel.id.as_str(),
        name: hotel.name.as_str(),
        phone_number: hotel.phone_number.as_str(),
        description: hotel.description.as_str(),
        address: address.map(|address| super::Address {
            street_number: address.street_number.as_str(),
            street_name: address.street_name.as_str(),
            city: address.city.as_str(),
            state: address.state.as_str(),
            country: address.country.as_str(),
            postal_code: address.postal_code.as_str(),
            lat: address.lat,
            lon: address.lon,
        }),
        image_url: image.or(images.first()).map_or("", |image| &image.url),
        rating: hotel.rating,
    }
}

/// What is to be seen of a generated plan.
fn seen_plan(plan: &rate::RatePlan) -> RatePlan<&str> {
    RatePlan {
        hotel_id: plan.hotel_id.as_str(),
        code: plan.code.as_str(),
        in_date: plan.in_date.as_str(),
        out_date: plan.out_date.as_str(),
        room_type: plan.room_type.as_ref().map(|room| super::RoomType {
            bookable_rate: room.bookable_rate,
            total_rate: room.total_rate,
            total_rate_inclusive: room.total_rate_inclusive,
            code: room.code.as_str(),
            currency: room.currency.as_str(),
            room_description: room.room_description.as_str(),
        }),
    }
}

/// With another byte in one place, or cut short there.
fn broken(mut bytes: Vec<u8>, at: prop::sample::Index, with: Option<u8>) -> Vec<u8> {
    let at = at.index(bytes.len());
    match with {
        Some(byte) => bytes[at] = byte,
        None => bytes.truncate(at),
    }
    bytes
}

proptest! {
    #[test]
    fn a_hotel_is_seen_as_it_is(hotel in a_hotel()) {
        let bytes = hotel.encode_to_vec();
        prop_assert_eq!(Hotel::read(&bytes), Ok(seen(&hotel)));
        let as_they_lie = Hotel::<&[u8]>::read(&bytes).unwrap();
        prop_assert_eq!(as_they_lie.description, hotel.description.as_bytes());
        prop_assert_eq!(as_they_lie.image_url, seen(&hotel).image_url.as_bytes());
        let checked = Hotel::<Checked<'_>>::read(&bytes).unwrap();
        prop_assert_eq!(checked.description.as_ref(), hotel.description.as_bytes());
    }

    #[test]
    fn a_plan_is_seen_and_written_as_it_is(plan in a_plan()) {
        let bytes = plan.encode_to_vec();
        let view = RatePlan::read(&bytes).unwrap();
        prop_assert_eq!(view, seen_plan(&plan));
        prop_assert_eq!(written(|list| view.push_on(list)), bytes);
    }

    #[test]
    fn what_was_found_is_seen_and_written_as_it_is(
        hotel_id in text(),
        distance_m in prop_oneof![Just(0.0), 0.0..1e5_f32],
        rate_plan in prop::option::of(a_plan()),
    ) {
        let plan = rate_plan.as_ref().map(Message::encode_to_vec).unwrap_or_default();
        // Of a plan that is there and says nothing, nothing is written.
        let rate_plan = rate_plan.filter(|_| !plan.is_empty());
        let bytes = search::Found { hotel_id: hotel_id.clone(), distance_m, rate_plan }.encode_to_vec();
        let view = Found::<&str>::read(&bytes).unwrap();
        prop_assert_eq!(view, Found { hotel_id: hotel_id.as_str(), distance_m, rate_plan: &plan });
        prop_assert_eq!(written(|list| view.push_on(list)), bytes);
    }

    #[test]
    fn who_reads_broken_messages_agrees_with_the_generated_types(
        hotel in a_hotel(),
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let bytes = hotel.encode_to_vec();
        prop_assume!(!bytes.is_empty());
        let bytes = broken(bytes, at, (!cut).then_some(with));
        // Beside groups, which nobody writes: those are passed over by the one and refused by the other.
        let checked = Hotel::<Checked<'_>>::read(&bytes).map(|hotel| hotel.name.as_ref().to_vec());
        prop_assert_eq!(checked, Hotel::<&str>::read(&bytes).map(|hotel| hotel.name.as_bytes().to_vec()));
        if let Ok(view) = Hotel::<&str>::read(&bytes) {
            let whole = profile::Hotel::decode(&bytes[..]).unwrap();
            // As text, in which a number that is none is like itself.
            prop_assert_eq!(format!("{view:?}"), format!("{:?}", seen(&whole)));
        } else if let Ok(whole) = profile::Hotel::decode(&bytes[..]) {
            prop_assert!(bytes.iter().any(|byte| byte & 7 == 3), "{:?} is read as {:?}", bytes, whole);
        }
    }

    #[test]
    fn so_does_who_reads_broken_plans(
        plan in a_plan(),
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let bytes = plan.encode_to_vec();
        prop_assume!(!bytes.is_empty());
        let bytes = broken(bytes, at, (!cut).then_some(with));
        if let Ok(view) = RatePlan::<&str>::read(&bytes) {
            let whole = rate::RatePlan::decode(&bytes[..]).unwrap();
            prop_assert_eq!(format!("{view:?}"), format!("{:?}", seen_plan(&whole)));
        } else if let Ok(whole) = rate::RatePlan::decode(&bytes[..]) {
            prop_assert!(bytes.iter().any(|byte| byte & 7 == 3), "{:?} is read as {:?}", bytes, whole);
        }
    }
}
