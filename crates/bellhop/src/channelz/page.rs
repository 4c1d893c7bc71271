//! Long lists, a part at a time.

/// Where nobody says how much he wants, and the most that anybody gets.
const USUAL: usize = 100;
const MOST: usize = 1000;

/// Those from `start` on, in the order of their numbers, at most `max`; whether these are the last.
pub(super) fn page<T>(
    items: impl IntoIterator<Item = T>,
    id: impl Fn(&T) -> i64,
    start: i64,
    max: i64,
) -> (Vec<T>, bool) {
    let max = match usize::try_from(max) {
        Ok(0) | Err(_) => USUAL,
        Ok(max) => max.min(MOST),
    };
    let mut items: Vec<T> = items.into_iter().filter(|item| id(item) >= start).collect();
    items.sort_by_key(|item| id(item));
    let end = items.len() <= max;
    items.truncate(max);
    (items, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_together_are_all() {
        let all = || (1..=7_i64).rev();
        let (first, end) = page(all(), |id| *id, 0, 3);
        assert_eq!((first, end), (vec![1, 2, 3], false));
        let (rest, end) = page(all(), |id| *id, 4, 0);
        assert_eq!((rest, end), (vec![4, 5, 6, 7], true));
        let (none, end) = page(all(), |id| *id, 8, 3);
        assert_eq!((none, end), (vec![], true));
    }
}
