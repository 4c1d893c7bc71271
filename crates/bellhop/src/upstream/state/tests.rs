use super::*;
use crate::{
    balance::Ring,
    consul::{Call, Error, Sight},
    discovery::Notes,
};

fn answer(changes: Vec<Change>, registered: usize) -> Event {
    Event::Answer {
        changes,
        registered,
    }
}

fn geo() -> (InstanceId, Instance) {
    let instance = Instance {
        host: "127.0.0.1".to_owned(),
        port: 1,
        weight: 1,
        signs: false,
    };
    (InstanceId::new("geo-1"), instance)
}

fn came() -> Event {
    let (id, instance) = geo();
    answer(vec![Change::Insert(id, instance)], 1)
}

fn left() -> Event {
    answer(vec![Change::Remove(geo().0)], 0)
}

fn silence() -> Event {
    let call = Call {
        method: http::Method::GET,
        path: "/v1/health/service/geo".to_owned(),
    };
    let after = std::time::Duration::from_secs(5);
    Event::Unreachable {
        error: Arc::new(Error::Timeout { call, after }),
    }
}

fn denied() -> Event {
    Event::Notes(Notes {
        sight: Sight::Denied,
        ..Notes::default()
    })
}

/// The line in the log after each event; empty where there is none.
fn lines(events: impl IntoIterator<Item = Event>) -> Vec<&'static str> {
    let mut state = State::default();
    let line = |event| {
        state.apply(event, |_| unreachable!("there are no shards"));
        match state.turn() {
            Some(Turn::Emptied(cause)) => cause.name(),
            Some(Turn::Filled) => "filled",
            None => "",
        }
    };
    events.into_iter().map(line).collect()
}

#[tokio::test]
async fn who_is_let_go_is_known_as_that_until_the_registry_says_more() {
    let busy = |_: Seat<'_>| AbortOnDropHandle::new(tokio::spawn(std::future::pending()));
    let lost = |state: &State| state.lost().cloned().collect::<Vec<_>>();
    let (id, instance) = geo();
    for more in [came(), left()] {
        let mut state = State::default();
        state.attach(Handle::current(), &Ring::new().shard(), busy);
        let kept = Change::Keep(id.clone(), instance.clone());
        state.apply(answer(vec![kept], 0), busy);
        assert!(lost(&state).is_empty());
        let target = state.known[&id].target.clone();
        assert!(state.lose(&target, 0, busy));
        assert_eq!(lost(&state), std::slice::from_ref(&id));
        state.apply(more, busy);
        assert!(lost(&state).is_empty());
    }
}

#[test]
fn each_cause_is_told_once() {
    let events = [
        silence(),
        silence(),
        answer(Vec::new(), 0),
        answer(Vec::new(), 0),
        came(),
        silence(),
        left(),
        answer(Vec::new(), 0),
        denied(),
        answer(Vec::new(), 2),
    ];
    assert_eq!(
        lines(events),
        [
            "registry unreachable",
            "",
            "never seen",
            "",
            "filled",
            "",
            "all deregistered",
            "",
            "hidden by ACL",
            "all critical"
        ]
    );
}

#[test]
fn who_was_never_well_is_nobody_in_the_log() {
    let (id, instance) = geo();
    let ill = answer(vec![Change::Unproven(id, instance)], 1);
    assert_eq!(lines([ill, came()]), ["all critical", "filled"]);
}
