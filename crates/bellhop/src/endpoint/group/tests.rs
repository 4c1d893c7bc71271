//! Groups with the clock paused and no connections.

use tokio::time::advance;

use super::*;
use crate::breaker::Outcome;

const OVER: Duration = Duration::from_millis(400);

fn target(id: &str, port: u16) -> Arc<Target> {
    Arc::new(Target {
        id: InstanceId::new(id),
        host: "127.0.0.1".to_owned(),
        port,
        signs: false,
        version: None,
    })
}

/// A group whose members are connected once each.
struct Subject {
    group: Arc<Group>,
    ring: Ring<InstanceId, Endpoint>,
    members: Vec<(Arc<Member>, Connection)>,
}

impl Subject {
    fn new(members: usize) -> Self {
        let settings = Settings {
            breaker: Some(breaker::Settings::default()),
            slow_start: Some(OVER),
            strangers: false,
        };
        let ring = Ring::new();
        let group = Group::new("echo".into(), ring.clone(), settings);
        let mut subject = Self {
            group,
            ring,
            members: Vec::new(),
        };
        for _ in 0..members {
            subject.join();
        }
        subject
    }

    fn join(&mut self) {
        let id = format!("echo-{}", self.members.len());
        let member = self.group.member(&target(&id, 1), Vouch::Passing);
        let connection = self.group.connected(&member);
        self.members.push((member, connection));
    }

    /// Whether the member lets a call through, which is answered like this if it does.
    fn call(&self, member: usize, outcome: Outcome) -> bool {
        let gate = self.members[member].0.gate().unwrap();
        let ticket = gate.admit(Instant::now());
        ticket.map(|mut ticket| ticket.finish(outcome)).is_some()
    }

    fn fail(&self, member: usize) {
        for _ in 0..5 {
            self.call(member, Outcome::Bad);
        }
    }

    /// Who is out of turn.
    fn out(&self) -> Vec<usize> {
        let standings = self.group.standings().into_iter().enumerate();
        standings
            .filter(|(_, standing)| standing.trouble.is_some() && !standing.exempt)
            .map(|(index, _)| index)
            .collect()
    }

    /// Who is out of turn for being critical.
    fn benched(&self) -> Vec<usize> {
        let standings = self.group.standings().into_iter().enumerate();
        standings
            .filter(|(_, standing)| standing.benched)
            .map(|(index, _)| index)
            .collect()
    }

