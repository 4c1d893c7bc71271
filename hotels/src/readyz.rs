//! Asks a frontend whether it is ready.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// More than it ever says.
const LONGEST: u64 = 64 * 1024;

/// The whole answer, head and body. Whoever asks bounds the time.
pub(crate) async fn ask(frontend: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(frontend).await?;
    stream
        .write_all(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer).await?;
    Ok(answer)
}
