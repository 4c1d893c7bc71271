//! The connections that are open, for whoever looks inside.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The connections to a member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sockets(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    /// That of the next connection.
    number: u64,
    by_number: BTreeMap<u64, Ends>,
}

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: SocketAddr,
}

/// A connection, until this is dropped.
#[derive(Debug)]
pub(super) struct Entry {
    sockets: Sockets,
    number: u64,
}

impl Sockets {
    pub(super) fn open(&self, ends: Ends) -> Entry {
        let mut open = self.lock();
        open.number += 1;
        let number = open.number;
        open.by_number.insert(number, ends);
        Entry {
            sockets: self.clone(),
            number,
        }
    }

    /// All, in the order in which they came.
    pub(crate) fn all(&self) -> Vec<(u64, Ends)> {
        let open = self.lock();
        let all = open.by_number.iter();
        all.map(|(number, ends)| (*number, *ends)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.sockets.lock().by_number.remove(&self.number);
    }
}
