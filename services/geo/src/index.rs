//! Finds the hotels nearest to a point.

use hotel_proto::{
    area::{Point, Radius},
    limits::Limit,
};

use crate::{
    ids::Ids,
    sphere,
    tree::{self, Tree},
};

/// Where every hotel is.
#[derive(Debug)]
pub struct Index {
    /// In the order of the tree.
    ids: Ids,
    tree: Tree,
}

/// A hotel that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near<'a> {
    /// Its id.
    pub id: &'a str,
    /// How far it is, over ground, in metres.
    pub metres: f64,
}

impl Index {
    /// Builds the index of hotels at degrees of latitude and longitude, which the caller has checked.
    ///
    /// # Panics
    ///
    /// When the ids are longer than 4 GiB together.
    pub(crate) fn new(hotels: impl IntoIterator<Item = (Box<str>, f64, f64)>) -> Self {
        let hotels: Vec<_> = hotels
            .into_iter()
            .map(|(id, lat, lon)| (id, sphere::unit(lat, lon)))
            .collect();
        let order = tree::order(hotels.iter().map(|(_, point)| *point));
        let mut ids = Ids::default();
        for row in &order {
            let fits = ids.push(&hotels[*row as usize].0);
            fits.expect("the ids are shorter than 4 GiB");
        }
        let points = order.iter().map(|row| hotels[*row as usize].1).collect();
        Self {
            ids,
            tree: Tree::over(points),
        }
    }

    /// The index of points whose order is made already, as many as there are ids.
    pub(crate) fn in_order(ids: Ids, points: Vec<[f64; 3]>) -> Self {
        debug_assert_eq!(ids.len(), points.len());
        Self {
            ids,
            tree: Tree::over(points),
        }
    }

    /// How many hotels there are.
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether there is no hotel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it takes in memory besides the ids themselves, in bytes.
    pub fn bytes(&self) -> usize {
        self.tree.bytes() + self.ids.bytes()
    }

    /// The hotels around a point, nearest first; those at the very same distance in the order of their ids.
    pub fn nearest(&self, centre: Point, radius: Radius, limit: Limit) -> Vec<Near<'_>> {
        let limit = limit.get() as usize;
        let reach = sphere::chord_2(radius.metres());
        let at = sphere::unit(centre.lat().into(), centre.lon().into());
        let by_id = |a, b| self.ids.get(a).cmp(self.ids.get(b));
        let near = |(chord_2, row)| Near {
            id: self.ids.get(row),
            metres: sphere::metres(chord_2),
        };
        let found = self.tree.nearest(at, reach, limit, by_id);
        found.into_iter().map(near).collect()
    }
}

#[cfg(test)]
mod tests;
