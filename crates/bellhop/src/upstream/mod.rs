//! One service as a process that calls it sees it: who is there, and the connections to them.

mod cause;
mod figures;
mod follow;
mod instance;
mod report;
mod state;
mod steering;
mod widen;
mod word;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use futures_util::Stream;
use tokio::{runtime::Handle, time::Instant};
use tokio_util::task::AbortOnDropHandle;

pub use self::{
    cause::Cause,
    instance::{
        CallsReport, ConnectionReport, ErrorReport, InstanceReport, InstanceState, LatencyReport,
        StreamsReport,
    },
    report::{Report, UpstreamReport},
    steering::{SplitReport, VersionReport},
};
use self::{
    state::{State, Turn},
    steering::{News, Steering},
};
use crate::{
    balance::{Ring, Shard},
    client::{Allowance, Budget},
    context::Voice,
    discovery::{Change, Event, InstanceId, Width},
    endpoint::{self, Connector, Endpoint, Failures, Group, Standing, Vouch},
    explain::Skipped,
    limit::{Rate, Turns},
    one_line::in_one_line,
    split,
};

/// A service that is called, for a whole process: its shards have connections of their own and take turns together.
pub(crate) struct Upstream {
    service: Arc<str>,
    ring: Ring<InstanceId, Endpoint>,
    group: Arc<Group>,
    failures: Arc<Failures>,
    connector: Connector,
    voice: Voice,
    begun: Instant,
    state: Mutex<State>,
    steering: Mutex<Steering>,
    turns: OnceLock<Arc<Turns>>,
    budget: OnceLock<Arc<Budget>>,
    follower: OnceLock<AbortOnDropHandle<()>>,
    /// Where it is told of a subset: how to ask for more, and who does.
    width: Option<Width>,
    widening: Mutex<Vec<AbortOnDropHandle<()>>>,
    _ramp: AbortOnDropHandle<()>,
}

impl Upstream {
    /// Follows a service on the runtime of `control`; `width` is for where discovery tells of a subset, `words` for where traffic
    /// may be split.
    pub(crate) fn follow(
        service: Arc<str>,
        (discovery, width): (impl Stream<Item = Event> + Send + 'static, Option<Width>),
        words: Option<split::Watch>,
        connector: Connector,
        control: &Handle,
    ) -> Arc<Self> {
        let ring = Ring::new();
        let group = Group::new(service.clone(), ring.clone(), connector.settings.group);
        let voice = Voice::current();
        let ramp = voice.carry(group.clone().ramp());
        let upstream = Arc::new(Self {
            service,
            ring,
            _ramp: AbortOnDropHandle::new(control.spawn(ramp)),
            group,
            failures: Arc::default(),
            connector,
            voice,
            begun: Instant::now(),
            state: Mutex::default(),
            steering: Mutex::default(),
            turns: OnceLock::new(),
            budget: OnceLock::new(),
            follower: OnceLock::new(),
            width,
            widening: Mutex::default(),
        });
        // Not while the upstream is being made: the follower would find nobody and leave.
        let follower = follow::follow(Arc::downgrade(&upstream), discovery, words);
        let follower = control.spawn(upstream.voice.carry(follower));
        let _ = upstream.follower.set(AbortOnDropHandle::new(follower));
        upstream
    }

    /// Whether nobody follows the service any more: the runtime that did is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.follower
            .get()
            .is_some_and(AbortOnDropHandle::is_finished)
    }

    /// The service's name.
    pub(crate) fn service(&self) -> &Arc<str> {
        &self.service
    }

    /// A further shard, whose connections live on the runtime of `handle`.
    pub(crate) fn attach(self: &Arc<Self>, handle: Handle) -> Shard<InstanceId, Endpoint> {
        let shard = self.ring.shard();
        if let Some(width) = &self.width {
            let widen = widen::widen(shard.clone(), width.clone());
            let widen = AbortOnDropHandle::new(handle.spawn(self.voice.carry(widen)));
            let widening = self.widening.lock();
            widening.unwrap_or_else(PoisonError::into_inner).push(widen);
        }
        self.state()
            .attach(handle, &shard, |seat| self.supervise(seat));
        shard
    }

    /// Why nobody can be called.
    pub(crate) fn cause(&self) -> Cause {
        self.state().cause(|known| self.failures.of(known))
    }

    /// A call found nobody; why. Where calls `fail_fast` for that, this is told once.
    pub(crate) fn nobody_came(&self, fails_fast: bool) -> Cause {
        let cause = self.cause();
        if fails_fast {
            self.group.missed(cause.name(), &cause);
        }
        cause
    }

    /// Whose turn it is to call, for all shards; the first rate that is asked for holds.
    pub(crate) fn turns(&self, rate: Rate) -> Arc<Turns> {
        self.turns
            .get_or_init(|| Arc::new(Turns::new(rate)))
            .clone()
    }

    /// How many attempts beyond the first it may take, for all shards; the first allowance that is asked for holds.
    pub(crate) fn budget(&self, allowance: Allowance, now: Instant) -> Arc<Budget> {
        self.budget
            .get_or_init(|| Arc::new(Budget::new(allowance, now)))
            .clone()
    }

