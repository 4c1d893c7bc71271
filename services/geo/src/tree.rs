//! Finds the nearest of many points.
//!
//! A balanced k-d tree without pointers. The points stand in the order of its leaves, and which of them a leaf holds follows
//! from their number alone. What a node knows is the box around its points; boxes are made from the points, so that an answer
//! is right whatever their order, and quick where the order is that of [`order`].

use std::cmp::Ordering;

/// A leaf holds this many points, and less than twice as many. Fewer are quicker, but boxes take memory: at most 8 bytes a
/// point with 12.
const LEAF: usize = 12;

/// Points in the order of the leaves.
#[derive(Debug)]
pub(crate) struct Tree {
    points: Vec<[f64; 3]>,
    /// Of all nodes: the root is 1, the children of `n` are `2n` and `2n + 1`, the leaves come last.
    boxes: Vec<Bounds>,
}

/// A point that was found: the squared distance, and which it is.
pub(crate) type Found = (f64, u32);

/// The box around some points; inside out when there are none.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    low: [f64; 3],
    high: [f64; 3],
}

impl Tree {
    /// Makes the boxes. `points` may be in any order.
    pub(crate) fn over(points: Vec<[f64; 3]>) -> Self {
        let leaves = leaves(points.len());
        let mut boxes = vec![Bounds::NONE; 2 * leaves];
        for leaf in 0..leaves {
            let (start, end) = span(points.len(), leaves, leaf);
            boxes[leaves + leaf] = Bounds::of(&points[start..end]);
        }
        for node in (1..leaves).rev() {
            boxes[node] = boxes[2 * node].and(boxes[2 * node + 1]);
        }
        Self { points, boxes }
    }

    pub(crate) fn len(&self) -> usize {
        self.points.len()
    }

    /// What it takes in memory, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.points[..]) + size_of_val(&self.boxes[..])
    }

    /// The points at most `reach` from `at` by squared distance, nearest first; `equals` orders those as far as each other.
    ///
    /// The distance to a box is worked out as that to a point is, and rounding keeps order: no box is ever farther than a point
    /// in it.
    pub(crate) fn nearest(
        &self,
        at: [f64; 3],
        reach: f64,
        limit: usize,
        equals: impl Fn(u32, u32) -> Ordering,
    ) -> Vec<Found> {
        let leaves = self.boxes.len() / 2;
        let mut best = Best::new(limit, reach, equals);
        let mut open = Vec::with_capacity(32);
        open.push((self.boxes[1].distance_2(at), 1));
        while let Some((distance, node)) = open.pop() {
            if distance > best.edge {
                continue;
            }
            if node >= leaves {
                let (start, end) = span(self.points.len(), leaves, node - leaves);
                for (row, point) in (start as u32..).zip(&self.points[start..end]) {
                    best.offer((distance_2(at, *point), row));
                }
                continue;
            }
            let mut near = (self.boxes[2 * node].distance_2(at), 2 * node);
            let mut far = (self.boxes[2 * node + 1].distance_2(at), 2 * node + 1);
            if far.0 < near.0 {
                std::mem::swap(&mut near, &mut far);
            }
            open.push(far);
            open.push(near);
        }
        best.finish()
    }
}

/// The order in which a tree of these points is quick: `row`s, in the place of which others stand now.
pub(crate) fn order(points: impl IntoIterator<Item = [f64; 3]>) -> Vec<u32> {
    let mut entries: Vec<_> = points.into_iter().zip(0..).collect();
    let (all, leaves) = (entries.len(), leaves(entries.len()));
    divide(&mut entries, all, leaves, 0, leaves);
    entries.into_iter().map(|(_, row)| row).collect()
}

/// Halves the leaves of a node across the side on which its box is widest, down to single ones.
fn divide(entries: &mut [([f64; 3], u32)], all: usize, leaves: usize, first: usize, count: usize) {
    if count == 1 {
        return;
    }
    let middle = first + count / 2;
    let cut = span(all, leaves, middle).0 - span(all, leaves, first).0;
    let around = entries
        .iter()
        .fold(Bounds::NONE, |around, entry| around.with(entry.0));
    let axis = around.widest();
    entries.select_nth_unstable_by(cut, |a, b| a.0[axis].total_cmp(&b.0[axis]));
    let (left, right) = entries.split_at_mut(cut);
    divide(left, all, leaves, first, count / 2);
    divide(right, all, leaves, middle, count / 2);
}

