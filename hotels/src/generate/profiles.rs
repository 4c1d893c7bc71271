//! What a generated hotel is like.

use hotel_proto::profile::{Address, Hotel};

use super::{
    words::{EXTRAS, FIRST, KIND, OPENINGS, PLACES, SECOND, STREETS},
    world::{About, World},
};

/// The hotel by a number.
pub(super) fn hotel(world: &World, row: u32) -> Hotel {
    let mut random = world.random(row, About::Profile);
    let city = world.city(row);
    let place = world.place(row);
    let first = *random.pick(&FIRST);
    let (second, kind) = (*random.pick(&SECOND), *random.pick(&KIND));
    let name = match city {
        Some(city) if random.below(3) == 0 => format!("{first} {second} {kind} {}", city.name),
        _ => format!("{first} {second} {kind}"),
    };
    let opening = *random.pick(&OPENINGS);
    let (near, extra) = (*random.pick(&PLACES), *random.pick(&EXTRAS));
    let number = 1 + random.below(400);
    let address = Address {
        street_number: number.to_string(),
        street_name: (*random.pick(&STREETS)).to_owned(),
        city: city.map_or("Nowhere", |city| city.name).to_owned(),
        state: city.map_or("", |city| city.state).to_owned(),
        country: city.map_or("The Earth", |city| city.country).to_owned(),
        postal_code: format!("{:05}", random.below(100_000)),
        lat: place.lat as f32,
        lon: place.lon as f32,
    };
    Hotel {
        id: place.id,
        name,
        // 555 01xx is kept free for what is made up.
        phone_number: format!(
            "({}) 555-01{:02}",
            200 + random.below(800),
            random.below(100)
        ),
        description: format!("{opening} {near}, {extra}."),
        address: Some(address),
        images: Vec::new(),
        rating: (25 + random.below(26)) as f32 / 10.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hotel_stands_where_geo_says_and_has_all_that_a_list_asks_for() {
        let world = World::new(3);
        for row in 0..2000 {
            let (hotel, place) = (hotel(&world, row), world.place(row));
            let address = hotel.address.unwrap();
            assert_eq!(hotel.id, place.id);
            assert_eq!(
                (address.lat, address.lon),
                (place.lat as f32, place.lon as f32)
            );
            assert!((2.5..=5.0).contains(&hotel.rating));
            for text in [hotel.name, hotel.description, address.city, address.country] {
                assert!(!text.is_empty());
            }
        }
    }
}
