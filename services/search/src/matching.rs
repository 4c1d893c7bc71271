//! Puts the answers of geo and rate together.

use bytes::Bytes;
use hotel_proto::{
    geo,
    view::{RatePlan, Unreadable},
};

/// A hotel that geo knows and that was not seen before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) hotel_id: String,
    /// 0 from a geo that does not tell distances.
    pub(crate) distance_m: f32,
}

/// The hotels of an answer of geo, in its order.
pub(crate) fn places(answer: geo::Result) -> Vec<Place> {
    let geo::Result {
        hotel_ids,
        distances_m,
    } = answer;
    // An older geo tells no distances; a list of another length cannot be matched to hotels.
    let told = distances_m.len() == hotel_ids.len();
    hotel_ids
        .into_iter()
        .enumerate()
        .map(|(n, hotel_id)| Place {
            hotel_id,
            distance_m: if told { distances_m[n] } else { 0.0 },
        })
        .collect()
}

/// The rate plan of each hotel, in the order of the hotels.
///
/// Rate answers in the order asked for, so one walk over both lists finds nearly every pair; a peer that answers in
/// another order only costs another look. Of two plans for one hotel the first is kept; plans nobody asked for are dropped.
///
/// # Errors
/// When an answer is no plan.
pub(crate) fn plans(
    places: &[Place],
    answers: Vec<Bytes>,
) -> Result<Vec<Option<Bytes>>, Unreadable> {
    let mut plans: Vec<Option<Bytes>> = places.iter().map(|_| None).collect();
    let mut next = 0;
    for plan in answers {
        let hotel_id = RatePlan::read(&plan)?.hotel_id;
        let is_its = |place: &Place| place.hotel_id == hotel_id;
        let ahead = places[next..].iter().position(is_its).map(|n| next + n);
        if let Some(n) = ahead.or_else(|| places[..next].iter().position(is_its)) {
            next = n + 1;
            plans[n].get_or_insert(plan);
        }
    }
    Ok(plans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(hotel: &str, code: &str) -> Bytes {
        let plan = RatePlan {
            hotel_id: hotel,
            code,
            ..RatePlan::default()
        };
        plan.encode()
    }

    fn some_places(ids: &[&str], distances_m: &[f32]) -> Vec<Place> {
        places(geo::Result {
            hotel_ids: ids.iter().map(|id| id.to_string()).collect(),
            distances_m: distances_m.into(),
        })
    }

    fn codes(ids: &[&str], answers: &[(&str, &str)]) -> Vec<Option<String>> {
        let answers = answers
            .iter()
            .map(|(hotel, code)| plan(hotel, code))
            .collect();
        let found = plans(&some_places(ids, &[]), answers).unwrap();
        let code = |plan: Bytes| RatePlan::read(&plan).unwrap().code.to_owned();
        found.into_iter().map(|plan| plan.map(code)).collect()
    }

    fn some(codes: &[&str]) -> Vec<Option<String>> {
        codes
            .iter()
            .map(|code| Some(code.to_string()).filter(|code| code != "-"))
            .collect()
    }

    #[test]
    fn distances_count_only_when_each_hotel_has_one() {
        let metres = |found: Vec<Place>| {
            found
                .iter()
                .map(|place| place.distance_m)
                .collect::<Vec<_>>()
        };
        assert_eq!(metres(some_places(&["a", "b"], &[1.0, 2.0])), [1.0, 2.0]);
        assert_eq!(metres(some_places(&["a", "b"], &[])), [0.0, 0.0]);
        assert_eq!(metres(some_places(&["a", "b"], &[1.0])), [0.0, 0.0]);
    }

    #[test]
    fn plans_keep_the_order_of_the_hotels() {
        let ids = ["a", "b", "c"];
        assert_eq!(
            codes(&ids, &[("a", "1"), ("b", "2"), ("c", "3")]),
            some(&["1", "2", "3"])
        );
        assert_eq!(
            codes(&ids, &[("a", "1"), ("c", "3")]),
            some(&["1", "-", "3"])
        );
        assert_eq!(
            codes(&ids, &[("c", "3"), ("b", "2"), ("a", "1")]),
            some(&["1", "2", "3"])
        );
        assert_eq!(
            codes(&ids, &[("x", "9"), ("b", "2"), ("b", "8")]),
            some(&["-", "2", "-"])
        );
        assert_eq!(codes(&[], &[("a", "1")]), some(&[]));
    }
}
