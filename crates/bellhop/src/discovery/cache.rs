//! The last set of a service in a file, for a start without a registry.

mod saver;

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use humantime::format_duration;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tokio::{task::spawn_blocking, time::Instant};

use self::saver::{Latest, Saver};
use super::{
    Instance, InstanceId,
    diff::{Members, Told},
};

/// What such a file says that it is.
const FORMAT: &str = "bellhop-discovery";
const VERSION: u32 = 2;
/// The largest file that is read or written, in bytes: ten thousand instances and more.
const SIZE_MAX: u64 = 4 << 20;

/// A set that goes on as it is counts as of now this often at least; oftener where files may not be as old as that.
const REFRESH: Duration = Duration::from_secs(600);
/// The part of the age that a file may have after which it is written anew.
const REFRESHES: u32 = 4;

/// The file of one service.
pub(crate) struct Cache {
    file: PathBuf,
    origin: Origin,
    /// How old a file may be that is of use; `None` for any age.
    age: Option<Duration>,
    saver: Option<Saver>,
    /// When it was handed to the saver the last time.
    saved: Option<Instant>,
}

/// Whose instances, and who says so.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) service: Arc<str>,
    /// The registry as it is configured: its address, and what part of it is asked for.
    pub(crate) registry: Arc<str>,
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
    #[error("it is of the registry {found}, not of {expected}")]
    OtherRegistry { found: String, expected: Arc<str> },
    #[error("it is {} old, {} is the most", format_duration(*.age), format_duration(*.most))]
    TooOld { age: Duration, most: Duration },
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    version: u32,
    service: String,
    #[serde(default)]
    registry: String,
    /// When the registry was last heard to say so, in seconds since 1970.
    saved: u64,
    instances: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    id: String,
    host: String,
    port: u16,
    weight: u32,
    #[serde(default)]
    signs: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<Box<str>>,
}

impl Cache {
    /// The file of a service in `folder`; neither needs to be there.
    pub(crate) fn new(folder: &Path, origin: Origin, age: Option<Duration>) -> Self {
        let name = utf8_percent_encode(&origin.service, NON_ALPHANUMERIC);
        Self {
            file: folder.join(format!("{name}.json")),
            origin,
            age,
            saver: None,
            saved: None,
        }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// What is in the file; a warning and nothing where that is of no use.
    pub(crate) async fn load(&self) -> Option<Saved> {
        let (file, origin, age) = (self.file.clone(), self.origin.clone(), self.age);
        let loaded = spawn_blocking(move || load(&file, &origin, age, SystemTime::now()));
        match loaded.await.ok()? {
            Ok(saved) => Some(saved),
            Err(CacheError::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let (service, file) = (&*self.origin.service, self.file.display());
                tracing::warn!(service, %file, %error, "the cache is of no use");
                None
            }
        }
    }

    /// Has the set written, soon and elsewhere, where it has changed or was last written a while ago. One that may not be whole takes
    /// nobody out of the file.
    pub(crate) fn save(&mut self, told: &Told, is_whole: bool) {
        let members: Members = told
            .iter()
            .filter(|(_, member)| member.is_called())
            .map(|(id, member)| (id.clone(), member.instance.clone()))
            .collect();
        let latest = Latest {
            members: Arc::new(members),
            is_whole,
        };
        let refresh = self.age.map_or(REFRESH, |age| REFRESH.min(age / REFRESHES));
        let is_due = self.saved.is_none_or(|saved| saved.elapsed() >= refresh);
        let saver = self
            .saver
            .get_or_insert_with(|| Saver::start(self.file.clone(), self.origin.clone(), self.age));
        if saver.save(latest, is_due) {
            self.saved = Some(Instant::now());
        }
    }
}

fn load(
    file: &Path,
    origin: &Origin,
    most: Option<Duration>,
    now: SystemTime,
) -> Result<Saved, CacheError> {
    let mut text = Vec::new();
    fs::File::open(file)?
        .take(SIZE_MAX + 1)
        .read_to_end(&mut text)?;
    bounded(text.len())?;
    let document: Document = serde_json::from_slice(&text)?;
    document
        .check(&origin.service)
        .map_err(CacheError::Foreign)?;
    if *document.registry != *origin.registry {
        return Err(CacheError::OtherRegistry {
            found: document.registry,
            expected: origin.registry.clone(),
        });
    }
    let at = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(document.saved))
        .unwrap_or(SystemTime::UNIX_EPOCH);
    // A clock that was put back makes it no older.
    let age = now.duration_since(at).unwrap_or_default();
    if let Some(most) = most.filter(|most| age > *most) {
        let age = Duration::from_secs(age.as_secs());
        return Err(CacheError::TooOld { age, most });
    }
    let instances = document.instances.into_iter().map(|entry| {
        let Entry {
            id,
            host,
            port,
            weight,
            signs,
            version,
        } = entry;
        let instance = Instance {
            host,
            port,
            weight,
            signs,
            version: version.map(Into::into),
        };
        (InstanceId::new(id), instance)
    });
    Ok(Saved {
        at,
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

/// Writes a set; with those whom the file has besides, unless the set is whole.
fn put(
    file: &Path,
    origin: &Origin,
    age: Option<Duration>,
    latest: &Latest,
    now: SystemTime,
) -> Result<(), CacheError> {
    let Latest { members, is_whole } = latest;
    if *is_whole {
        return store(file, origin, members, now);
    }
    // Nobody confirms those in the file: it is to grow old.
    if members.is_empty() {
        return Ok(());
    }
    let place = |instance: &Instance| (instance.host.clone(), instance.port);
    let places: BTreeSet<_> = members.values().map(place).collect();
    let mut all = match load(file, origin, age, now) {
        Ok(saved) => saved.instances,
        Err(_) => Members::new(),
    };
    all.retain(|_, instance| !places.contains(&place(instance)));
    all.extend(
        members
            .iter()
            .map(|(id, instance)| (id.clone(), instance.clone())),
    );
    store(file, origin, &all, now)
}

/// Writes a file of its own and puts it in the place of the old one: whoever reads sees one or the other.
fn store(
    file: &Path,
    origin: &Origin,
    members: &Members,
    now: SystemTime,
) -> Result<(), CacheError> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    let entries = members.iter().map(|(id, instance)| Entry {
        id: id.to_string(),
        host: instance.host.clone(),
        port: instance.port,
        weight: instance.weight,
        signs: instance.signs,
        version: instance.version.as_deref().map(Into::into),
    });
    let document = Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        service: origin.service.to_string(),
        registry: origin.registry.to_string(),
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
