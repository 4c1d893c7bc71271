//! Finds the hotels nearest to a point.

use hotel_proto::{
    area::{Point, Radius},
    limits::Limit,
};
use rstar::{RTree, primitives::GeomWithData};

use crate::sphere;

/// A place in the tree: where on the unit sphere, and which of the ids.
type Leaf = GeomWithData<[f64; 3], u32>;

/// Where every hotel is.
#[derive(Debug)]
pub struct Index {
    ids: Vec<Box<str>>,
    tree: RTree<Leaf>,
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
    pub(crate) fn new(hotels: impl IntoIterator<Item = (Box<str>, f64, f64)>) -> Self {
        let mut ids = Vec::new();
        let mut leaves = Vec::new();
        for (number, (id, lat, lon)) in (0..).zip(hotels) {
            ids.push(id);
            leaves.push(Leaf::new(sphere::unit(lat, lon), number));
        }
        let tree = RTree::bulk_load(leaves);
        Self { ids, tree }
    }

    /// How many hotels there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no hotel.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The hotels around a point, nearest first; those at the very same distance in the order of their ids.
    pub fn nearest(&self, centre: Point, radius: Radius, limit: Limit) -> Vec<Near<'_>> {
        let limit = limit.get() as usize;
        let reach = sphere::chord_2(radius.metres());
        let at = sphere::unit(centre.lat().into(), centre.lon().into());

        let mut found: Vec<(f64, &str)> = Vec::with_capacity(limit.min(self.len()));
        for (leaf, chord_2) in self.tree.nearest_neighbor_iter_with_distance_2(at) {
            // Hotels as far as the last one are looked at too: which of them are answered must not depend on the tree.
            let enough = found.len() >= limit && found.last().is_some_and(|last| chord_2 > last.0);
            if enough || chord_2 > reach {
                break;
            }
            found.push((chord_2, &self.ids[leaf.data as usize]));
        }
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        found.truncate(limit);
        found
            .into_iter()
            .map(|(chord_2, id)| Near {
                id,
                metres: sphere::metres(chord_2),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
