//! A load on the frontend of which nothing may fail.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::{Client, until};
use tokio::{task::JoinHandle, time::sleep};

use crate::project::{EXAMPLE, is_whole};

/// At once.
const CALLERS: usize = 4;

/// Between an answer and the next request of a caller: what is tried is who answers, not how fast.
const PAUSE: Duration = Duration::from_millis(10);

/// Requests, until it is stopped.
pub(crate) struct Load {
    told: Arc<Told>,
    callers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Told {
    enough: AtomicBool,
    answered: AtomicUsize,
    faults: Mutex<Vec<String>>,
}

impl Load {
    pub(crate) fn start(frontend: &str) -> Self {
        let told = Arc::<Told>::default();
        let url = format!("http://{frontend}{EXAMPLE}");
        let caller = |_| tokio::spawn(told.clone().ask(url.clone()));
        let callers = (0..CALLERS).map(caller).collect();
        Self { told, callers }
    }

    /// Lets so many more be answered.
    pub(crate) async fn pass(&self, requests: usize) {
        let enough = self.told.answered.load(Ordering::Relaxed) + requests;
        until("a load that goes on", || async {
            (self.told.answered.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
    }

    /// Ends it; all answers were whole.
    pub(crate) async fn stop(self) -> usize {
        self.told.enough.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.unwrap();
        }
        let faults = self.told.faults.lock().unwrap();
        let answered = self.told.answered.load(Ordering::Relaxed);
        assert!(faults.is_empty(), "of {answered}: {faults:#?}");
        answered
    }
}

impl Told {
    async fn ask(self: Arc<Self>, url: String) {
        let client = Client::new();
        while !self.enough.load(Ordering::Relaxed) {
            let fault = match client.get(&url).await {
                Ok(answer) => (!is_whole(&answer)).then(|| format!("{answer:?}")),
                Err(error) => Some(error),
            };
            self.faults.lock().unwrap().extend(fault);
            self.answered.fetch_add(1, Ordering::Relaxed);
            sleep(PAUSE).await;
        }
    }
}
