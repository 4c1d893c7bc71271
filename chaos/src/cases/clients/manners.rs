//! How clients can be bad.

use std::{io, net::SocketAddr, time::Duration};

use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::sleep,
};

const REQUEST: &[u8] =
    b"GET /hotels?inDate=2015-04-09&outDate=2015-04-10 HTTP/1.1\r\nhost: localhost\r\n\r\n";
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(400);
/// Between two bytes of a slow one.
const BYTE: Duration = Duration::from_secs(1);
/// More answers than the system takes off the frontend's hands for somebody who reads none.
const ANSWERS: usize = 32;
/// Bytes that the system receives for a client before it reads them.
const ROOM: usize = 2048;
/// With segments as small as this the system keeps little on the frontend's side either: a frontend that goes on writing has to
/// wait.
const SEGMENT: u32 = 536;

/// Asks, and leaves before the answer: at once, or when a handler is at work, or after half a request.
pub(super) async fn disconnect(frontend: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(frontend).await?;
    let whole = fastrand::bool();
    let sent = if whole {
        REQUEST.len()
    } else {
        fastrand::usize(1..REQUEST.len())
    };
    stream.write_all(&REQUEST[..sent]).await?;
    sleep(Duration::from_micros(fastrand::u64(..5000))).await;
    drop(stream);
    sleep(PAUSE).await;
    Ok(())
}

/// Sends a request a byte a second, until it is shown the door.
pub(super) async fn dawdle(frontend: SocketAddr) -> io::Result<()> {
    let stream = TcpStream::connect(frontend).await?;
    let (mut from, mut to) = stream.into_split();
    let mut answer = [0; 256];
    for byte in REQUEST {
        to.write_all(&[*byte]).await?;
        tokio::select! {
            _ = from.read(&mut answer) => return Ok(()),
            () = sleep(BYTE) => {}
        }
    }
    Ok(())
}

/// Asks for more than fits on the way, and reads a byte a second of it.
pub(super) async fn read_slowly(frontend: SocketAddr) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(frontend), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(ROOM)?;
    socket.set_tcp_mss(SEGMENT)?;
    let socket = TcpSocket::from_std_stream(socket.into());
    let mut stream = socket.connect(frontend).await?;
    stream.write_all(&REQUEST.repeat(ANSWERS)).await?;
    let mut byte = [0];
    while stream.read(&mut byte).await? > 0 {
        sleep(BYTE).await;
    }
    Ok(())
}
