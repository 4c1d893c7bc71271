use std::sync::Arc;

use futures_util::{FutureExt, future::join_all};
use proptest::prelude::*;

use super::*;
use crate::heard::Heard;

const SECOND: Duration = Duration::from_secs(1);

fn turns(rate: &str) -> Arc<Turns> {
    Arc::new(Turns::new(rate.parse().unwrap()))
}

/// Takes a turn as a call does.
async fn ask(turns: &Turns, patience: Duration) -> Result<(), TooMany> {
    match turns.take() {
        true => Ok(()),
        false => turns.wait("geo", patience).await,
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_the_rest_come_in_order() {
    let (turns, start) = (turns("10:3"), Instant::now());
    let calls = (0..6).map(|_| {
        let turns = turns.clone();
        async move {
            ask(&turns, SECOND)
                .await
                .map(|()| start.elapsed().as_millis())
        }
    });
    let times = join_all(calls).await.into_iter();
    let times: Vec<_> = times.map(Result::unwrap).collect();
    for (time, due) in times.iter().zip([0, 0, 0, 100, 200, 300]) {
        // Timers count whole milliseconds, rounded up.
        assert!((due..due + 5).contains(time), "{times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_cannot_have_a_turn_in_time_is_refused_at_once() {
    let (turns, start) = (turns("10:1"), Instant::now());
    let patience = Duration::from_millis(250);
    let calls: Vec<_> = (0..5).map(|_| ask(&turns, patience)).collect();
    let ends = join_all(calls.into_iter().map(|call| async {
        let end = call.await;
        (end, start.elapsed())
    }))
    .await;
    let passed: Vec<_> = ends.iter().map(|(end, _)| end.is_ok()).collect();
    assert_eq!(passed, [true, true, true, false, false]);
    let (last, at) = ends[4];
    let retry_after = Duration::from_millis(400);
    assert_eq!((last, at), (Err(TooMany { retry_after }), Duration::ZERO));
    // The fourth could have hoped.
    assert!(ends[3].1 >= patience);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_who_has_left() {
    let turns = turns("1:1");
    assert!(turns.take());
    let mut leaving: Vec<_> = (0..10)
        .map(|_| Box::pin(ask(&turns, SECOND * 20)))
        .collect();
    for call in &mut leaving {
        assert!(call.now_or_never().is_none());
    }
    drop(leaving);
    let start = Instant::now();
    ask(&turns, SECOND * 2).await.unwrap();
    assert!(start.elapsed() < SECOND * 2);
    assert!(!turns.take());
    tokio::time::advance(SECOND).await;
    assert!(turns.take(), "the queue is empty");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_told_of_anew_when_there_were_none_for_long() {
    let (heard, turns) = (Heard::from_now_on(), turns("10:1"));
    for bout in 1..=2 {
        let calls = (0..3).map(|_| ask(&turns, SECOND / 100));
        let refused = join_all(calls).await.into_iter().filter(Result::is_err);
        assert_eq!(refused.count(), 2);
        assert_eq!(heard.lines().len(), bout);
        tokio::time::advance(SECOND * 60).await;
        assert!(turns.take());
        tokio::time::advance(SECOND).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn never_more_than_the_rate(
        rate in 1_u32..500,
        burst in 1_u32..20,
        pauses in prop::collection::vec(0_u64..40, 1..100),
        patience in 1_u64..400,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let passed = runtime.block_on(async {
            let (turns, start) = (turns(&format!("{rate}:{burst}")), Instant::now());
            let mut at = Duration::ZERO;
            let calls = pauses.into_iter().map(|pause| {
                at += Duration::from_millis(pause);
                let (turns, at) = (turns.clone(), start + at);
                async move {
                    tokio::time::sleep_until(at).await;
                    let end = ask(&turns, Duration::from_millis(patience)).await;
                    end.ok().map(|()| start.elapsed())
                }
            });
            let mut passed: Vec<_> = join_all(calls).await.into_iter().flatten().collect();
            passed.sort_unstable();
            passed
        });
        prop_assert!(!passed.is_empty());
        for (n, from) in passed.iter().enumerate() {
            for (m, until) in passed.iter().enumerate().skip(n) {
                let most = (*until - *from).as_secs_f64() * f64::from(rate) + f64::from(burst);
                prop_assert!((m - n + 1) as f64 <= most + 1e-6, "{} in {:?}", m - n + 1, *until - *from);
            }
        }
    }
}