    /// Who is known and has no turn, and why.
    pub(crate) fn out_of_turn(&self) -> Vec<Skipped> {
        let standings = self.group.standings();
        let skipped = |id: &InstanceId, why: &str| Skipped {
            instance: id.as_str().to_owned(),
            why: why.to_owned(),
        };
        let state = self.state();
        // The others have a standing.
        let critical = state.critical().iter().filter(|id| !state.knows(id));
        let critical = critical.map(|id| skipped(id, "critical in the registry"));
        let known = standings.iter().filter_map(|standing| {
            let why = standing.out_of_turn()?;
            Some(skipped(&standing.id, why))
        });
        known.chain(critical).collect()
    }

    /// How the service stands.
    pub(crate) fn report(&self) -> Report {
        let standings = self.group.standings();
        self.state()
            .report(&standings, self.group.panic(), self.group.is_missed())
    }

    /// The same with each of its instances.
    pub(crate) fn details(&self) -> UpstreamReport {
        let (standings, panic) = (self.group.standings(), self.group.panic());
        let (report, split, seen, critical, about) = {
            let state = self.state();
            let unknown = state.critical().iter().filter(|id| !state.knows(id));
            let critical: Vec<_> = unknown.map(InstanceReport::critical).collect();
            (
                state.report(&standings, panic, self.group.is_missed()),
                self.steering().report(&state, &standings),
                state.seen(),
                critical,
                state.word().about().clone(),
            )
        };
        let (mut tallied, all) = self.group.tallied();
        let known = seen.into_iter().map(|seen| {
            let standing = Standing::of(&standings, &seen.id);
            let failure = self.failures.get(&seen.id);
            let tallied = tallied.remove(&seen.id).unwrap_or_default();
            InstanceReport {
                connect_error: failure.map(|error| in_one_line(&*error)),
                ..InstanceReport::known(seen, standing, tallied)
            }
        });
        UpstreamReport {
            service: self.service.to_string(),
            report,
            split,
            calls: instance::calls(&all),
            instances: known
                .chain(critical)
                .map(|report| report.told(&about))
                .collect(),
        }
    }

    fn apply(self: &Arc<Self>, event: Event) {
        if let Event::Subset { changes } = &event {
            self.tell_of_subset(changes);
        }
        let mut state = self.state();
        let vouches = vouches(&event);
        for gone in state.apply(event, |seat| self.supervise(seat)) {
            self.failures.clear(&gone);
            self.group.forget(&gone);
        }
        for (id, vouch) in vouches {
            self.group.set_vouch(&id, vouch);
        }
        self.log(state.turn());
    }

    fn tell_of_subset(&self, changes: &[Change]) {
        let service = &*self.service;
        let is_gone = |change: &&Change| matches!(change, Change::Remove(_));
        let gone = changes.iter().filter(is_gone).count();
        let more = changes.len() - gone;
        if more > 0 {
            tracing::warn!(
                service,
                more,
                "none of its subset can be reached, others are connected to"
            );
        } else {
            tracing::info!(service, gone, "its subset is enough again");
        }
    }

    fn log(&self, turn: Option<Turn>) {
        let service = &*self.service;
        match turn {
            // Members start in any order.
            Some(Turn::Emptied(cause @ Cause::NeverSeen { .. })) => {
                tracing::info!(service, case = cause.name(), %cause, "there is nobody to call");
            }
            Some(Turn::Emptied(cause)) => {
                tracing::warn!(service, case = cause.name(), %cause, "there is nobody to call");
            }
            Some(Turn::Filled) => tracing::info!(service, "there is somebody to call again"),
            None => {}
        }
    }

    /// Keeps one instance connected to one shard.
    fn supervise(self: &Arc<Self>, seat: state::Seat<'_>) -> AbortOnDropHandle<()> {
        let state::Seat {
            handle,
            shard,
            target,
            weight,
            vouch,
        } = seat;
        let supervisor = endpoint::supervise(
            target.clone(),
            weight,
            vouch,
            shard.clone(),
            self.group.clone(),
            self.failures.clone(),
            self.connector.clone(),
        );
        AbortOnDropHandle::new(handle.spawn(self.voice.carry(supervisor)))
    }

    fn steering(&self) -> MutexGuard<'_, Steering> {
        let steering = self.steering.lock();
        steering.unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an event says of each whom it names.
fn vouches(event: &Event) -> Vec<(InstanceId, Vouch)> {
    let (Event::Answer { changes, .. }
    | Event::Remembered { changes, .. }
    | Event::Subset { changes }) = event
    else {
        return Vec::new();
    };
    let vouch = |change: &Change| match change {
        Change::Insert(id, _) => Some((id.clone(), Vouch::Passing)),
        Change::Keep(id, _) => Some((id.clone(), Vouch::Kept)),
        Change::Spare(id, _) => Some((id.clone(), Vouch::Critical)),
        Change::Unproven(id, _) => Some((id.clone(), Vouch::Unproven)),
        Change::Remove(_) => None,
    };
    changes.iter().filter_map(vouch).collect()
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("service", &self.service)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}
