//! A steady load.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::{System, until};

/// Requests without a pause, each of which must be answered as the contract says.
#[derive(Debug)]
pub struct Load {
    answered: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    callers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    /// So many callers, each asking as soon as it has its answer.
    pub fn start(system: &Arc<System>, callers: usize) -> Self {
        let (answered, enough) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let caller = || {
            let (system, answered, enough) = (system.clone(), answered.clone(), enough.clone());
            async move {
                while !enough.load(Ordering::Relaxed) {
                    system.example().await.expect("an answer");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let callers = (0..callers).map(|_| tokio::spawn(caller())).collect();
        Self {
            answered,
            enough,
            callers,
        }
    }

    /// Lets so many more requests be answered.
    ///
    /// # Panics
    /// When a request fails.
    pub async fn pass(&self, requests: usize) {
        let enough = self.answered.load(Ordering::Relaxed) + requests;
        until("a load that goes on", || async {
            assert!(
                self.callers.iter().all(|caller| !caller.is_finished()),
                "a request failed"
            );
            (self.answered.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
    }

    /// Ends it.
    ///
    /// # Panics
    /// When a request has failed.
    pub async fn stop(self) {
        self.enough.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.expect("no request failed");
        }
    }
}