/// How many leaves so many points have: a power of two.
fn leaves(points: usize) -> usize {
    1 << (points / LEAF).max(1).ilog2()
}

/// Where the points of a leaf begin and end.
fn span(points: usize, leaves: usize, leaf: usize) -> (usize, usize) {
    let start = |leaf: usize| (points as u64 * leaf as u64 / leaves as u64) as usize;
    (start(leaf), start(leaf + 1))
}

fn distance_2(a: [f64; 3], b: [f64; 3]) -> f64 {
    let [x, y, z] = std::array::from_fn(|axis| a[axis] - b[axis]);
    x * x + y * y + z * z
}

impl Bounds {
    const NONE: Self = Self {
        low: [f64::INFINITY; 3],
        high: [f64::NEG_INFINITY; 3],
    };

    fn of(points: &[[f64; 3]]) -> Self {
        points
            .iter()
            .fold(Self::NONE, |bounds, point| bounds.with(*point))
    }

    fn with(self, point: [f64; 3]) -> Self {
        self.and(Self {
            low: point,
            high: point,
        })
    }

    fn and(self, other: Self) -> Self {
        Self {
            low: std::array::from_fn(|axis| self.low[axis].min(other.low[axis])),
            high: std::array::from_fn(|axis| self.high[axis].max(other.high[axis])),
        }
    }

    fn widest(&self) -> usize {
        let width = |axis: &usize| self.high[*axis] - self.low[*axis];
        (0..3)
            .max_by(|a, b| width(a).total_cmp(&width(b)))
            .unwrap_or(0)
    }

    /// The squared distance to the nearest place in the box.
    fn distance_2(&self, at: [f64; 3]) -> f64 {
        let nearest = std::array::from_fn(|axis| at[axis].max(self.low[axis]).min(self.high[axis]));
        distance_2(at, nearest)
    }
}

/// The nearest so far.
struct Best<E> {
    limit: usize,
    /// Nothing farther than this is of interest.
    edge: f64,
    found: Vec<Found>,
    equals: E,
}

impl<E: Fn(u32, u32) -> Ordering> Best<E> {
    fn new(limit: usize, reach: f64, equals: E) -> Self {
        Self {
            limit,
            edge: reach,
            found: Vec::with_capacity(2 * limit),
            equals,
        }
    }

    /// Those as far as the edge are taken, too: which of them are answered must not depend on the order.
    fn offer(&mut self, found: Found) {
        if found.0 > self.edge {
            return;
        }
        self.found.push(found);
        // Half are thrown away at a time, so that the cost of choosing is spread over many.
        if self.found.len() == 2 * self.limit {
            let (equals, limit) = (&self.equals, self.limit);
            let by = |a: &Found, b: &Found| compare(equals, a, b);
            let (_, last, _) = self.found.select_nth_unstable_by(limit - 1, by);
            self.edge = last.0;
            self.found.truncate(limit);
        }
    }

    fn finish(mut self) -> Vec<Found> {
        let equals = &self.equals;
        self.found.sort_unstable_by(|a, b| compare(equals, a, b));
        self.found.truncate(self.limit);
        self.found
    }
}

fn compare(equals: impl Fn(u32, u32) -> Ordering, a: &Found, b: &Found) -> Ordering {
    a.0.total_cmp(&b.0).then_with(|| equals(a.1, b.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_in_one_leaf_of_the_right_size() {
        for points in [0, 1, 11, 12, 23, 24, 47, 48, 1000, 9_999_999] {
            let leaves = leaves(points);
            assert_eq!(span(points, leaves, 0).0, 0);
            assert_eq!(span(points, leaves, leaves - 1).1, points);
            for leaf in [0, leaves / 2, leaves - 1] {
                let (start, end) = span(points, leaves, leaf);
                assert!(points < LEAF || (LEAF..=2 * LEAF).contains(&(end - start)));
            }
        }
    }

    #[test]
    fn it_takes_less_than_32_bytes_a_point() {
        for points in [24, 1000, 12 << 10, (24 << 10) - 1] {
            let tree = Tree::over(vec![[0.0; 3]; points]);
            assert!(tree.bytes() <= 32 * points, "{} of {points}", tree.bytes());
        }
    }
}
