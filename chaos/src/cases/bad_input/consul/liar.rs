//! Stands in the place of an agent, and answers questions with what makes no sense.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::lies::{LIES, Lie, Real};

/// The longest head of a request that is read.
const HEAD: usize = 64 << 10;

/// An agent that tells one lie after the other. What is written to it, it passes on.
#[derive(Debug)]
pub(super) struct Liar {
    address: SocketAddr,
    told: Arc<AtomicUsize>,
    _accepting: JoinSet<()>,
}

impl Liar {
    /// Knows the truth from this registry.
    pub(super) async fn before(registry: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let told = Arc::<AtomicUsize>::default();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, registry, told.clone()));
        Ok(Self {
            address,
            told,
            _accepting: accepting,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many lies were told.
    pub(super) fn told(&self) -> usize {
        self.told.load(Relaxed)
    }

    /// The lies that nobody has heard.
    pub(super) fn untold(&self) -> Vec<&'static str> {
        let untold = LIES.iter().skip(self.told());
        untold.map(|lie| lie.name).collect()
    }
}

async fn accept(listener: TcpListener, registry: SocketAddr, told: Arc<AtomicUsize>) {
    let mut inside = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        inside.spawn(serve(stream, registry, told.clone()));
        while inside.try_join_next().is_some() {}
    }
}

/// Answers one request. That a connection breaks then is nothing new to whoever asks such an agent.
async fn serve(mut stream: TcpStream, registry: SocketAddr, told: Arc<AtomicUsize>) {
    let Ok(Some(request)) = read(&mut stream).await else {
        return;
    };
    let Ok(answer) = ask(registry, &at_once(&request)).await else {
        return;
    };
    if !request.starts_with(b"GET ") {
        let _ = stream.write_all(&answer).await;
        return;
    }
    let number = told.fetch_add(1, Relaxed);
    let Lie { tell, again, .. } = &LIES[number % LIES.len()];
    let mut telling = stream.write_all(&tell(&Real::new(&answer))).await;
    while telling.is_ok() && !again.is_empty() {
        telling = stream.write_all(again).await;
    }
    // Not before it was read: what is lost on the way is another fault.
    let _ = stream.shutdown().await;
    let _ = stream.read(&mut [0; 64]).await;
}

/// A request, whole.
async fn read(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length
                .and_then(|length| length.trim().parse().ok())
                .unwrap_or(0);
            if read.len() >= end + 4 + length {
                return Ok(Some(read));
            }
        }
        if read.len() > HEAD || stream.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
    }
}

/// The request as one that need not wait for a change, and after which the connection is closed.
fn at_once(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let (line, rest) = text.split_once("\r\n").unwrap_or_default();
    let target = line.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let waits = |pair: &&str| {
        ["index=", "wait=", "hash="]
            .iter()
            .any(|name| pair.starts_with(name))
    };
    let query: Vec<_> = query.split('&').filter(|pair| !waits(pair)).collect();
    let (method, query) = (line.split(' ').next().unwrap_or_default(), query.join("&"));
    format!("{method} {path}?{query} HTTP/1.0\r\n{rest}").into_bytes()
}

async fn ask(registry: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut registry = TcpStream::connect(registry).await?;
    registry.write_all(request).await?;
    let mut answer = Vec::new();
    registry.read_to_end(&mut answer).await?;
    Ok(answer)
}
