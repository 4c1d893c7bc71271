//! Somebody between two who talk: hears what is said, and can end it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    task::{JoinHandle, JoinSet},
};

use crate::Failure;

/// When something was first said.
pub(crate) type Heard = Arc<OnceLock<Instant>>;

/// Hands on what is said, until this is dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    ear: Ear,
    working: JoinHandle<()>,
}

/// What to listen for in what the one behind says.
type Ear = Arc<Mutex<Option<(Vec<u8>, Heard)>>>;

impl Relay {
    /// In front of this address.
    pub(crate) async fn to(behind: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, ear) = (listener.local_addr()?, Ear::default());
        let heard = ear.clone();
        let working = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((front, _)) = listener.accept().await {
                connections.spawn(hand_on(front, behind, heard.clone()));
            }
        });
        Ok(Self {
            address,
            ear,
            working,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says from now on when these words were first said.
    pub(crate) fn listen_for(&self, words: &str) -> Heard {
        let heard = Heard::default();
        let mut ear = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
        *ear = Some((words.as_bytes().to_vec(), heard.clone()));
        heard
    }
}

/// All connections end, and nobody can connect.
impl Drop for Relay {
    fn drop(&mut self) {
        self.working.abort();
    }
}

async fn hand_on(front: TcpStream, behind: SocketAddr, ear: Ear) -> Result<(), Failure> {
    let behind = TcpStream::connect(behind).await?;
    front.set_nodelay(true)?;
    behind.set_nodelay(true)?;
    let (from_front, to_front) = front.into_split();
    let (from_behind, to_behind) = behind.into_split();
    let (asked, answered) = tokio::join!(
        ask(from_front, to_behind),
        answer(from_behind, to_front, ear)
    );
    asked.and(answered)
}

async fn ask(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Result<(), Failure> {
    copy(&mut from, &mut to).await?;
    Ok(())
}

async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, ear: Ear) -> Result<(), Failure> {
    let mut said = Vec::new();
    loop {
        let before = said.len();
        if from.read_buf(&mut said).await? == 0 {
            return Ok(());
        }
        if let Some((words, heard)) = &*ear.lock().unwrap_or_else(PoisonError::into_inner)
            && said.windows(words.len()).any(|window| window == words)
        {
            // Only the first time counts.
            let _ = heard.set(Instant::now());
        }
        to.write_all(&said[before..]).await?;
        // Words may come in two pieces.
        said.drain(..before);
    }
}