    fn exempt(&self) -> Vec<usize> {
        let standings = self.group.standings().into_iter().enumerate();
        standings
            .filter(|(_, standing)| standing.exempt)
            .map(|(index, _)| index)
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_than_half_are_out_of_turn() {
    let subject = Subject::new(3);
    subject.fail(0);
    assert_eq!(
        (subject.out(), subject.group.panic().breakers),
        (vec![0], false)
    );

    advance(Duration::from_millis(10)).await;
    subject.fail(1);
    // As bad as the first, which has been out for longer.
    assert_eq!((subject.out(), subject.exempt()), (vec![1], vec![0]));
    assert!(subject.group.panic().breakers);

    subject.fail(2);
    assert_eq!((subject.out(), subject.exempt()), (vec![2], vec![0, 1]));
    assert!(subject.call(0, Outcome::Good) && !subject.call(2, Outcome::Good));
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_is_never_out_of_turn() {
    let subject = Subject::new(1);
    for _ in 0..3 {
        subject.fail(0);
        assert!(subject.call(0, Outcome::Bad));
        advance(Duration::from_millis(300)).await;
    }
    assert!(subject.group.panic().breakers);
}

#[tokio::test(start_paused = true)]
async fn overload_takes_nobody_out_where_all_have_it() {
    let subject = Subject::new(4);
    for member in 0..4 {
        for _ in 0..5 {
            subject.call(member, Outcome::Overloaded);
        }
    }
    assert_eq!(subject.out(), [0; 0]);
    assert_eq!(subject.exempt(), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_changes_who_may_be_out() {
    let mut subject = Subject::new(4);
    subject.fail(0);
    subject.fail(1);
    assert_eq!((subject.out(), subject.exempt()), (vec![0, 1], vec![]));

    let (_, connection) = subject.members.pop().unwrap();
    drop(connection);
    assert_eq!((subject.out(), subject.exempt()), (vec![1], vec![0]));

    subject.join();
    assert_eq!((subject.out(), subject.exempt()), (vec![0, 1], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_and_one_that_is_well_again_come_in_steps() {
    let mut subject = Subject::new(2);
    tokio::spawn(subject.group.clone().ramp());
    assert_eq!(subject.ring.shares(), []);

    advance(OVER).await;
    subject.join();
    let newcomer = InstanceId::new("echo-2");
    for share in [1, 3, 5, 8] {
        assert_eq!(subject.ring.shares(), [(newcomer.clone(), share)]);
        tokio::time::sleep(OVER / 4).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(subject.ring.shares(), []);

    subject.fail(0);
    advance(Duration::from_secs(1)).await;
    subject.call(0, Outcome::Good);
    assert_eq!(subject.ring.shares(), [(InstanceId::new("echo-0"), 1)]);
    tokio::time::sleep(2 * OVER).await;
    assert_eq!(subject.ring.shares(), []);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_after_trouble_is_a_newcomer_and_who_comes_back_as_planned_is_not() {
    let mut subject = Subject::new(2);
    advance(OVER).await;
    let (member, connection) = subject.members.pop().unwrap();
    drop(connection);
    let connection = subject.group.connected(&member);
    assert_eq!(subject.ring.shares(), []);

    subject.group.troubled(&member);
    drop(connection);
    let connection = subject.group.connected(&member);
    assert_eq!(subject.ring.shares(), [], "another connection was there");

    drop(connection);
    subject.group.troubled(&member);
    let _connection = subject.group.connected(&member);
    assert_eq!(subject.ring.shares(), [(InstanceId::new("echo-1"), 1)]);
}

#[tokio::test(start_paused = true)]
async fn who_is_forgotten_or_has_moved_begins_with_a_clean_slate() {
    let subject = Subject::new(2);
    subject.fail(0);
    let before = subject.members[0].0.clone();
    assert!(Arc::ptr_eq(
        &subject.group.member(&target("echo-0", 1), Vouch::Passing),
        &before
    ));

    let moved = subject.group.member(&target("echo-0", 2), Vouch::Passing);
    assert!(moved.gate().unwrap().admits(Instant::now()));
    assert!(!before.gate().unwrap().admits(Instant::now()));

    subject.group.forget(&InstanceId::new("echo-0"));
    assert_eq!(subject.group.standings().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_all_never_become_fewer() {
    let subject = Subject::new(3);
    let open = |member: usize| subject.members[member].0.tally().open(Instant::now(), None);
    let (begun, ended) = (
        || subject.group.tallied().1.begun,
        || subject.group.tallied().1.ended,
    );
    let over = open(0);
    let under_way = open(1);
    over.give_back();
    assert_eq!((begun(), ended()), (2, 1));
    // One forgotten with nothing under way, one that moves while it has a call.
    subject.group.forget(&InstanceId::new("echo-0"));
    subject.group.member(&target("echo-1", 2), Vouch::Passing);
    assert_eq!((begun(), ended()), (2, 1));
    under_way.give_back();
    assert_eq!((begun(), ended()), (2, 2));
    subject.group.forget(&InstanceId::new("echo-2"));
    assert_eq!((begun(), ended()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn the_critical_take_turns_where_too_few_others_are_connected() {
    let mut subject = Subject::new(2);
    advance(OVER).await;
    let first = InstanceId::new("echo-0");
    let turn = subject.members[0].0.turn();
    subject.group.set_vouch(&first, Vouch::Critical);
    assert_eq!(subject.benched(), [0]);
    assert!(!*turn.borrow());

    let (_, connection) = subject.members.pop().unwrap();
    drop(connection);
    assert_eq!(subject.benched(), [0; 0]);
    assert!(*turn.borrow());
    let health = Panic {
        breakers: false,
        health: true,
    };
    assert_eq!(subject.group.panic(), health);

    subject.join();
    assert_eq!(subject.benched(), [0]);
    assert_eq!(subject.group.panic(), Panic::default());

    // Who is well again is a newcomer.
    subject.group.set_vouch(&first, Vouch::Passing);
    assert_eq!(subject.benched(), [0; 0]);
    assert_eq!(subject.ring.shares(), [(first, 1)]);
}

#[tokio::test(start_paused = true)]
async fn health_and_breakers_together_leave_half_in_turn() {
    let subject = Subject::new(4);
    for critical in [2, 3] {
        let id = InstanceId::new(format!("echo-{critical}"));
        subject.group.set_vouch(&id, Vouch::Critical);
    }
    subject.fail(1);
    // Who is critical and works comes before who fails.
    assert_eq!((subject.benched(), subject.exempt()), (vec![], vec![]));
    let health = Panic {
        breakers: false,
        health: true,
    };
    assert_eq!(subject.group.panic(), health);
    // Half are found well and work: the last critical one is spare.
    subject
        .group
        .set_vouch(&InstanceId::new("echo-2"), Vouch::Passing);
    assert_eq!((subject.benched(), subject.exempt()), (vec![3], vec![]));
}

#[tokio::test(start_paused = true)]
async fn who_never_passed_takes_turns_where_nobody_else_can_be_connected() {
    let mut subject = Subject::new(1);
    subject
        .group
        .set_vouch(&InstanceId::new("echo-0"), Vouch::Unproven);
    assert_eq!(subject.benched(), [0; 0]);
    assert!(subject.group.panic().health);

    // Who is on its way takes nobody out of turn, who has come does.
    let well = subject.group.member(&target("echo-1", 1), Vouch::Passing);
    let critical = subject.group.member(&target("echo-2", 1), Vouch::Critical);
    assert_eq!(subject.benched(), [2]);
    let connection = subject.group.connected(&well);
    assert_eq!(subject.benched(), [0, 2]);
    assert_eq!(subject.group.panic(), Panic::default());

    // Where the others go, they may come back; one that cannot be connected does not.
    drop(connection);
    assert_eq!(subject.benched(), [0, 2]);
    subject.group.unreachable(&well);
    assert_eq!(subject.benched(), [0, 2]);
    subject.group.unreachable(&critical);
    assert_eq!(subject.benched(), [0; 0]);

    // Who passed once comes first.
    let connection = subject.group.connected(&critical);
    assert_eq!(subject.benched(), [0]);
    drop(connection);
    subject.group.forget(&InstanceId::new("echo-2"));
    assert_eq!(subject.benched(), [0; 0]);
    subject.join();
    assert_eq!(subject.benched(), [0]);
}

#[tokio::test(start_paused = true)]
async fn who_never_passed_counts_for_nothing_beside_others() {
    let mut subject = Subject::new(4);
    for unproven in [2, 3] {
        let id = InstanceId::new(format!("echo-{unproven}"));
        subject.group.set_vouch(&id, Vouch::Unproven);
    }
    subject
        .group
        .set_vouch(&InstanceId::new("echo-1"), Vouch::Critical);
    // Of two, one is well.
    assert_eq!(subject.benched(), [1, 2, 3]);
    subject.fail(0);
    assert_eq!((subject.benched(), subject.exempt()), (vec![2, 3], vec![]));
    subject.fail(1);
    assert_eq!((subject.benched(), subject.exempt()), (vec![2, 3], vec![0]));
    subject.members.drain(..2);
    assert_eq!(subject.benched(), [1, 2, 3]);
}
