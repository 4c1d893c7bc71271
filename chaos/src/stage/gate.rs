//! What stands between a service and the registry, and can be shut.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// What becomes of those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are let through.
    Pass,
    /// Nobody listens, and connections are closed.
    Refuse,
    /// They are let in, and nothing they say is heard.
    Swallow,
    /// Every request is answered 500.
    Fail,
    /// They are let through to somebody else.
    Elsewhere(SocketAddr),
}

/// A way to the registry.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    _keeping: JoinSet<()>,
}

impl Gate {
    /// Opens a gate on any free port of this host.
    pub(crate) async fn before(registry: SocketAddr) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into(), registry).await
    }

    /// Opens a gate at an address.
    ///
    /// # Panics
    /// When nobody can listen there.
    pub(crate) async fn at(address: SocketAddr, registry: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free address");
        let address = listener.local_addr().expect("an address");
        let (mode, changes) = watch::channel(Mode::Pass);
        let mut keeping = JoinSet::new();
        keeping.spawn(keep(listener, address, registry, changes));
        Self {
            address,
            mode,
            _keeping: keeping,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has an effect on those who are inside already, too.
    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn keep(
    listener: TcpListener,
    address: SocketAddr,
    registry: SocketAddr,
    mut changes: watch::Receiver<Mode>,
) {
    let mut listener = Some(listener);
    let mut inside = JoinSet::new();
    loop {
        let mode = *changes.borrow_and_update();
        if mode == Mode::Refuse {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        let came = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok((stream, _)) = came => {
                inside.spawn(serve(stream, registry, changes.clone()));
            }
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
        while inside.try_join_next().is_some() {}
    }
}

/// Serves a connection until the mode changes.
async fn serve(stream: TcpStream, registry: SocketAddr, mut changes: watch::Receiver<Mode>) {
    let mode = *changes.borrow_and_update();
    let done = async {
        match mode {
            Mode::Pass => pass(stream, registry).await,
            Mode::Refuse => Ok(()),
            Mode::Swallow => std::future::pending().await,
            Mode::Fail => fail(stream).await,
            Mode::Elsewhere(address) => pass(stream, address).await,
        }
    };
    tokio::pin!(done);
    tokio::select! {
        // That a connection breaks is what this is for.
        _ = &mut done => {}
        _ = changes.changed() => {
            if *changes.borrow_and_update() == Mode::Swallow {
                // It stays open, and nobody moves what is said over it.
                let _ = changes.changed().await;
            }
        }
    }
}

async fn pass(mut stream: TcpStream, registry: SocketAddr) -> io::Result<()> {
    let mut registry = TcpStream::connect(registry).await?;
    copy_bidirectional(&mut stream, &mut registry).await?;
    Ok(())
}

/// As a Consul without a leader has it.
const FAILURE: &[u8] =
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 17\r\n\r\nNo cluster leader";

async fn fail(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(length) = head(&mut stream).await? {
        let mut body = (&mut stream).take(length);
        tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
        stream.write_all(FAILURE).await?;
    }
    Ok(())
}

/// Reads the head of a request: the length of its body, `None` where there is no further one.
async fn head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<u64>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            return Ok(Some(length));
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
}
