//! How the traffic of a service is split, as far as this process knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;

use super::state::State;
use crate::{
    endpoint::Standing,
    split::{Split, Trouble, Word},
};

/// What is known of a split.
#[derive(Debug, Default)]
pub(super) struct Steering {
    split: Option<Split>,
    /// Why it may be another one.
    trouble: Option<Arc<Trouble>>,
    /// The versions that have left their shares to others, as it was last told.
    idle: BTreeSet<Arc<str>>,
}

/// What is worth a line in the log.
#[derive(Debug)]
pub(super) enum News {
    /// It is another one.
    Changed(Split),
    /// There is none any more.
    Ended,
    /// What the registry has is none; what was known stays.
    Refused(Arc<Trouble>),
    /// The registry has forgotten it; what was known stays.
    Lost(Arc<Trouble>),
    /// The registry does not tell; what was known stays.
    Silent(Arc<Trouble>),
    /// It tells again.
    Heard,
}

/// A version of a service that is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VersionReport {
    /// Its name.
    pub version: String,
    /// Its share of the calls, beside those of the others; 0 where it has none.
    pub share: u32,
    /// How many instances of it may be called.
    pub instances: usize,
    /// Whether one of them can serve; where none can, the others have its share.
    pub serving: bool,
}

/// How the traffic of a service is split by version, as this process sees it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SplitReport {
    /// Those that the split names, and others that there are.
    pub versions: Vec<VersionReport>,
    /// The header that calls go by where they carry it.
    pub sticky: Option<String>,
    /// Why the registry's word is not followed, where it is not: what was known stays.
    pub error: Option<String>,
}

impl Steering {
    /// Takes over a word; what the log has of it.
    pub(super) fn hear(&mut self, word: Word) -> Option<News> {
        match word {
            Word::Is(split) => self.is(split),
            Word::Unknown(trouble) => {
                let news = self.cannot(&trouble);
                self.trouble = Some(trouble);
                news
            }
        }
    }

    fn is(&mut self, split: Option<Split>) -> Option<News> {
        let trouble = self.trouble.take();
        let before = std::mem::replace(&mut self.split, split);
        match &self.split {
            Some(split) if before.as_ref() != Some(split) => Some(News::Changed(split.clone())),
            None if before.is_some() => Some(News::Ended),
            _ => trouble.map(|_| News::Heard),
        }
    }

    /// A registry that goes on saying nothing is told of once, a text that is none once for each.
    fn cannot(&self, trouble: &Arc<Trouble>) -> Option<News> {
        match (&**trouble, self.trouble.as_deref()) {
            (Trouble::Invalid { .. }, _) => Some(News::Refused(trouble.clone())),
            (Trouble::Lost { .. }, _) => Some(News::Lost(trouble.clone())),
            (Trouble::Registry(_), Some(Trouble::Registry(_))) => None,
            (Trouble::Registry(_), _) => Some(News::Silent(trouble.clone())),
        }
    }

    pub(super) fn split(&self) -> Option<&Split> {
        self.split.as_ref()
    }

    /// Whether the traffic is split.
    pub(super) fn is_split(&self) -> bool {
        self.split.is_some()
    }

    /// The versions that have left their shares to others since the last time, and those that have them again. While nobody
    /// can serve nobody has another's share.
    pub(super) fn idle(
        &mut self,
        versions: &[VersionReport],
    ) -> (BTreeSet<Arc<str>>, BTreeSet<Arc<str>>) {
        if !versions.iter().any(|version| version.serving) {
            return Default::default();
        }
        let idle = versions.iter().filter(|version| version.is_idle());
        let idle: BTreeSet<Arc<str>> = idle.map(|version| (*version.version).into()).collect();
        let left = &idle - &self.idle;
        let back = &self.idle - &idle;
        // One that has no share any more is not back.
        let back = back.into_iter().filter(|gone| {
            let mut all = versions.iter();
            all.any(|one| *one.version == **gone && one.share > 0)
        });
        let back = back.collect();
        self.idle = idle;
        (left, back)
    }

    /// Each version that has a share or somebody who may be called.
    pub(super) fn versions(&self, state: &State, standings: &[Standing]) -> Vec<VersionReport> {
        let shares = self.split.iter().flat_map(Split::shares);
        let named =
            shares.map(|(version, share)| (version.clone(), VersionReport::new(version, share)));
        let mut versions: BTreeMap<_, _> = named.collect();
        let able = standings
            .iter()
            .filter(|standing| standing.out_of_turn().is_none());
        let able: BTreeSet<_> = able.map(|standing| &standing.id).collect();
        for (id, version) in state.versions() {
            let report = versions
                .entry(version.clone())
                .or_insert_with(|| VersionReport::new(version, 0));
            report.instances += 1;
            report.serving |= able.contains(id);
        }
        versions.into_values().collect()
    }

    /// `None` where there is no split, and no word of one that could not be read.
    pub(super) fn report(&self, state: &State, standings: &[Standing]) -> Option<SplitReport> {
        if self.split.is_none() && self.trouble.is_none() {
            return None;
        }
        Some(SplitReport {
            versions: self.versions(state, standings),
            sticky: self
                .split
                .as_ref()
                .and_then(Split::sticky)
                .map(ToString::to_string),
            error: self.trouble.as_ref().map(ToString::to_string),
        })
    }
}

impl VersionReport {
    fn new(version: &str, share: u32) -> Self {
        Self {
            version: version.to_owned(),
            share,
            instances: 0,
            serving: false,
        }
    }

    fn is_idle(&self) -> bool {
        self.share > 0 && !self.serving
    }
}

#[cfg(test)]
mod tests;
