//! Asking another one beside who is slow.

use super::*;

#[tokio::test(start_paused = true)]
async fn beside_who_is_slow_another_one_is_asked() {
    let fake = Fake::acting(3, [Hang]);
    let started = Instant::now();
    let answer = call(&fake, READ).await.unwrap();
    // Three attempts in all: 3 × 250 ms.
    assert_eq!(started.elapsed(), Duration::from_millis(750));
    assert_eq!(instances(&fake), ["i0", "i1"]);
    assert_eq!(
        fake.seen()[1].header("grpc-previous-rpc-attempts"),
        Some("1")
    );
    let trail = answer.into_body().trail.unwrap();
    let ends: Vec<_> = trail
        .attempts()
        .iter()
        .map(|one| (one.hedge, &one.end))
        .collect();
    assert!(
        matches!(ends[..], [(false, End::Overtaken), (true, End::Answered)]),
        "{ends:?}"
    );
    assert_eq!(fake.flying(), 0, "the slow one is given up");
}

#[tokio::test(start_paused = true)]
async fn the_hop_nearest_to_the_trouble_acts_first() {
    for (given, millis) in [(2, 500), (3, 750)] {
        let fake = Fake::acting(3, [Hang]);
        let scope = Scope {
            attempts: Some(given),
            ..Scope::default()
        };
        let started = Instant::now();
        scope.enter(call(&fake, READ)).await.unwrap();
        assert_eq!(started.elapsed(), Duration::from_millis(millis));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_an_answer() {
    let late = Duration::from_millis(800);
    let fake = Fake::new(3, [(late, Answer), (late, Answer)]);
    let started = Instant::now();
    call(&fake, READ).await.unwrap();
    assert_eq!(started.elapsed(), late);
    assert_eq!((fake.seen().len(), fake.flying()), (2, 0));

    let fake = Fake::new(3, [(late, Answer), (Duration::ZERO, Lost)]);
    call(&fake, READ).await.unwrap();
    assert_eq!(
        fake.seen().len(),
        2,
        "while one is waited for, none is tried again"
    );
}

#[tokio::test(start_paused = true)]
async fn that_another_one_has_no_time_is_no_reason_to_give_up_who_is_slow() {
    let late = Duration::from_millis(900);
    for act in [Refused, PassedOn, Head(Code::ResourceExhausted)] {
        let fake = Fake::new(2, [(late, Answer), (Duration::ZERO, act)]);
        let started = Instant::now();
        let answer = call(&fake, READ).await.unwrap();
        assert_eq!(message(&Ok(answer)), "", "{act:?}");
        assert_eq!((started.elapsed(), fake.seen().len()), (late, 2), "{act:?}");
    }
    let fake = Fake::new(2, [(late, Answer), (Duration::ZERO, Head(Code::NotFound))]);
    let started = Instant::now();
    call(&fake, READ).await.unwrap();
    assert!(started.elapsed() < late, "that is an answer");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_beside_where_that_makes_no_sense() {
    let none: &[(&str, &str)] = &[("RETRY_BUDGET", "0%"), ("RETRY_FLOOR", "0")];
    let cases = [
        ("not known to be harmless", 3, BOOK, &[][..]),
        ("nobody else", 1, READ, &[]),
        ("no budget", 3, READ, none),
        ("switched off", 3, READ, &[("HEDGE_AFTER", "off")]),
    ];
    for (case, instances, path, pairs) in cases {
        let fake = Fake::acting(instances, [Hang]);
        let call = retry(&fake, pairs).call(request(path, None));
        let ended = tokio::time::timeout(Duration::from_secs(60), call).await;
        assert!(ended.is_err(), "{case}");
        assert_eq!(fake.seen().len(), 1, "{case}");
    }
}
