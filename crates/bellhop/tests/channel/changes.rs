//! Instances that come and go.

use std::time::Duration;

use bellhop::discovery::{Change, Event, InstanceId};

use crate::{
    servers::Server,
    support::{
        call, channel, connected, everybody, insert, keep, refuse, registry, until_all_are_called,
    },
};

#[tokio::test]
async fn an_instance_that_comes_back_is_called_again() {
    let mut servers = [Server::start(), Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;

    let port = servers[0].port();
    servers[0].stop().await;
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    servers[0] = Server::start_at(port);
    until_all_are_called(&channel, &servers).await;
}

#[tokio::test]
async fn an_instance_that_is_removed_is_not_called_again() {
    let servers = [Server::start(), Server::start()];
    let (registry, events) = registry();
    let channel = channel(events);
    let changes = vec![
        insert("a", servers[0].port()),
        insert("b", servers[1].port()),
    ];
    registry
        .send(Event::Answer {
            changes,
            registered: 2,
        })
        .unwrap();
    until_all_are_called(&channel, &servers).await;

    let changes = vec![Change::Remove(InstanceId::new("a"))];
    registry
        .send(Event::Answer {
            changes,
            registered: 1,
        })
        .unwrap();
    // Until the news has arrived turns go on; from then on none goes to the one that is gone.
    let mut in_a_row = 0;
    while in_a_row < 10 {
        let before = servers[1].calls();
        call(&channel).await.unwrap();
        in_a_row = if servers[1].calls() > before {
            in_a_row + 1
        } else {
            0
        };
    }
    servers[0].reset();
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    assert_eq!(servers[0].calls(), 0);
}

#[tokio::test]
async fn an_instance_that_is_kept_is_called_while_it_answers() {
    let mut servers = [Server::start(), Server::start()];
    let (registry, events) = registry();
    let channel = channel(events);
    let ports = [servers[0].port(), servers[1].port()];
    let answer = |changes, registered| {
        let answer = Event::Answer {
            changes,
            registered,
        };
        registry.send(answer).unwrap();
    };
    answer(vec![insert("a", ports[0]), insert("b", ports[1])], 2);
    until_all_are_called(&channel, &servers).await;

    // The registry has forgotten both.
    answer(vec![keep("a", ports[0]), keep("b", ports[1])], 0);
    while channel.report().kept < 2 {
        call(&channel).await.unwrap();
    }
    until_all_are_called(&channel, &servers).await;

    // One of them is down for longer than a moment, and back before the registry says anything new.
    servers[0].stop().await;
    refuse(ports[0], 5).await;
    for _ in 0..10 {
        call(&channel).await.unwrap();
    }
    assert_eq!((channel.report().known, channel.report().connected), (1, 1));
    servers[0] = Server::start_at(ports[0]);
    until_all_are_called(&channel, &servers).await;

    // And is back, as the registry says.
    answer(vec![insert("a", ports[0]), insert("b", ports[1])], 2);
    until_all_are_called(&channel, &servers).await;
    assert_eq!(channel.report().kept, 0);

    // Now the one is forgotten and gone, and the other has left properly.
    answer(
        vec![keep("a", ports[0]), Change::Remove(InstanceId::new("b"))],
        0,
    );
    servers[0].stop().await;
    while channel.report().connected > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = call(&channel).await.unwrap_err();
    assert!(
        status.message().contains("all instances have deregistered"),
        "{status}"
    );
}

#[tokio::test]
async fn a_critical_instance_is_called_where_nobody_else_can_be() {
    let mut servers = [Server::start(), Server::start()];
    let (registry, events) = registry();
    let channel = channel(events);
    let ports = [servers[0].port(), servers[1].port()];
    let answer = |changes| {
        let registered = 2;
        let answer = Event::Answer {
            changes,
            registered,
        };
        registry.send(answer).unwrap();
    };
    answer(vec![insert("a", ports[0]), insert("b", ports[1])]);
    until_all_are_called(&channel, &servers).await;

    let Change::Insert(id, instance) = insert("a", ports[0]) else {
        unreachable!("as asked")
    };
    answer(vec![Change::Spare(id, instance)]);
    while channel.report().spare == 0 || channel.report().connected > 1 {
        call(&channel).await.unwrap();
    }
    servers[0].reset();
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    assert_eq!(servers[0].calls(), 0);
    assert_eq!((channel.report().known, channel.report().kept), (1, 0));

    // Nobody is left but the one that the registry finds critical.
    servers[1].stop().await;
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    assert!(channel.report().panic);
    assert_eq!((channel.report().spare, channel.report().kept), (0, 1));

    servers[1] = Server::start_at(ports[1]);
    while channel.report().panic {
        call(&channel).await.unwrap();
    }
    answer(vec![insert("a", ports[0])]);
    until_all_are_called(&channel, &servers).await;
}

#[tokio::test]
async fn a_kept_instance_that_falls_silent_is_called_again_when_it_answers() {
    let server = Server::start();
    let (registry, events) = registry();
    let channel = channel(events);
    let answer = |changes| {
        let registered = 1;
        registry
            .send(Event::Answer {
                changes,
                registered,
            })
            .unwrap();
    };
    answer(vec![insert("a", server.port())]);
    connected(&channel).await;
    let frozen = server.freeze();
    answer(vec![keep("a", server.port())]);
    while channel.report().connected > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = call(&channel).await.unwrap_err();
    let none = "none of the 1 registered instances is passing";
    assert!(status.message().contains(none), "{status}");

    drop(frozen);
    connected(&channel).await;
    call(&channel).await.unwrap();
}
