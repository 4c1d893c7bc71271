//! The last set of a service in a file, for a start without a registry.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, task::spawn_blocking, time::sleep};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Instance, InstanceId,
    diff::{Members, Told},
};

/// What such a file says that it is.
const FORMAT: &str = "bellhop-discovery";
const VERSION: u32 = 1;
/// The largest file that is read or written, in bytes: ten thousand instances and more.
const SIZE_MAX: u64 = 4 << 20;
/// Between two writes.
const PAUSE: Duration = Duration::from_secs(1);

/// The file of one service.
pub(crate) struct Cache {
    file: PathBuf,
    service: Arc<str>,
    saver: Option<Saver>,
}

/// What an earlier process knew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) at: SystemTime,
    pub(crate) instances: Members,
}

/// Why a file is of no use, or could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it has {0} bytes, {SIZE_MAX} are the most")]
    TooLarge(u64),
    #[error("it is damaged, or none of these files: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is something else: {0}")]
    Foreign(String),
}

struct Saver {
    latest: watch::Sender<Option<Arc<Members>>>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    version: u32,
    service: String,
    /// Seconds since 1970.
    saved: u64,
    instances: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    id: String,
    host: String,
    port: u16,
    weight: u32,
}

impl Cache {
    /// The file of `service` in `folder`; neither needs to be there.
    pub(crate) fn new(folder: &Path, service: &str) -> Self {
        let name = utf8_percent_encode(service, NON_ALPHANUMERIC);
        Self {
            file: folder.join(format!("{name}.json")),
            service: service.into(),
            saver: None,
        }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// What is in the file; a warning and nothing where that is of no use.
    pub(crate) async fn load(&self) -> Option<Saved> {
        let (file, service) = (self.file.clone(), self.service.clone());
        let loaded = spawn_blocking(move || load(&file, &service)).await.ok()?;
        match loaded {
            Ok(saved) => Some(saved),
            Err(CacheError::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let (service, file) = (&*self.service, self.file.display());
                tracing::warn!(service, %file, %error, "the cache is of no use");
                None
            }
        }
    }

    /// Has the set written, soon and elsewhere.
    pub(crate) fn save(&mut self, told: &Told) {
        let members: Members = told
            .iter()
            .filter(|(_, member)| member.is_called())
            .map(|(id, member)| (id.clone(), member.instance.clone()))
            .collect();
        let saver = self
            .saver
            .get_or_insert_with(|| Saver::start(self.file.clone(), self.service.clone()));
        saver.latest.send_if_modified(|latest| {
            let changed = latest.as_deref() != Some(&members);
            if changed {
                *latest = Some(Arc::new(members));
            }
            changed
        });
    }
}

impl Saver {
    fn start(file: PathBuf, service: Arc<str>) -> Self {
        let (latest, changes) = watch::channel(None);
        let task = tokio::spawn(save(file, service, changes));
        Self {
            latest,
            _task: AbortOnDropHandle::new(task),
        }
    }
}

/// Writes each change, one at a time and not too often; a failure is told once.
async fn save(
    file: PathBuf,
    service: Arc<str>,
    mut changes: watch::Receiver<Option<Arc<Members>>>,
) {
    let mut failing = false;
    while changes.changed().await.is_ok() {
        let Some(members) = changes.borrow_and_update().clone() else {
            continue;
        };
        let (path, name) = (file.clone(), service.clone());
        let saved = spawn_blocking(move || store(&path, &name, &members, SystemTime::now())).await;
        match saved {
            Ok(Ok(())) => failing = false,
            Ok(Err(error)) if !failing => {
                tracing::warn!(service = %service, file = %file.display(), %error, "the cache cannot be written");
                failing = true;
            }
            _ => {}
        }
        sleep(PAUSE).await;
    }
}

fn load(file: &Path, service: &str) -> Result<Saved, CacheError> {
    let mut text = Vec::new();
    fs::File::open(file)?
        .take(SIZE_MAX + 1)
        .read_to_end(&mut text)?;
    bounded(text.len())?;
    let document: Document = serde_json::from_slice(&text)?;
    document.check(service).map_err(CacheError::Foreign)?;
    let instances = document.instances.into_iter().map(|entry| {
        let Entry {
            id,
            host,
            port,
            weight,
        } = entry;
        (InstanceId::new(id), Instance { host, port, weight })
    });
    Ok(Saved {
        at: SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(document.saved))
            .unwrap_or(SystemTime::UNIX_EPOCH),
        instances: instances.collect(),
    })
}

impl Document {
    fn check(&self, service: &str) -> Result<(), String> {
        if self.format != FORMAT || self.version != VERSION {
            return Err(format!("{} of version {}", self.format, self.version));
        }
        if self.service != service {
            return Err(format!("instances of {}", self.service));
        }
        let callable = |entry: &Entry| entry.port > 0 && entry.weight > 0 && !entry.host.is_empty();
        match self.instances.iter().find(|entry| !callable(entry)) {
            Some(entry) => Err(format!("{} cannot be called", entry.id)),
            None => Ok(()),
        }
    }
}

/// Writes a file of its own and puts it in the place of the old one: whoever reads sees one or the other.
fn store(file: &Path, service: &str, members: &Members, now: SystemTime) -> Result<(), CacheError> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    let entries = members.iter().map(|(id, instance)| Entry {
        id: id.to_string(),
        host: instance.host.clone(),
        port: instance.port,
        weight: instance.weight,
    });
    let document = Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        service: service.to_owned(),
        saved: since.unwrap_or_default().as_secs(),
        instances: entries.collect(),
    };
    let text = serde_json::to_vec(&document)?;
    bounded(text.len())?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // Several processes may keep the same service in the same folder.
    let own = file.with_extension(format!(
        "{}-{:08x}.tmp",
        std::process::id(),
        fastrand::u32(..)
    ));
    let written = write(&own, &text).and_then(|()| fs::rename(&own, file));
    if written.is_err() {
        // It may not be there.
        let _ = fs::remove_file(&own);
    }
    Ok(written?)
}

fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(file)?;
    file.write_all(text)?;
    file.sync_all()
}

fn bounded(length: usize) -> Result<(), CacheError> {
    let length = length as u64;
    if length > SIZE_MAX {
        return Err(CacheError::TooLarge(length));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
