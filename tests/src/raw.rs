//! A connection of HTTP/1 by hand, for clients of bad manners.

use std::{net::SocketAddr, str, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::PATIENCE;

/// A connection of HTTP/1 by hand.
#[derive(Debug)]
pub struct Raw(TcpStream);

impl Raw {
    /// Connects.
    ///
    /// # Panics
    /// Where nobody listens.
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("a listener"))
    }

    /// Sends these bytes; whether the other side still took them.
    pub async fn say(&mut self, bytes: &str) -> bool {
        self.0.write_all(bytes.as_bytes()).await.is_ok()
    }

    /// Asks for a path and reads the answer, all of it; its status, `None` where the connection is closed.
    ///
    /// # Panics
    /// When there is neither in time.
    pub async fn get(&mut self, path: &str) -> Option<u16> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: front\r\n\r\n");
        if !self.say(&head).await {
            return None;
        }
        let answer = timeout(PATIENCE, self.answer()).await;
        answer.expect("an answer or an end")
    }

    async fn answer(&mut self) -> Option<u16> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        let head = str::from_utf8(&head).ok()?.to_ascii_lowercase();
        let length = head.split_once("content-length: ")?.1;
        let mut body = vec![0; length.lines().next()?.parse().ok()?];
        self.0.read_exact(&mut body).await.ok()?;
        head.split(' ').nth(1)?.parse().ok()
    }

    /// Reads until the other side has said this.
    ///
    /// # Panics
    /// When it does not.
    pub async fn heard(&mut self, text: &str) {
        let mut said = Vec::new();
        let hear = async {
            while !said.ends_with(text.as_bytes()) {
                said.push(self.0.read_u8().await.expect("more"));
            }
        };
        let heard = timeout(PATIENCE, hear).await;
        assert!(heard.is_ok(), "{text:?} is waited for");
    }

    /// Waits until the other side closes it, whatever it says before.
    ///
    /// # Panics
    /// When it does not.
    pub async fn closed(&mut self) {
        let mut rest = Vec::new();
        let end = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "it is waited for");
    }

    /// Whether the other side closes it within this time.
    pub async fn closes_within(&mut self, bound: Duration) -> bool {
        let mut said = [0; 64];
        let heard = timeout(bound, self.0.read(&mut said)).await;
        matches!(heard, Ok(Ok(0) | Err(_)))
    }
}
