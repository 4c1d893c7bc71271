//! What holds whatever the script.

use std::time::Duration;

use proptest::prelude::*;
use tokio::runtime::Builder;
use tower::Service;

use super::*;

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Answer),
        Just(Head(UNAVAILABLE)),
        Just(Head(Code::NotFound)),
        Just(Trailers(UNAVAILABLE)),
        Just(Trailers(Code::Ok)),
        Just(Pushback(UNAVAILABLE, "300")),
        Just(Pushback(UNAVAILABLE, "-1")),
        Just(Refused),
        Just(PassedOn),
        Just(Lost),
        Just(Unprocessed),
        Just(Nobody),
        Just(Hang),
    ]
}

fn script() -> impl Strategy<Value = Vec<(Duration, Act)>> {
    let step = (0..2_000u64, act());
    let step = step.prop_map(|(millis, act)| (Duration::from_millis(millis), act));
    proptest::collection::vec(step, 0..12)
}

proptest! {
    #[test]
    fn a_call_keeps_all_of_its_bounds(
        script in script(),
        instances in 1..4usize,
        given in 1..6u32,
        read in any::<bool>(),
    ) {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let fake = Fake::new(instances, script.clone());
            let scope = Scope { attempts: Some(given), ..Scope::default() };
            let path = if read { READ } else { BOOK };
            let call = async { retry(&fake, &[]).call(request(path, Some("5S"))).await };
            let started = Instant::now();
            let bound = Duration::from_secs(5);
            let _ = tokio::time::timeout(bound, scope.enter(call)).await;

            let seen = fake.seen();
            let acts: Vec<_> = script.iter().map(|(_, act)| *act).collect();
            let unprocessed = acts.iter().take(seen.len()).filter(|act| **act == Unprocessed).count();
            let counted = seen.len() - unprocessed.min(5);
            prop_assert!(counted <= given.min(3) as usize, "{counted}");
            if !read {
                let before_last = seen.len() - 1;
                let all_turned_away = acts[..before_last].iter().all(|act| matches!(act, Unprocessed | Refused));
                prop_assert!(all_turned_away, "one may have been served");
            }
            prop_assert!(started.elapsed() <= bound);
            prop_assert_eq!(fake.flying(), 0);
            Ok(())
        })?;
    }
}
