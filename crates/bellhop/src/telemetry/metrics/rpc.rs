//! gRPC calls of one runtime, from either side.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use opentelemetry::trace::{SpanContext, SpanKind};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, RPC_METHOD, RPC_RESPONSE_STATUS_CODE, RPC_SYSTEM_NAME, SERVER_ADDRESS,
};
use tokio::time::Instant;
use tonic::Code;

use super::{
    Source,
    catalogue::{CLIENT_ACTIVE, CLIENT_CALLS, SERVER_CALLS},
    histogram::Histogram,
    refusals::{Limiter, Refusals},
    snapshot::{Attributes, Snapshot, overflow},
    table::{Table, hash},
};
use crate::telemetry::status::{code_name, is_error};

/// Methods that are told apart. A program calls and serves a few dozen; more would be somebody else's choice.
const METHODS: usize = 128;
/// A name that is longer is none.
const MAX_PATH: usize = 256;
const CODES: usize = 17;
const OTHER: &str = "_OTHER";

/// Counts the gRPC calls of one runtime: those to one service, or those that a server answers.
///
/// What is written for each call is not shared between runtimes. Series are found once for each call, without a lock; they
/// are made by the first call that needs them.
#[derive(Debug)]
pub(crate) struct Calls {
    side: Side,
    methods: Table<Box<str>, ByCode>,
    /// Methods that nobody knows here.
    other: ByCode,
    /// Methods that are too many.
    overflow: ByCode,
    active: AtomicI64,
    refusals: Refusals,
}

#[derive(Debug)]
enum Side {
    /// Of calls to this service.
    Client(Arc<str>),
    /// Of calls to any of these.
    Server(BTreeSet<&'static str>),
}

/// A histogram for each way to end.
#[derive(Debug, Default)]
struct ByCode([OnceLock<Box<Histogram>>; CODES]);

/// A call that is under way.
#[derive(Debug)]
pub(crate) struct Timing {
    calls: Arc<Calls>,
    method: Method,
    begun: Instant,
}

#[derive(Debug)]
enum Method {
    Known(usize),
    /// Of a service that is served here, which has not answered it yet.
    New(Box<str>),
    Other,
    TooMany,
}

impl Calls {
    /// Calls to a service.
    pub(super) fn to(service: Arc<str>) -> Self {
        Self::new(Side::Client(service))
    }

    /// Calls to one of the services of a server.
    pub(super) fn at(services: impl IntoIterator<Item = &'static str>) -> Self {
        Self::new(Side::Server(services.into_iter().collect()))
    }

    fn new(side: Side) -> Self {
        Self {
            side,
            methods: Table::new(METHODS),
            other: ByCode::default(),
            overflow: ByCode::default(),
            active: AtomicI64::new(0),
            refusals: Refusals::default(),
        }
    }

    /// A call begins; `path` is as in `/geo.Geo/Nearby`.
    pub(crate) fn begin(self: &Arc<Self>, path: &str) -> Timing {
        self.begun(path, Instant::now())
    }

    /// The same, of one that began then.
    pub(crate) fn begun(self: &Arc<Self>, path: &str, begun: Instant) -> Timing {
        if self.is_client() {
            self.active.fetch_add(1, Relaxed);
        }
        let name = path.strip_prefix('/').unwrap_or(path);
        Timing {
            calls: self.clone(),
            method: self.method(name),
            begun,
        }
    }

    fn method(&self, name: &str) -> Method {
        if let Some(place) = self
            .methods
            .find(hash(name.as_bytes()), |known| **known == *name)
        {
            return Method::Known(place);
        }
        if name.len() > MAX_PATH {
            return Method::Other;
        }
        match &self.side {
            Side::Client(_) => self.learn(name),
            // Anybody can invent methods: one is known here once it was answered.
            Side::Server(services) => match name.split_once('/') {
                Some((service, _)) if services.contains(service) => Method::New(name.into()),
                _ => Method::Other,
            },
        }
    }

    fn learn(&self, name: &str) -> Method {
        let hash = hash(name.as_bytes());
        let place = self
            .methods
            .insert(hash, |known| **known == *name, || name.into());
        place.map_or(Method::TooMany, Method::Known)
    }

    fn is_client(&self) -> bool {
        matches!(self.side, Side::Client(_))
    }

    fn attributes(&self, method: &str, code: Code) -> Attributes {
        let (client, kind) = match &self.side {
            Side::Client(service) => (Some(service), SpanKind::Client),
            Side::Server(_) => (None, SpanKind::Server),
        };
        let name = code_name(code);
        let mut attributes: Attributes = vec![
            (RPC_SYSTEM_NAME, "grpc".into()),
            (RPC_METHOD, Cow::Owned(method.to_owned())),
            (RPC_RESPONSE_STATUS_CODE, name.into()),
        ];
        if is_error(code, &kind) {
            attributes.push((ERROR_TYPE, name.into()));
        }
        attributes.extend(client.map(|service| (SERVER_ADDRESS, service.to_string().into())));
        attributes
    }
}

impl Timing {
    /// The method was there: it counts under its name from now on.
    pub(crate) fn handled(&mut self) {
        if let Method::New(name) = &self.method {
            self.method = self.calls.learn(name);
        }
    }

    /// It was one too many.
    pub(crate) fn refused(&self, limiter: Limiter) {
        self.calls.refusals.count(limiter);
    }

    /// The call is over; `span` is what was recorded of it.
    pub(crate) fn end(self, code: Code, span: Option<&SpanContext>) {
        let calls = &*self.calls;
        let by_code = match self.method {
            Method::Known(place) => calls.methods.at(place),
            Method::New(_) | Method::Other => Some(&calls.other),
            Method::TooMany => Some(&calls.overflow),
        };
        if let Some(by_code) = by_code {
            let histogram = by_code.0[code as usize].get_or_init(Box::default);
            histogram.record(self.begun.elapsed(), span);
        }
    }
}

impl Drop for Timing {
    fn drop(&mut self) {
        if self.calls.is_client() {
            self.calls.active.fetch_sub(1, Relaxed);
        }
    }
}

impl ByCode {
    fn each(&self) -> impl Iterator<Item = (Code, &Histogram)> {
        let each = (0..).map(Code::from_i32).zip(&self.0);
        each.filter_map(|(code, histogram)| Some((code, &**histogram.get()?)))
    }
}

impl Source for Calls {
    fn collect(&self, into: &mut Snapshot) {
        let metric = match &self.side {
            Side::Client(service) => {
                let attributes: Attributes = vec![(SERVER_ADDRESS, service.to_string().into())];
                let active = self.active.load(Relaxed);
                into.number(&CLIENT_ACTIVE, attributes, active as f64);
                self.refusals.collect(&[Limiter::Upstream], into);
                &CLIENT_CALLS
            }
            Side::Server(_) => {
                self.refusals
                    .collect(&[Limiter::Shed, Limiter::Caller], into);
                &SERVER_CALLS
            }
        };
        let known = self
            .methods
            .iter()
            .map(|(name, by_code)| (&**name, by_code));
        for (name, by_code) in known.chain([(OTHER, &self.other)]) {
            for (code, histogram) in by_code.each() {
                into.histogram(metric, || self.attributes(name, code), histogram);
            }
        }
        for (_, histogram) in self.overflow.each() {
            into.histogram(metric, overflow, histogram);
        }
    }
}

#[cfg(test)]
mod tests;
