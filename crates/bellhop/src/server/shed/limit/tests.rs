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
        assert!(limit.admit(now));
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
        match limit.admit(now) {
            true => under_way.push_back(now),
            false => refused += 1,
        }
    }
    refused
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
