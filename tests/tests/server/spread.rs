//! Callers without a mesh, who keep their connection for as long as they may.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use e2e::until;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::stage::{Stage, ask, plain};

const YOUNG: (&str, &str) = ("BELLHOP_CONNECTION_AGE", "200ms");
const CALLERS: usize = 8;
/// So many calls show how they are spread.
const CALLS: usize = 200;

/// What stands before servers and knows nothing of calls: each new connection goes to the next of them.
struct Relay {
    address: SocketAddr,
    servers: Arc<Mutex<Vec<SocketAddr>>>,
    _relaying: JoinSet<()>,
}

impl Relay {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let servers = Arc::new(Mutex::new(vec![server]));
        let mut relaying = JoinSet::new();
        relaying.spawn(relay(listener, servers.clone()));
        Self {
            address,
            servers,
            _relaying: relaying,
        }
    }

    fn add(&self, server: SocketAddr) {
        self.servers.lock().unwrap().push(server);
    }
}

async fn relay(listener: TcpListener, servers: Arc<Mutex<Vec<SocketAddr>>>) {
    let mut connections = JoinSet::new();
    for turn in 0.. {
        let (mut caller, _) = listener.accept().await.unwrap();
        let server = {
            let servers = servers.lock().unwrap();
            servers[turn % servers.len()]
        };
        connections.spawn(async move {
            if let Ok(mut server) = TcpStream::connect(server).await {
                let _ = copy_bidirectional(&mut caller, &mut server).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

#[tokio::test]
async fn callers_that_keep_their_connections_find_a_server_that_comes_later() {
    let (first, later) = (Stage::with(&[YOUNG]).await, Stage::with(&[YOUNG]).await);
    let relay = Relay::before(first.middle_address()).await;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let mut client = plain(relay.address).await;
        callers.spawn(async move {
            loop {
                // Whether each is answered is for callers that try again.
                let _ = client.nearby(ask(0.0)).await;
            }
        });
    }
    first.handlers.begun(CALLS).await;
    assert_eq!(later.handlers.so_far(), 0);
    relay.add(later.middle_address());
    until("calls to be spread over both", || async {
        let (at_first, at_later) = (first.handlers.so_far(), later.handlers.so_far());
        first.handlers.begun(at_first + CALLS / 4).await;
        later.handlers.begun(at_later + CALLS / 4).await;
        let served = first.handlers.so_far() - at_first + later.handlers.so_far() - at_later;
        // Nobody has less than a quarter.
        (served <= CALLS).then_some(())
    })
    .await;
}
