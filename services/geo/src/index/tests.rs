use std::collections::HashSet;

use proptest::{collection::vec, prelude::*};

use super::*;

fn index(hotels: &[(f64, f64)]) -> Index {
    let named = hotels.iter().enumerate();
    Index::new(named.map(|(n, &(lat, lon))| (n.to_string().into(), lat, lon)))
}

fn ask(index: &Index, lat: f32, lon: f32, km: f32, limit: u32) -> Vec<Near<'_>> {
    index.nearest(
        Point::try_new(lat, lon).unwrap(),
        Radius::from_wire(km).unwrap(),
        Limit::from_wire(limit).unwrap(),
    )
}

fn ids<'a>(found: &[Near<'a>]) -> Vec<&'a str> {
    found.iter().map(|near| near.id).collect()
}

/// The distance by the haversine formula, which shares nothing with chords of a sphere.
fn haversine(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dlat, dlon) = ((b.0 - a.0).to_radians(), (b.1 - a.1).to_radians());
    let h = (dlat / 2.0).sin().powi(2)
        + a.0.to_radians().cos() * b.0.to_radians().cos() * (dlon / 2.0).sin().powi(2);
    2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
}

#[test]
fn neighbours_across_the_antimeridian_and_the_pole() {
    let world = index(&[
        (0.0, 179.99),
        (0.0, -179.98),
        (89.99, 10.0),
        (89.98, -170.0),
        (0.0, 0.0),
    ]);
    assert_eq!(ids(&ask(&world, 0.0, -180.0, 10.0, 5)), ["0", "1"]);
    assert_eq!(ids(&ask(&world, 90.0, 0.0, 10.0, 5)), ["2", "3"]);
}

#[test]
fn equals_are_ordered_by_id_even_at_the_limit() {
    let twins = index(&[(1.0, 1.0); 40]);
    let mut by_id: Vec<_> = (0..40).map(|n: i32| n.to_string()).collect();
    by_id.sort();
    assert_eq!(ids(&ask(&twins, 1.0, 1.0, 1.0, 7)), by_id[..7]);
}

#[test]
fn nothing_near_is_an_empty_answer() {
    assert!(ask(&index(&[]), 0.0, 0.0, 50.0, 1000).is_empty());
    assert!(ask(&index(&[(1.0, 0.0)]), 0.0, 0.0, 50.0, 1000).is_empty());
}

/// Crowded enough that radius and limit both cut, with the odd corners of the globe among the centres.
fn town() -> impl Strategy<Value = ((f32, f32), Vec<(f64, f64)>)> {
    let centre = prop_oneof![
        (-90f32..=90.0, -180f32..=180.0),
        Just((90.0, 0.0)),
        Just((-90.0, 45.0)),
        Just((0.0, 180.0)),
        Just((60.0, -180.0)),
    ];
    (centre, vec((-0.5f64..0.5, -0.5f64..0.5), 0..120)).prop_map(|(centre, offsets)| {
        let around = offsets.into_iter().map(|(dlat, dlon)| {
            let lat = (f64::from(centre.0) + dlat).clamp(-90.0, 90.0);
            // Degrees of longitude shrink towards the poles; widen them so that towns stay round.
            let lon = f64::from(centre.1) + dlon / lat.to_radians().cos().max(0.003);
            (lat, (lon + 540.0).rem_euclid(360.0) - 180.0)
        });
        (centre, around.collect())
    })
}

proptest! {
    /// To the bit, with the order of equals: many stand at the same place.
    #[test]
    fn answers_exactly_what_a_look_at_every_hotel_answers(
        (centre, mut hotels) in town(), copies in 1usize..12, km in 0.5f32..50.0, limit in 1u32..60,
    ) {
        for n in 0..hotels.len() * (copies - 1) {
            hotels.push(hotels[n]);
        }
        let at = sphere::unit(centre.0.into(), centre.1.into());
        let reach = sphere::chord_2(Radius::from_wire(km).unwrap().metres());
        let mut all: Vec<(f64, String)> = hotels.iter().zip(0..).map(|(&(lat, lon), n)| {
            let place = sphere::unit(lat, lon);
            ((0..3).map(|axis| (at[axis] - place[axis]).powi(2)).sum(), n.to_string())
        }).collect();
        all.retain(|(chord_2, _)| *chord_2 <= reach);
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        all.truncate(limit as usize);

        let world = index(&hotels);
        let found = ask(&world, centre.0, centre.1, km, limit);
        let found: Vec<_> = found.iter().map(|near| (near.metres, near.id)).collect();
        let all: Vec<_> = all.iter().map(|(chord_2, id)| (sphere::metres(*chord_2), &**id)).collect();
        prop_assert_eq!(found, all);
    }

    #[test]
    fn finds_what_a_look_at_every_hotel_finds(
        (centre, hotels) in town(), km in 0.5f32..50.0, limit in 1u32..60,
    ) {
        const SLACK_M: f64 = 1e-3;

        let world = index(&hotels);
        let found = ask(&world, centre.0, centre.1, km, limit);
        let centre = (f64::from(centre.0), f64::from(centre.1));
        let radius = f64::from(km) * 1000.0;
        let all: Vec<f64> = hotels.iter().map(|&hotel| haversine(centre, hotel)).collect();

        for near in &found {
            let exact = all[near.id.parse::<usize>().unwrap()];
            prop_assert!((near.metres - exact).abs() < SLACK_M, "{} is not {exact}", near.metres);
        }
        prop_assert!(found.is_sorted_by(|a, b| a.metres <= b.metres));
        prop_assert!(found.len() <= limit as usize);
        prop_assert!(found.iter().all(|near| near.metres <= radius + SLACK_M));

        let seen: HashSet<_> = found.iter().map(|near| near.id.parse::<usize>().unwrap()).collect();
        prop_assert_eq!(seen.len(), found.len());
        let full = found.len() == limit as usize;
        let edge = if full { found[found.len() - 1].metres } else { radius };
        for (number, &metres) in all.iter().enumerate() {
            prop_assert!(seen.contains(&number) || metres >= edge - SLACK_M, "missed {number} at {metres}");
        }
    }
}
