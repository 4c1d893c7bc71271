//! The clock is paused: what takes minutes here takes none.

mod script;

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use self::script::{HANG, Script, Scripted, answer, event, events, failure, in_short};
use super::*;
use crate::dropped::at_every_await;

#[tokio::test(start_paused = true)]
async fn who_is_critical_and_what_is_said_of_each_is_told_when_that_changes() {
    let script = Script::new([
        (|| answer(5, &["a", "!b", "c"])) as Scripted,
        || answer(6, &["a", "!b", "c", "d"]),
        || answer(7, &["a", "b", "c", "d"]),
    ]);
    let mut watch = script.watch();
    let (mut told, mut about) = (Vec::new(), Vec::new());
    while told.len() < 5 {
        match watch.next().await.expect("the stream has no end") {
            Event::About(all) => about.push(all.len()),
            event => told.push(in_short(&event)),
        }
    }
    assert_eq!(
        told,
        [
            "+a ??b +c (3)",
            "critical: b",
            "+d (4)",
            "+b (4)",
            "critical: "
        ]
    );
    assert_eq!(about, [3, 4], "of all, and when that changes");
}

#[tokio::test(start_paused = true)]
async fn failures_keep_what_is_known_and_an_empty_answer_is_passed_on() {
    let script = Script::new([
        (|| answer(5, &["a", "b"])) as Scripted,
        failure,
        failure,
        || answer(6, &["b"]),
        || answer(7, &["b"]),
        || answer(8, &[]),
    ]);
    let mut watch = script.watch();
    assert_eq!(
        events(&mut watch, 6).await,
        ["+a +b (2)", "!", "!", "~a (1)", "(1)", "-b (0)"]
    );
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_whoever_is_missing_is_kept_until_the_grace_ends() {
    let script = Script::new([
        (|| answer(50, &["a", "b", "c"])) as Scripted,
        failure,
        || answer(1, &[]),
        || answer(2, &["a"]),
        || answer(3, &["!b", "a"]),
        || answer(4, &["b"]),
        || answer(4, &["b"]),
    ])
    .waits();
    let grace = Duration::from_secs(60);
    let mut watch = script.watch_with(Settings {
        hold: Some(grace),
        ..Settings::default()
    });
    let begun = tokio::time::Instant::now();
    assert_eq!(
        events(&mut watch, 7).await,
        [
            "+a +b +c (3)",
            "!",
            "~a ~b ~c (0)",
            "+a (1)",
            "(2)",
            "-a +b (1)",
            "-c (1)"
        ]
    );
    assert!((grace..grace * 2).contains(&begun.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_memory_is_noticed_by_its_index() {
    let script = Script::new([
        (|| answer(50, &["a", "b"])) as Scripted,
        || answer(3, &["b"]),
        || answer(4, &["b", "a"]),
        || answer(5, &["b"]),
    ]);
    let mut watch = script.watch();
    assert_eq!(
        events(&mut watch, 4).await,
        ["+a +b (2)", "~a (1)", "+a (2)", "-a (1)"]
    );
}

#[tokio::test(start_paused = true)]
async fn where_the_hold_is_off_an_answer_is_an_answer() {
    let script = Script::new([(|| answer(50, &["a"])) as Scripted, failure, || {
        answer(1, &[])
    }]);
    let mut watch = script.watch_with(Settings {
        hold: None,
        ..Settings::default()
    });
    assert_eq!(events(&mut watch, 3).await, ["+a (1)", "!", "-a (0)"]);
}

#[tokio::test(start_paused = true)]
async fn who_has_no_leader_takes_nobody_away() {
    let behind = || {
        answer(60, &["c"]).map(|answer| Indexed {
            behind: true,
            ..answer
        })
    };
    let script = Script::new([(|| answer(50, &["a", "b"])) as Scripted, behind, || {
        answer(61, &["a", "c"])
    }]);
    let mut watch = script.watch();
    assert_eq!(
        events(&mut watch, 3).await,
        ["+a +b (2)", "+c (2)", "~b (2)"]
    );
}

#[tokio::test(start_paused = true)]
async fn health_checks_alone_do_not_empty_a_service() {
    let script = Script::new([
        (|| answer(5, &["a", "b", "c", "!d"])) as Scripted,
        || answer(6, &["a", "b", "!c", "!d"]),
        || answer(7, &["a", "!b", "!c", "!d"]),
        || answer(8, &["!a", "!b", "!c", "!d"]),
        || answer(9, &["!b", "!c", "!d"]),
        || answer(10, &["b", "c", "!d"]),
    ]);
    let mut watch = script.watch_with(Settings {
        hold: None,
        ..Settings::default()
    });
    assert_eq!(
        events(&mut watch, 8).await,
        [
            "+a +b +c ??d (4)",
            "?c (4)",
            "~b ~c (4)",
            "panic",
            "~a (4)",
            "-a (3)",
            "+b +c (3)",
            "Clear"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_is_asked_about_once_in_a_while() {
    let mut script = Script::new([
        (|| answer(5, &["a"])) as Scripted,
        || answer(6, &[]),
        || answer(7, &["a"]),
        || answer(8, &[]),
        || answer(8, &[]),
    ])
    .waits();
    script.sight = Sight::Denied;
    let mut watch = script.watch();
    assert_eq!(
        events(&mut watch, 7).await,
        [
            "+a (1)", "~a (0)", "Denied", "+a (1)", "Clear", "~a (0)", "Denied"
        ]
    );
    assert_eq!(*script.questions.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_may_be_hidden_is_kept_as_after_an_outage() {
    let mut script = Script::new([
        (|| answer(5, &["a", "!b"])) as Scripted,
        || answer(6, &[]),
        || answer(7, &[]),
    ])
    .waits();
    script.sight = Sight::Unsure;
    let hold = Duration::from_secs(20);
    let mut watch = script.watch_with(Settings {
        hold: Some(hold),
        ..Settings::default()
    });
    let start = tokio::time::Instant::now();
    assert_eq!(
        events(&mut watch, 5).await,
        ["+a ??b (2)", "~a (0)", "Unsure", "(0)", "-a -b (0)"]
    );
    assert_eq!(start.elapsed(), hold);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_does_not_say_why_delays_nobodys_leaving_for_long() {
    let mut script = Script::new([(|| answer(5, &["a"])) as Scripted, || answer(6, &[])]).waits();
    script.says_why = false;
    let mut watch = script.watch_with(Settings {
        hold: None,
        ..Settings::default()
    });
    let start = tokio::time::Instant::now();
    assert_eq!(events(&mut watch, 3).await, ["+a (1)", "-a (0)", "Unsure"]);
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_hidden_the_last_to_leave_is_let_go_at_once() {
    let script = Script::new([(|| answer(5, &["a"])) as Scripted, || answer(6, &[])]).waits();
    let mut watch = script.watch();
    let start = tokio::time::Instant::now();
    assert_eq!(events(&mut watch, 2).await, ["+a (1)", "-a (0)"]);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

/// Waits for a file that is like this. The clock stands still while another thread writes it, and else takes long steps.
async fn written(folder: &TempDir, is: fn(&str) -> bool) {
    let file = folder.path().join("geo.json");
    let written = async {
        while !std::fs::read_to_string(&file).is_ok_and(|text| is(&text)) {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let patience = Duration::from_secs(3600);
    timeout(patience, written).await.expect("a file like this");
}

#[tokio::test(start_paused = true)]
async fn a_start_without_a_registry_remembers_and_heals() {
    let folder = TempDir::new().unwrap();
    let settings = || Settings {
        cache: Some(folder.path().to_owned()),
        ..Settings::default()
    };
    let script = Script::new([(|| answer(5, &["a", "b"])) as Scripted]).waits();
    let mut watch = script.watch_with(settings());
    assert_eq!(event(&mut watch).await, "+a +b (2)");
    written(&folder, |_| true).await;
    drop(watch);

    let refused = Script::new([
        failure as Scripted,
        failure,
        || answer(1, &["b"]),
        || answer(2, &["b", "a"]),
    ]);
    let mut watch = refused.watch_with(settings());
    assert_eq!(
        events(&mut watch, 5).await,
        ["!", "memory: +a +b ", "!", "~a (1)", "+a (2)"]
    );

    let hanging = Script::new([(|| answer(HANG, &[])) as Scripted, || answer(1, &["b"])]);
    let mut watch = hanging.watch_with(settings());
    assert_eq!(events(&mut watch, 2).await, ["memory: +a +b ", "~a (1)"]);

    let mut watch = Script::new([(|| answer(9, &["c"])) as Scripted]).watch_with(settings());
    assert_eq!(event(&mut watch).await, "+c (1)");
}

#[tokio::test(start_paused = true)]
async fn an_empty_registry_at_the_start_leaves_the_file_to_a_later_start() {
    let folder = TempDir::new().unwrap();
    let settings = || Settings {
        cache: Some(folder.path().to_owned()),
        ..Settings::default()
    };
    let script = Script::new([(|| answer(5, &["a", "b"])) as Scripted]).waits();
    let mut watch = script.watch_with(settings());
    assert_eq!(event(&mut watch).await, "+a +b (2)");
    written(&folder, |text| text.contains("\"a\"")).await;
    drop(watch);

    let remembered = async || {
        let mut watch = Script::new([failure as Scripted]).watch_with(settings());
        events(&mut watch, 2).await[1].clone()
    };

    // It knows nobody, also when the grace is over.
    let nobody = Script::new([(|| answer(1, &[])) as Scripted]).waits();
    let mut watch = nobody.watch_with(settings());
    assert_eq!(events(&mut watch, 5).await, ["(0)"; 5]);
    drop(watch);
    assert_eq!(remembered().await, "memory: +a +b ");

    // They begin to come back.
    let script = Script::new([(|| answer(1, &[])) as Scripted, || answer(2, &["c"])]).waits();
    let mut watch = script.watch_with(settings());
    assert_eq!(events(&mut watch, 2).await, ["(0)", "+c (1)"]);
    written(&folder, |text| text.contains("\"c\"")).await;
    drop(watch);
    assert_eq!(remembered().await, "memory: +a +b +c ");

    // Who is not named for the whole of it is forgotten.
    let script = Script::new([(|| answer(1, &["c"])) as Scripted]).waits();
    let mut watch = script.watch_with(settings());
    assert_eq!(event(&mut watch).await, "+c (1)");
    let goes_on = tokio::spawn(async move { while watch.next().await.is_some() {} });
    written(&folder, |text| !text.contains("\"a\"")).await;
    goes_on.abort();
}

#[tokio::test(start_paused = true)]
async fn the_index_follows_the_book() {
    let script = Script::new([
        (|| answer(5, &[])) as Scripted,
        || answer(9, &[]),
        || answer(3, &[]),
        || answer(3, &[]),
        failure,
        || answer(0, &[]),
        || answer(4, &[]),
    ]);
    let mut watch = script.watch();
    for _ in 0..7 {
        event(&mut watch).await;
    }
    assert_eq!(script.asked(), [0, 5, 9, 0, 3, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_at_once_are_not_asked_for_at_once() {
    let script = Script::new([(|| answer(5, &[])) as Scripted]);
    let mut watch = script.watch();
    let minute = Duration::from_secs(60);
    let endless = async { while watch.next().await.is_some() {} };
    assert!(timeout(minute, endless).await.is_err());
    let asked = script.asked().len();
    assert!((300..=310).contains(&asked), "asked {asked} times");
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_ever_more_slowly_and_for_ever() {
    let script = Script::new([failure as Scripted]);
    let mut watch = script.watch();
    let hour = Duration::from_secs(3600);
    let endless = async { while watch.next().await.is_some() {} };
    assert!(timeout(hour, endless).await.is_err());
    let asked = script.asked().len();
    assert!((1800..=3700).contains(&asked), "asked {asked} times");
}

#[tokio::test(start_paused = true)]
async fn who_stops_listening_for_a_while_misses_nothing() {
    let script = || {
        Script::new([
            (|| answer(5, &["a", "b"])) as Scripted,
            failure,
            || answer(6, &["b"]),
            || answer(7, &["b", "c"]),
        ])
        .waits()
    };
    let undisturbed = script();
    let mut watch = undisturbed.watch();
    let mut expected = Vec::new();
    for _ in 0..4 {
        expected.push(event(&mut watch).await);
    }
    at_every_await(async |lifetime| {
        let script = script();
        let mut watch = script.watch();
        let (mut events, mut is_whole) = (Vec::new(), true);
        for _ in 0..expected.len() {
            let heard = lifetime.run(event(&mut watch)).await;
            is_whole &= heard.is_some();
            events.push(match heard {
                Some(event) => event,
                None => event(&mut watch).await,
            });
        }
        assert_eq!(events, expected);
        assert_eq!(script.asked(), undisturbed.asked(), "no question twice");
        is_whole
    })
    .await;
}
