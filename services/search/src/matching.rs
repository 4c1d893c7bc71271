//! Puts the answers of geo and rate together.

use std::{collections::HashSet, iter};

use hotel_proto::{
    geo,
    view::{Checked, Encoded, HotelIds, RatePlan, Unreadable},
};

/// Hotels that geo knows and that were not seen before, in its order.
#[derive(Debug)]
pub(crate) struct Places {
    ids: HotelIds,
    /// One for each; empty from a geo that does not tell distances.
    distances_m: Vec<f32>,
}

impl From<geo::Result> for Places {
    fn from(answer: geo::Result) -> Self {
        let ids = answer.hotel_ids.unwrap_or_default();
        let mut distances_m = answer.distances_m;
        // An older geo tells no distances; a list of another length cannot be matched to hotels.
        if distances_m.len() != ids.len() {
            distances_m.clear();
        }
        Self { ids, distances_m }
    }
}

impl Places {
    pub(crate) fn ids(&self) -> &HotelIds {
        &self.ids
    }

    /// Each with the metres to it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Checked<'_>, f32)> {
        self.ids.checked().zip(self.distances())
    }

    /// The metres to each, 0 where nobody tells them.
    fn distances(&self) -> impl Iterator<Item = f32> {
        let distances = self.distances_m.iter().copied();
        distances.chain(iter::repeat(0.0))
    }

    /// Those that are not among the ones that were seen.
    pub(crate) fn without(self, seen: &HashSet<String>) -> Self {
        if seen.is_empty() {
            return self;
        }
        let all = self.ids.iter().zip(self.distances());
        let new = all.filter(|(id, _)| !seen.contains(*id));
        let (mut ids, mut distances_m) = (HotelIds::default(), Vec::new());
        for (id, distance_m) in new {
            ids.push(id);
            distances_m.push(distance_m);
        }
        Self { ids, distances_m }
    }
}

/// The rate plan of each hotel, in the order of the hotels.
///
/// Rate answers in the order asked for, so one walk over both lists finds nearly every pair; a peer that answers in
/// another order only costs another look. Of two plans for one hotel the first is kept; plans nobody asked for are dropped.
///
/// # Errors
/// When an answer is no plan.
pub(crate) fn plans<'a>(
    ids: &HotelIds,
    answers: &'a Encoded<1>,
) -> Result<Vec<Option<&'a [u8]>>, Unreadable> {
    let ids: Vec<Checked<'_>> = ids.checked().collect();
    let mut plans = vec![None; ids.len()];
    let mut next = 0;
    for plan in answers {
        let hotel_id = RatePlan::<Checked<'_>>::read(plan)?.hotel_id;
        let is_its = |id: &Checked<'_>| *id == hotel_id;
        let ahead = ids[next..].iter().position(is_its).map(|n| next + n);
        if let Some(n) = ahead.or_else(|| ids[..next].iter().position(is_its)) {
            next = n + 1;
            plans[n].get_or_insert(plan);
        }
    }
    Ok(plans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan<'a>(hotel: &'a str, code: &'a str) -> RatePlan<&'a str> {
        RatePlan {
            hotel_id: hotel,
            code,
            ..RatePlan::default()
        }
    }

    fn some_places(ids: &[&str], distances_m: &[f32]) -> Places {
        Places::from(geo::Result {
            hotel_ids: Some(ids.iter().collect()),
            distances_m: distances_m.into(),
        })
    }

    fn codes(ids: &[&str], answers: &[(&str, &str)]) -> Vec<Option<String>> {
        let mut all = Encoded::default();
        for (hotel, code) in answers {
            plan(hotel, code).push_on(&mut all);
        }
        let found = plans(&ids.iter().collect(), &all).unwrap();
        let code = |plan| RatePlan::<&str>::read(plan).unwrap().code.to_owned();
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
        let metres = |found: Places| {
            let metres = found.iter().map(|(_, metres)| metres);
            metres.collect::<Vec<_>>()
        };
        assert_eq!(metres(some_places(&["a", "b"], &[1.0, 2.0])), [1.0, 2.0]);
        assert_eq!(metres(some_places(&["a", "b"], &[])), [0.0, 0.0]);
        assert_eq!(metres(some_places(&["a", "b"], &[1.0])), [0.0, 0.0]);
    }

    #[test]
    fn what_was_seen_is_not_new() {
        let seen = HashSet::from(["a".to_owned(), "c".to_owned()]);
        let new = |distances_m| {
            let places = some_places(&["a", "b", "c", "d"], distances_m).without(&seen);
            let new = places
                .iter()
                .map(|(id, metres)| (id.as_ref().to_vec(), metres));
            new.collect::<Vec<_>>()
        };
        let ids = |metres| [(b"b".to_vec(), metres), (b"d".to_vec(), 2.0 * metres)];
        assert_eq!(new(&[5.0, 10.0, 15.0, 20.0]), ids(10.0));
        assert_eq!(new(&[]), ids(0.0));
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
