//! The task that writes the file of a service.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep},
};
use tokio_util::task::AbortOnDropHandle;

use super::{CacheError, Members, Origin, put};
use crate::{
    context::Voice,
    outage::{Outage, Over},
};

/// Between two writes.
const PAUSE: Duration = Duration::from_secs(1);

/// A set that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Latest {
    pub(super) members: Arc<Members>,
    /// Nobody is missing.
    pub(super) is_whole: bool,
}

pub(super) struct Saver {
    pub(super) latest: watch::Sender<Option<Latest>>,
    _task: AbortOnDropHandle<()>,
}

struct Work {
    file: PathBuf,
    origin: Origin,
    age: Option<Duration>,
    outage: Outage,
}

impl Saver {
    pub(super) fn start(file: PathBuf, origin: Origin, age: Option<Duration>) -> Self {
        let (latest, changes) = watch::channel(None);
        let work = Work {
            file,
            origin,
            age,
            outage: Outage::default(),
        };
        let task = tokio::spawn(Voice::current().carry(work.save(changes)));
        Self {
            latest,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Has a set written where it differs from the last one, or is due. Whether that is so.
    pub(super) fn save(&self, latest: Latest, is_due: bool) -> bool {
        self.latest.send_if_modified(|last| {
            let is_new = is_due || last.as_ref() != Some(&latest);
            if is_new {
                *last = Some(latest);
            }
            is_new
        })
    }
}

impl Work {
    /// Writes each change, one at a time and not too often.
    async fn save(self, mut changes: watch::Receiver<Option<Latest>>) {
        loop {
            tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => {}
                    Err(_) => return,
                },
                // The next write may be minutes away.
                over = self.outage.over() => {
                    self.written_again(over);
                    continue;
                }
            }
            let Some(latest) = changes.borrow_and_update().clone() else {
                continue;
            };
            self.write(latest).await;
            sleep(PAUSE).await;
        }
    }

    async fn write(&self, latest: Latest) {
        let (file, origin, age) = (self.file.clone(), self.origin.clone(), self.age);
        let saved = spawn_blocking(move || put(&file, &origin, age, &latest, SystemTime::now()));
        match saved.await {
            Ok(Ok(())) => {
                if let Some(over) = self.outage.went_well(Instant::now()) {
                    self.written_again(over);
                }
            }
            Ok(Err(error)) => self.failed(&error),
            // The process ends.
            Err(_) => {}
        }
    }

    fn failed(&self, error: &CacheError) {
        let (service, file) = self.named();
        match self.outage.failed_again(Instant::now()) {
            Some(1) => tracing::warn!(service, %file, %error, "the cache cannot be written"),
            Some(failures) => {
                tracing::warn!(service, failures, %file, %error, "the cache still cannot be written");
            }
            None => {}
        }
    }

    fn written_again(&self, over: Over) {
        let (service, file) = self.named();
        let (failures, lasted) = (over.failures, over.lasted);
        tracing::info!(service, %file, failures, ?lasted, "the cache is written again");
    }

    fn named(&self) -> (&str, std::path::Display<'_>) {
        let file: &Path = &self.file;
        (&self.origin.service, file.display())
    }
}
