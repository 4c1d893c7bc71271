//! Traces that are kept in memory, each joined from what the members keep of it.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{Overview, fetch};
use crate::{
    admin,
    consul::Query,
    mesh::Mesh,
    telemetry::{KeptSpan, KeptTrace, trace_id},
};

/// So many may be put together at a time.
pub(super) const JOINED_MAX: usize = 4;
/// For one: what has not come by then is missing.
const PATIENCE: Duration = Duration::from_secs(3);
/// Further members are not asked.
const MEMBERS_MAX: usize = 256;
/// As many as were asked for; members keep some more.
const LISTED_MAX: usize = 200;

/// Why there is no such trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoTrace {
    /// It is no id of a trace.
    #[error("a trace is named by 32 hex digits")]
    BadId,
    /// Nobody has anything of it.
    #[error("no such trace is kept, or it is too old")]
    Unknown,
    /// Others are being put together.
    #[error("{JOINED_MAX} traces are being put together already")]
    TooMany,
}

#[derive(Serialize)]
struct List {
    /// Whether traces are kept at all; they are not where they go to a collector.
    kept: bool,
    traces: Vec<KeptTrace>,
}

#[derive(Serialize)]
struct Joined<'t> {
    trace: &'t str,
    spans: Vec<KeptSpan>,
    /// Whose spans are not seen from here, and why.
    unseen: BTreeMap<String, String>,
}

impl Overview {
    /// Keeps traces of requests for these paths in memory, where no collector is told of them: some in each second, more while
    /// somebody watches.
    #[must_use]
    pub fn with_traces_of(self, begins: fn(&str) -> bool) -> Self {
        if let Some(kept) = self.shared.mesh.kept() {
            kept.begin_with(begins);
        }
        self
    }

    /// The last requests whose traces are kept, latest first, as JSON.
    #[must_use]
    pub fn traces(&self) -> Bytes {
        let kept = self.shared.mesh.kept();
        let mut traces = kept.map(|kept| kept.traces()).unwrap_or_default();
        traces.truncate(LISTED_MAX);
        json(&List {
            kept: kept.is_some(),
            traces,
        })
    }

    /// All spans of a trace that any member of the mesh keeps, as JSON. Each is asked by itself and within a bound.
    ///
    /// # Errors
    /// Where there is no such trace, or too many are asked for at a time.
    pub async fn trace(&self, id: &str) -> Result<Bytes, NoTrace> {
        let trace = trace_id(id).ok_or(NoTrace::BadId)?;
        let shared = &*self.shared;
        let _joining = shared.joining.try_acquire().map_err(|_| NoTrace::TooMany)?;
        let until = Instant::now() + PATIENCE;
        let (mesh, own) = (&shared.mesh, shared.mesh.life().place);
        let own = own.map(|place| place.id).unwrap_or_default();
        let mut members = members(mesh, &shared.services, until).await;
        members.remove(&own);

        let kept = mesh
            .kept()
            .map(|kept| kept.spans(trace, mesh.service(), &own));
        let mut spans = kept.unwrap_or_default();
        let (others, unseen) = ask(members, id, until).await;
        spans.extend(others);
        if spans.is_empty() {
            return Err(NoTrace::Unknown);
        }
        spans.sort_by_key(|span| span.start_us);
        Ok(json(&Joined {
            trace: id,
            spans,
            unseen,
        }))
    }
}

/// The members of these services whom the registry lists, with their admin endpoints. Those of a service that it does not tell of
/// in time are left out: their spans are missing, and nothing else.
pub(super) async fn members(
    mesh: &Mesh,
    services: &[String],
    until: Instant,
) -> BTreeMap<String, Option<String>> {
    let mut asking = JoinSet::new();
    for service in services {
        let (consul, service) = (mesh.consul().clone(), service.clone());
        asking.spawn(async move { consul.health_service(&service, Query::default()).await });
    }
    let mut members = BTreeMap::new();
    while let Ok(Some(answer)) = timeout_at(until, asking.join_next()).await {
        let listed = answer.ok().and_then(Result::ok);
        for health in listed.into_iter().flat_map(|listed| listed.value) {
            let admin = health.service.meta.get(admin::META).cloned();
            members.insert(health.service.id, admin);
        }
    }
    while members.len() > MEMBERS_MAX {
        members.pop_last();
    }
    members
}

/// What they keep of a trace, and who does not say.
async fn ask(
    members: BTreeMap<String, Option<String>>,
    trace: &str,
    until: Instant,
) -> (Vec<KeptSpan>, BTreeMap<String, String>) {
    let mut unseen: BTreeMap<String, String> = BTreeMap::new();
    let mut asking = JoinSet::new();
    for (id, admin) in members {
        let why = match &admin {
            Some(_) => "it did not answer in time",
            None => "the registry says of no admin endpoint",
        };
        unseen.insert(id.clone(), why.to_owned());
        let Some(admin) = admin else { continue };
        let trace = trace.to_owned();
        asking.spawn(async move {
            let told = fetch::spans(&id, &admin, &trace).await;
            (id, told)
        });
    }
    let mut spans = Vec::new();
    while let Ok(Some(told)) = timeout_at(until, asking.join_next()).await {
        let Ok((id, told)) = told else { continue };
        match told {
            Ok(told) => {
                spans.extend(told);
                unseen.remove(&id);
            }
            Err(why) => {
                unseen.insert(id, why.to_string());
            }
        }
    }
    (spans, unseen)
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
