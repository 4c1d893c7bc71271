//! When health is not to be believed.

/// Whether to disbelieve health checks by which so many are well, and so many ill who were well before: checks that fail for
/// more than half, or for the only one, tell more of the checker, or of the network to it, than of them.
///
/// Who was never well may not be ready yet, and counts for nothing.
pub(crate) fn panics(well: usize, ill: usize) -> bool {
    well < ill
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_not_believed_while_fewer_than_half_are_well() {
        assert!(!panics(0, 0));
        assert!(!panics(2, 1));
        assert!(!panics(2, 2));
        assert!(panics(2, 3));
        assert!(panics(0, 1));
    }
}
