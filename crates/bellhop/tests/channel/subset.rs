//! Connections to some of many.

use std::{collections::HashMap, time::Duration};

use bellhop::{client::Channel, config::Source, discovery::Event};
use tokio::time::timeout;

use crate::{
    servers::Server,
    support::{call, everybody, insert, registry},
};

/// The settings of a test, by name.
struct Told(HashMap<&'static str, &'static str>);

impl Source for Told {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| (*value).to_owned())
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }
}

fn two() -> Told {
    Told(HashMap::from([("BELLHOP_CHANNEL_ECHO_SUBSET", "2")]))
}

fn called(servers: &[Server]) -> usize {
    servers.iter().filter(|server| server.calls() > 0).count()
}

#[tokio::test]
async fn a_caller_is_connected_to_some_and_the_others_have_no_calls() {
    let servers: [_; 6] = std::array::from_fn(|_| Server::start());
    let channel = Channel::over_with("echo", everybody(&servers), &two()).unwrap();
    while called(&servers) < 2 {
        call(&channel).await.unwrap();
    }
    servers.iter().for_each(Server::reset);
    for _ in 0..100 {
        call(&channel).await.unwrap();
    }
    let calls = servers.iter().map(Server::calls);
    let calls: Vec<_> = calls.filter(|calls| *calls > 0).collect();
    assert_eq!(calls, [50, 50]);
    let report = channel.report();
    assert_eq!((report.known, report.left_out), (2, 4));
}

#[tokio::test]
async fn who_goes_is_replaced_by_one_who_was_left_out() {
    let servers: [_; 4] = std::array::from_fn(|_| Server::start());
    let (registry, events) = registry();
    let channel = Channel::over_with("echo", events, &two()).unwrap();
    let all = servers.iter().zip(0..);
    let changes = all.map(|(server, n)| insert(&format!("echo-{n}"), server.port()));
    let answer = |changes, registered| Event::Answer {
        changes,
        registered,
    };
    registry.send(answer(changes.collect(), 4)).unwrap();
    while called(&servers) < 2 {
        call(&channel).await.unwrap();
    }
    let gone = servers.iter().position(|server| server.calls() > 0);
    let gone = gone.expect("somebody was called");
    let id = bellhop::discovery::InstanceId::new(format!("echo-{gone}"));
    let remove = bellhop::discovery::Change::Remove(id);
    registry.send(answer(vec![remove], 3)).unwrap();
    while called(&servers) < 3 {
        call(&channel).await.unwrap();
    }
    let report = channel.report();
    assert_eq!((report.known, report.left_out), (2, 1));
}

#[tokio::test]
async fn where_none_of_its_own_can_be_reached_others_are_called() {
    let mut servers: [_; 6] = std::array::from_fn(|_| Server::start());
    let channel = Channel::over_with("echo", everybody(&servers), &two()).unwrap();
    while called(&servers) < 2 {
        call(&channel).await.unwrap();
    }
    // The registry goes on vouching for them.
    let own = servers.iter_mut().filter(|server| server.calls() > 0);
    own.for_each(Server::kill);
    let answered = async { while call(&channel).await.is_err() {} };
    let patience = Duration::from_secs(60);
    let answered = timeout(patience, answered).await;
    answered.expect("an answer of another one");
    let report = channel.report();
    assert_eq!(report.known + report.left_out, 6);
    assert!(report.left_out < 4, "{report:?}");
}
