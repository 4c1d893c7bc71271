//! What the log says in a test.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{sleep, timeout};
use tracing::subscriber::{DefaultGuard, set_default};

/// Longer than anything takes to be told of again.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Hears what this thread says, until it is dropped.
pub(crate) struct Heard {
    log: Log,
    _listening: DefaultGuard,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// From now on.
    pub(crate) fn from_now_on() -> Self {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        Self {
            log,
            _listening: set_default(subscriber.finish()),
        }
    }

    /// All lines so far: time, level, target, message and what is said besides.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// All lines as soon as there are so many, by a clock that is paused.
    pub(crate) async fn reached(&self, lines: usize) -> Vec<String> {
        let reached = async {
            while self.lines().len() < lines {
                sleep(Duration::from_secs(1)).await;
            }
        };
        let reached = timeout(PATIENCE, reached).await;
        assert!(reached.is_ok(), "{:#?}", self.lines());
        self.lines()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
