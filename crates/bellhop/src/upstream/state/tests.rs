use super::*;
use crate::{
    balance::WHOLE,
    breaker::BreakerState,
    consul::{Call, Error, Sight},
    discovery::Notes,
    upstream::figures::endpoints,
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
        version: None,
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

/// Supervises nobody.
fn nobody(_: Seat<'_>) -> AbortOnDropHandle<()> {
    unreachable!("there are no shards")
}

/// The line in the log after each event; empty where there is none.
fn lines(events: impl IntoIterator<Item = Event>) -> Vec<&'static str> {
    let mut state = State::default();
    let line = |event| {
        state.apply(event, nobody);
        match state.turn() {
            Some(Turn::Emptied(cause)) => cause.name(),
            Some(Turn::Filled) => "filled",
            None => "",
        }
    };
    events.into_iter().map(line).collect()
}

/// How `geo-1` stands where it is connected, or is not.
fn standing(connections: usize) -> Standing {
    Standing {
        id: geo().0,
        connections,
        trouble: None,
        exempt: false,
        breaker: BreakerState::default(),
        share: WHOLE,
        benched: false,
    }
}

#[test]
fn who_is_not_vouched_for_and_does_not_answer_is_nobody() {
    let counts = |change: fn(InstanceId, Instance) -> Change, connections| {
        let (id, instance) = geo();
        let mut state = State::default();
        state.apply(answer(vec![change(id, instance)], 0), nobody);
        let standings = [standing(connections)];
        let report = state.report(&standings, Panic::default(), false);
        let mut measured = endpoints(&state, &standings).into_iter();
        let (as_what, _) = measured.find(|(_, count)| *count > 0.0).unwrap();
        let is_healthy = ["connected", "kept"].contains(&as_what);
        assert_eq!(is_healthy, connections > 0, "{as_what}");
        (report.known, report.kept, report.empty.is_some())
    };
    for (connections, kept) in [(0, (0, 0, true)), (2, (1, 1, false))] {
        assert_eq!(counts(Change::Keep, connections), kept);
        // One that is critical and takes turns all the same.
        assert_eq!(counts(Change::Spare, connections), kept);
        assert_eq!(counts(Change::Insert, connections), (1, 0, false));
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
