//! Buckets by key, a bounded number of them.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use governor::{
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};

/// Buckets by key. Where it is full, keys that are not known yet share one further bucket.
#[derive(Debug)]
pub(super) struct Bounded<K> {
    capacity: usize,
    buckets: Mutex<Buckets<K>>,
    full: Full,
}

/// Whether a key that is not known yet would get no bucket of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Full(Arc<AtomicBool>);

/// Of each bucket, when it is as good as new: the "theoretical arrival time" of the algorithm.
#[derive(Debug)]
struct Buckets<K> {
    own: HashMap<K, Nanos>,
    shared: Option<Nanos>,
}

impl<K> Bounded<K> {
    pub(super) fn new(capacity: usize) -> Self {
        let buckets = Buckets {
            own: HashMap::new(),
            shared: None,
        };
        Self {
            capacity,
            buckets: Mutex::new(buckets),
            full: Full::default(),
        }
    }

    pub(super) fn full(&self) -> Full {
        self.full.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Buckets<K>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Full {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, full: bool) {
        self.0.store(full, Ordering::Relaxed);
    }
}

impl<K: Clone + Eq + Hash> StateStore for Bounded<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut buckets = self.lock();
        if let Some(bucket) = buckets.own.get_mut(key) {
            let (outcome, next) = measure(Some(*bucket))?;
            *bucket = next;
            return Ok(outcome);
        }
        if buckets.own.len() >= self.capacity {
            let (outcome, next) = measure(buckets.shared)?;
            buckets.shared = Some(next);
            return Ok(outcome);
        }
        let (outcome, next) = measure(None)?;
        buckets.own.insert(key.clone(), next);
        if buckets.own.len() >= self.capacity {
            self.full.set(true);
        }
        Ok(outcome)
    }
}

impl<K: Clone + Eq + Hash> ShrinkableKeyedStateStore<K> for Bounded<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut buckets = self.lock();
        buckets.own.retain(|_, bucket| *bucket >= drop_below);
        self.full.set(buckets.own.len() >= self.capacity);
    }

    fn len(&self) -> usize {
        self.lock().own.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
