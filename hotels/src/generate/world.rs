//! Where which hotel is.

use std::f64::consts::TAU;

use geo::Place;

use super::{
    cities::{City, cities},
    random::Random,
};

/// One hotel in this many stands anywhere on the Earth, and not in a city.
const ANYWHERE: u32 = 50;
/// Most hotels of a city stand in its middle, the others around it: how far, in metres (the deviation of a bell curve).
const MIDDLE_M: f64 = 2_500.0;
const AROUND_M: f64 = 12_000.0;

const METRES_PER_DEGREE: f64 = 111_195.0;

/// All hotels there are under one seed.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    cities: Vec<City>,
    /// The sum of the weights up to each city.
    weights: Vec<u32>,
}

/// What can be drawn of one hotel, each from a stream of its own: a change of one leaves the others as they were.
#[derive(Clone, Copy, Debug)]
pub(super) enum About {
    Place,
    Profile,
    Offer,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let cities = cities();
        let weights = cities.iter().scan(0, |sum, city| {
            *sum += city.weight;
            Some(*sum)
        });
        Self {
            seed,
            weights: weights.collect(),
            cities,
        }
    }

    /// From 1 up, as people number things.
    pub(super) fn id(&self, row: u32) -> String {
        (u64::from(row) + 1).to_string()
    }

    pub(super) fn random(&self, row: u32, about: About) -> Random {
        Random::of(self.seed, u64::from(row) * 4 + about as u64)
    }

    /// Where a hotel stands. Hundred-thousandths of a degree, about a metre, are the same on every machine.
    pub(super) fn place(&self, row: u32) -> Place {
        let mut random = self.random(row, About::Place);
        let (lat, lon) = match self.city_by(&mut random) {
            Some(city) => around(city, &mut random),
            None => anywhere(&mut random),
        };
        let rounded = |degrees: f64| (degrees * 1e5).round() / 1e5;
        Place {
            id: self.id(row),
            lat: rounded(lat).clamp(-90.0, 90.0),
            lon: rounded((lon + 540.0).rem_euclid(360.0) - 180.0),
        }
    }

    /// The city that a hotel is in, if any.
    pub(super) fn city(&self, row: u32) -> Option<&City> {
        self.city_by(&mut self.random(row, About::Place))
    }

    fn city_by(&self, random: &mut Random) -> Option<&City> {
        let weights = self.weights.last().copied().unwrap_or(1);
        let (anywhere, weight) = (random.below(ANYWHERE) == 0, random.below(weights));
        let city = self.weights.partition_point(|sum| *sum <= weight);
        self.cities.get(city).filter(|_| !anywhere)
    }
}

fn around(city: &City, random: &mut Random) -> (f64, f64) {
    let deviation = if random.below(10) < 7 {
        MIDDLE_M
    } else {
        AROUND_M
    };
    // Two normal numbers as a direction and a distance (Box and Muller, 1958).
    let metres = deviation * (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    let (sin, cos) = (random.unit() * TAU).sin_cos();
    let lat = city.lat + metres * cos / METRES_PER_DEGREE;
    let shrink = lat.to_radians().cos().max(0.01);
    (lat, city.lon + metres * sin / METRES_PER_DEGREE / shrink)
}

/// Evenly over the sphere: the area of a zone grows with its height.
fn anywhere(random: &mut Random) -> (f64, f64) {
    let lat = (2.0 * random.unit() - 1.0).asin().to_degrees();
    (lat, random.unit() * 360.0 - 180.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_hotels() {
        let places = |seed| {
            let world = World::new(seed);
            (0..1000).map(|row| world.place(row)).collect::<Vec<_>>()
        };
        assert_eq!(places(1), places(1));
        assert_ne!(places(1), places(2));
        let first = &places(0)[0];
        assert_eq!(first.id, "1");
    }

    #[test]
    fn most_hotels_stand_in_cities_and_all_on_the_earth() {
        let world = World::new(7);
        let mut in_cities = 0;
        for row in 0..20_000 {
            let place = world.place(row);
            assert!(place.lat.abs() <= 90.0 && (-180.0..=180.0).contains(&place.lon));
            let Some(city) = world.city(row) else {
                continue;
            };
            in_cities += 1;
            assert!((place.lat - city.lat).abs() < 1.0, "{place:?} {city:?}");
        }
        assert!((19_400..19_800).contains(&in_cities), "{in_cities}");
    }

    #[test]
    fn the_city_that_the_page_shows_first_has_its_share() {
        let world = World::new(0);
        let here = |row: &u32| {
            world
                .city(*row)
                .is_some_and(|city| city.name == "San Francisco")
        };
        let count = (0..20_000).filter(here).count();
        assert!(count > 200, "{count}");
    }
}
