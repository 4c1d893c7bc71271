use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// So many calls a second for ten seconds, of which none has an answer before its caller leaves after a second; how many of
/// them were refused.
fn refused(mut limit: Limit, rate: u32, lag: Duration) -> usize {
    let start = Instant::now();
    let mut refused = 0;
    let mut under_way = std::collections::VecDeque::new();
    // As it was before: fast.
    for call in 0..rate {
        let now = start + SECOND / rate * call;
        assert!(admit(&mut limit, now));
        limit.finish(now + MS, MS, true);
    }
    for call in rate..10 * rate {
        let now = start + SECOND / rate * call;
        limit.lagged(lag);
        while under_way
            .front()
            .is_some_and(|began| *began + SECOND <= now)
        {
            under_way.pop_front();
            limit.finish(now, SECOND, false);
        }
        match admit(&mut limit, now) {
            true => under_way.push_back(now),
            false => refused += 1,
        }
    }
    refused
}

fn admit(limit: &mut Limit, now: Instant) -> bool {
    limit.admit(now, || Some(())).is_some()
}

fn of(by_latency: bool) -> Limit {
    let settings = Settings::of_default();
    Limit::new(if by_latency {
        settings
    } else {
        settings.by_lag()
    })
}

#[test]
fn a_member_that_calls_others_refuses_nobody_for_their_slowness() {
    for rate in [10, 100, 500, 2000] {
        assert_eq!(refused(of(false), rate, MS), 0, "{rate}");
    }
    assert!(refused(of(true), 500, MS) > 0);
}

#[test]
fn whoever_lags_refuses_some() {
    for by_latency in [true, false] {
        assert!(refused(of(by_latency), 500, SECOND) > 0);
    }
}

#[test]
fn after_a_time_without_calls_a_burst_is_let_in() {
    for by_latency in [true, false] {
        let mut limit = of(by_latency);
        let start = Instant::now();
        let mut now = start;
        // One call after the other lags by a second, until some are refused.
        while limit.shedding.is_none() {
            limit.lagged(SECOND);
            admit(&mut limit, now);
            now += 10 * MS;
            assert!(now < start + 60 * SECOND);
        }
        while limit.in_flight > 0 {
            limit.finish(now, SECOND, true);
        }
        assert!(limit.shedding.is_some());

        now += 10 * SECOND;
        let admitted = (0..500).filter(|_| admit(&mut limit, now)).count();
        assert_eq!(admitted, 500);
    }
}

#[test]
fn whoever_is_refused_further_on_was_never_here() {
    for by_latency in [true, false] {
        let mut limit = of(by_latency);
        let now = Instant::now();
        let before = format!("{:?}", limit.window);
        assert_eq!(limit.admit(now, || None::<()>), None);
        assert_eq!(limit.in_flight, 0);
        assert_eq!(format!("{:?}", limit.window), before);
    }
}
