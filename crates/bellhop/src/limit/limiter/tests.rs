use std::collections::HashMap;

use governor::clock::FakeRelativeClock;
use proptest::prelude::*;

use super::*;

type Faked = Limiter<u8, FakeRelativeClock>;

fn limiter(rate: &str, keys: usize) -> (Faked, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    let limiter = Limiter::with_clock(rate.parse().unwrap(), keys, clock.clone());
    (limiter, clock)
}

/// The generic cell rate algorithm by the book (ITU-T I.371, virtual scheduling), in whole nanoseconds.
struct Model {
    interval: u64,
    tolerance: u64,
    arrivals: HashMap<u8, u64>,
}

impl Model {
    fn new(rate: Rate) -> Self {
        let interval = rate.interval().as_nanos() as u64;
        Self {
            interval,
            tolerance: interval * u64::from(rate.burst() - 1),
            arrivals: HashMap::new(),
        }
    }

    fn check(&mut self, key: u8, now: u64) -> Result<(), u64> {
        let arrival = self.arrivals.entry(key).or_insert(now);
        let earliest = arrival.saturating_sub(self.tolerance);
        if now < earliest {
            return Err(earliest - now);
        }
        *arrival = now.max(*arrival) + self.interval;
        Ok(())
    }
}

proptest! {
    #[test]
    fn each_key_gets_what_the_model_gives(
        rate in 1_u32..2000,
        burst in 1_u32..20,
        steps in prop::collection::vec((0_u64..30_000_000, 0_u8..4), 1..400),
    ) {
        let (limiter, clock) = limiter(&format!("{rate}:{burst}"), 100);
        let mut model = Model::new(limiter.rate);
        let mut now = 0;
        for (pause, key) in steps {
            now += pause;
            clock.advance(Duration::from_nanos(pause));
            let found = limiter.check(&key).map_err(|refused| refused.retry_after.as_nanos() as u64);
            prop_assert_eq!(found, model.check(key, now));
        }
    }

    #[test]
    fn the_time_told_is_exact(rate in 1_u32..500, burst in 1_u32..10, pause in 0_u64..50_000_000) {
        let (limiter, clock) = limiter(&format!("{rate}:{burst}"), 100);
        let until_refused = || loop {
            if let Err(refused) = limiter.check(&0) {
                return refused.retry_after;
            }
        };
        until_refused();
        clock.advance(Duration::from_nanos(pause));
        let wait = until_refused();
        clock.advance(wait - Duration::from_nanos(1));
        prop_assert!(limiter.check(&0).is_err());
        clock.advance(Duration::from_nanos(1));
        prop_assert!(limiter.check(&0).is_ok());
    }

    #[test]
    fn places_are_bounded_whoever_comes(
        keys in prop::collection::vec((any::<u8>(), 0_u64..200), 1..600),
    ) {
        let (limiter, clock) = limiter("5:2", 8);
        for (key, pause) in keys {
            clock.advance(Duration::from_millis(pause));
            let _ = limiter.check(&key);
            prop_assert!(limiter.inner.len() <= 8);
        }
    }
}

#[test]
fn strangers_share_one_bucket_while_all_places_are_taken() {
    let (limiter, clock) = limiter("1:2", 2);
    assert!(limiter.check(&1).is_ok() && limiter.check(&2).is_ok());
    assert!(limiter.check(&3).is_ok() && limiter.check(&4).is_ok());
    assert!(limiter.check(&5).is_err(), "strangers have had their two");
    assert!(limiter.check(&1).is_ok(), "who has a place keeps it");
    assert!(limiter.check(&1).is_err());

    // Three seconds later the two are as good as new, and make room.
    clock.advance(Duration::from_secs(4));
    for key in [5, 6] {
        assert!(limiter.check(&key).is_ok() && limiter.check(&key).is_ok());
        assert!(limiter.check(&key).is_err(), "{key} has a place of its own");
    }
    assert_eq!(limiter.inner.len(), 2);
}

#[test]
fn room_is_not_looked_for_at_each_request() {
    let (limiter, clock) = limiter("1000:1", 1);
    assert!(limiter.check(&1).is_ok());
    clock.advance(Duration::from_millis(500));
    assert!(limiter.check(&2).is_ok(), "from the bucket of strangers");
    assert!(limiter.check(&3).is_err(), "which is empty");
    clock.advance(Duration::from_millis(500));
    assert!(limiter.check(&3).is_ok() && limiter.check(&2).is_ok());
}
