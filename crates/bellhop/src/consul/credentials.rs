//! What calls are sent with. What of it is in files is read again: whoever hands out secrets changes the files in place.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use http::HeaderValue;
use tokio::{
    sync::{Mutex, MutexGuard},
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep, timeout},
};

use super::{
    config::Config,
    tls::{Tls, TlsFiles},
    transport::{HttpClient, client},
};

/// How often files are looked at, by calls and by whoever waits for a change.
const LOOK: Duration = Duration::from_secs(2);
/// How long a call waits for files, which may be on a disk that does not answer.
const READ: Duration = Duration::from_secs(1);
/// The most of a file that is read, in bytes: all authorities of a system and more.
const SIZE_MAX: u64 = 4 << 20;

/// What a call is sent with.
pub(crate) struct Held {
    pub(crate) token: Option<HeaderValue>,
    pub(crate) client: HttpClient,
    /// How many tokens there were before this one.
    pub(crate) turn: u64,
}

/// The token and the client, as the files had them when they were of use the last time.
pub(crate) struct Credentials {
    held: ArcSwap<Held>,
    /// `None` where nothing is in a file.
    look: Option<Mutex<Look>>,
}

/// What was found in files, and when.
struct Look {
    config: Arc<Config>,
    due: Instant,
    seen: Option<Arc<Contents>>,
    /// One that has not come to its end in time; there is never a second.
    reading: Option<JoinHandle<Found>>,
}

/// What files hold, or why they do not tell.
#[derive(Debug, PartialEq, Eq)]
struct Contents {
    token: Option<Result<Vec<u8>, String>>,
    tls: Vec<Result<Vec<u8>, String>>,
}

/// What is new in files.
struct Found {
    contents: Arc<Contents>,
    token: Option<Result<HeaderValue, String>>,
    tls: Option<Result<Tls, String>>,
}

impl Credentials {
    pub(crate) fn new(config: &Config) -> Self {
        let in_files = config.token_file.is_some() || !paths(config).is_empty();
        let look = in_files.then(|| Look {
            config: Arc::new(config.clone()),
            due: Instant::now(),
            seen: None,
            reading: None,
        });
        Self {
            held: ArcSwap::from_pointee(Held {
                token: config.token.clone(),
                client: client(config),
                turn: 0,
            }),
            look: look.map(Mutex::new),
        }
    }

    /// As of now, or of a moment ago.
    pub(crate) async fn held(&self) -> Arc<Held> {
        // Who comes while another one looks takes what there is.
        if let Some(look) = self.look.as_ref().and_then(|look| look.try_lock().ok())
            && look.due <= Instant::now()
        {
            self.look(look).await;
        }
        self.held.load_full()
    }

    /// Others than those that were refused, where there are any by now.
    pub(crate) async fn instead_of(&self, refused: &Held) -> Option<Arc<Held>> {
        if self.held.load().turn == refused.turn {
            self.look(self.look.as_ref()?.lock().await).await;
        }
        let held = self.held.load_full();
        (held.turn != refused.turn).then_some(held)
    }

    /// Waits until the token is another one; for ever where it is in no file.
    pub(crate) async fn token_after(&self, turn: u64) {
        if self.look.is_none() {
            return std::future::pending().await;
        }
        while self.held().await.turn == turn {
            sleep(LOOK).await;
        }
    }

    /// Reads the files; what is of no use leaves what was there.
    async fn look(&self, mut look: MutexGuard<'_, Look>) {
        let look = &mut *look;
        let (config, seen) = (look.config.clone(), look.seen.clone());
        // Left where it is while it is waited for: who waits may be dropped.
        let reading = look.reading.get_or_insert_with(|| {
            let config = config.clone();
            spawn_blocking(move || find(&config, seen.as_deref()))
        });
        let found = timeout(READ, reading).await;
        look.due = Instant::now() + LOOK;
        let Ok(found) = found else {
            return;
        };
        look.reading = None;
        match found {
            Ok(found) => self.take(&config, found, &mut look.seen),
            Err(error) => tracing::warn!(target: TARGET, %error, "cannot look at files"),
        }
    }

    fn take(&self, config: &Config, found: Found, seen: &mut Option<Arc<Contents>>) {
        let first = seen.replace(found.contents).is_none();
        let held = self.held.load();
        let mut next = Held {
            token: held.token.clone(),
            client: held.client.clone(),
            turn: held.turn,
        };
        match found.token {
            Some(Ok(token)) if next.token.as_ref() != Some(&token) => {
                tracing::info!(target: TARGET, file = ?config.token_file, "the token of Consul has changed");
                next.token = Some(token);
                next.turn += 1;
            }
            Some(Err(why)) => {
                tracing::warn!(target: TARGET, file = ?config.token_file, why, "no token, the one before stays");
            }
            _ => {}
        }
        match found.tls {
            Some(Ok(tls)) => {
                if !first {
                    tracing::info!(target: TARGET, files = ?paths(config), "certificates for Consul have changed");
                }
                let config = config.clone().tls(tls);
                // Calls that are under way keep the old one and its connections to their end.
                next.client = client(&config);
            }
            Some(Err(why)) => {
                tracing::warn!(target: TARGET, why, "certificates of no use, those before stay");
            }
            None => {}
        }
        self.held.store(Arc::new(next));
    }
}

/// Of log lines about tokens and certificates.
pub(crate) const TARGET: &str = "bellhop::credentials";

/// The files of TLS.
fn paths(config: &Config) -> Vec<&Path> {
    let files = config.tls.as_ref().map(|tls| &tls.files);
    let named = files.map(|TlsFiles { ca, cert, key, .. }| [ca, cert, key]);
    let named = named.into_iter().flatten();
    named.filter_map(|path| path.as_deref()).collect()
}

fn find(config: &Config, seen: Option<&Contents>) -> Found {
    let token = config.token_file.as_deref().map(read);
    let tls: Vec<_> = paths(config).into_iter().map(read).collect();
    let new_token = token
        .clone()
        .filter(|token| seen.is_none_or(|seen| seen.token.as_ref() != Some(token)))
        .map(|token| header(&String::from_utf8_lossy(&token?)));
    let new_tls = config
        .tls
        .as_ref()
        .filter(|_| !tls.is_empty() && seen.is_none_or(|seen| seen.tls != tls))
        .map(|tls| Tls::load(&tls.files).map_err(|error| error.to_string()));
    Found {
        contents: Arc::new(Contents { token, tls }),
        token: new_token,
        tls: new_tls,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = read_bounded(path).map_err(|error| format!("a file that can be read ({error})"))?;
    match bytes.len() as u64 > SIZE_MAX {
        true => Err(format!("a file of {SIZE_MAX} bytes at most")),
        false => Ok(bytes),
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(SIZE_MAX + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The token in a file, or what is expected of it.
pub(super) fn token_in(path: &Path) -> Result<HeaderValue, String> {
    header(&String::from_utf8_lossy(&read(path)?))
}

fn header(text: &str) -> Result<HeaderValue, String> {
    if text.trim().is_empty() {
        return Err("a file that holds a token (it is empty)".to_owned());
    }
    let header = HeaderValue::from_str(text.trim());
    let mut header =
        header.map_err(|_| "a file that holds a text that fits into a header".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests;
