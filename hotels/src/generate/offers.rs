//! What a generated hotel sells.

use rate::{Offer, Period, Room, Season};

use super::{
    random::Random,
    words::ROOMS,
    world::{About, World},
};

/// Where a hotel is in no city.
const CURRENCY: &str = "USD";
const TAX: u32 = 1000;

/// What the hotel by a number sells.
pub(super) fn offer(world: &World, row: u32) -> Offer {
    let mut random = world.random(row, About::Offer);
    let city = world.city(row);
    let summer = 105 + random.below(36);
    let winter = 80 + random.below(61);
    let season = |from, to, percent| Season { from, to, percent };
    Offer {
        code: "RACK".to_owned(),
        currency: city.map_or(CURRENCY, |city| city.currency).to_owned(),
        tax_basis_points: city.map_or(TAX, |city| city.tax),
        from: 20150101,
        to: 20351231,
        seasons: vec![season(601, 915, summer), season(1220, 106, winter)],
        sold_out: sold_out(&mut random),
        rooms: rooms(&mut random),
    }
}

/// One hotel in ten is full for a week of every year.
fn sold_out(random: &mut Random) -> Vec<Period> {
    if random.below(10) > 0 {
        return Vec::new();
    }
    let (month, day) = (1 + random.below(12), 1 + random.below(21));
    vec![Period {
        from: format!("{month:02}-{day:02}"),
        to: format!("{month:02}-{:02}", day + 6),
    }]
}

/// Two types or three, beside each other in the list.
fn rooms(random: &mut Random) -> Vec<Room> {
    let (first, count) = (random.below(3) as usize, 2 + random.below(2) as usize);
    let simple = 45 + i64::from(random.below(180));
    let weekend_cents = (i64::from(random.below(9)) - 2) * 500;
    let types = ROOMS.iter().skip(first).take(count);
    types
        .map(|(code, description, hundredths)| Room {
            code: (*code).to_owned(),
            description: (*description).to_owned(),
            nightly_cents: simple * hundredths,
            weekend_cents,
            sold_out: Vec::new(),
        })
        .collect()
}
