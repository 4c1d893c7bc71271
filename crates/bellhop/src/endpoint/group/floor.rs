//! Whether enough take turns: the floor kept over the members of a group, and told of where it changes.

use tracing::{info, warn};

use super::{Entry, Group, Members};
use crate::{
    breaker::{Breaker, Candidate, Decision, decide, floor, last_resort},
    endpoint::Vouch,
};

/// That there would be too few, were all that is said of instances believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Panic {
    /// Some take turns although their breakers are open.
    pub(crate) breakers: bool,
    /// The critical take turns.
    pub(crate) health: bool,
}

impl Group {
    /// Whether so many are in trouble, or critical, that some of them stay in turn.
    pub(crate) fn panic(&self) -> Panic {
        self.lock().panic
    }

    /// Has enough of the connected in turn.
    pub(super) fn keep_floor(&self, members: &mut Members) {
        members.last_resort = members.has_nobody_else();
        let candidates: Vec<_> = members.counted().map(Entry::candidate).collect();
        let Decision { spares, exempt } = decide(&candidates);
        for (entry, &exempt) in members.counted().zip(&exempt) {
            if let Some(breaker) = &entry.member.breaker {
                breaker.set_exempt(exempt);
            }
        }
        let last_resort = members.last_resort;
        for entry in members.by_id.values_mut() {
            let turn = match entry.vouch {
                Vouch::Passing | Vouch::Kept => true,
                Vouch::Critical => spares,
                Vouch::Unproven => last_resort,
            };
            if std::mem::replace(&mut entry.turn, turn) != turn {
                entry.member.take_turns(turn);
            }
        }
        let panic = Panic {
            breakers: exempt.contains(&true),
            health: spares,
        };
        let before = std::mem::replace(&mut members.panic, panic);
        if panic.breakers != before.breakers {
            self.voice
                .say(|| self.tell_of_breakers(panic.breakers, &candidates));
        }
        if panic.health != before.health {
            self.voice
                .say(|| self.tell_of_health(panic.health, &candidates));
        }
    }

    fn tell_of_breakers(&self, panic: bool, candidates: &[Candidate]) {
        let service = &*self.service;
        let connected = candidates.len();
        let is_troubled = |candidate: &&Candidate| candidate.trouble.is_some();
        let troubled = candidates.iter().filter(is_troubled).count();
        if panic {
            let kept = floor(connected);
            warn!(
                service,
                connected, troubled, kept, "too many are in trouble, the least bad stay in turn"
            );
        } else {
            info!(service, connected, troubled, "enough are well again");
        }
    }

    fn tell_of_health(&self, panic: bool, candidates: &[Candidate]) {
        let service = &*self.service;
        let connected = candidates.len();
        let critical = candidates.iter().filter(|candidate| candidate.spare);
        let critical = critical.count();
        if panic {
            warn!(
                service,
                connected,
                critical,
                "panic: fewer than half of those connected pass and work, the critical ones take turns too"
            );
        } else {
            info!(
                service,
                connected, critical, "enough of those connected pass and work again"
            );
        }
    }
}

impl Entry {
    fn candidate(&self) -> Candidate {
        Candidate {
            spare: self.vouch.is_critical(),
            trouble: self.member.breaker.as_deref().and_then(Breaker::trouble),
        }
    }
}

impl Members {
    /// Those connected, less those who never passed, where there are others.
    fn counted(&self) -> impl Iterator<Item = &Entry> {
        let connected = self.by_id.values().filter(|entry| entry.connections > 0);
        connected.filter(|entry| self.last_resort || entry.vouch != Vouch::Unproven)
    }

    /// Whether only those who never passed can take turns.
    fn has_nobody_else(&self) -> bool {
        let (mut unproven, mut others, mut awaited) = (0, 0, false);
        for entry in self.by_id.values() {
            let is_connected = usize::from(entry.connections > 0);
            if entry.vouch == Vouch::Unproven {
                unproven += is_connected;
            } else {
                others += is_connected;
                awaited |= entry.awaited;
            }
        }
        last_resort(unproven, others, awaited, self.last_resort)
    }
}
