//! A process's membership: who it is, what it serves, whom it calls.

mod error;
mod figures;
mod health;
mod life;
mod report;
mod served;
mod serving;
mod settings;
mod signal;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use http::HeaderValue;
use tokio::runtime::{self, Handle};
use tokio_util::sync::CancellationToken;

pub(crate) use self::served::Served;
pub use self::{
    error::Error,
    life::Phase,
    report::{MemberReport, RegistrationReport, ServedReport},
    serving::Serving,
    signal::StopSignals,
};
use self::{
    life::{Diary, Life},
    settings::Settings,
};
use crate::{
    admin::LogFilter,
    client::{self, Channel},
    config::{ConfigError, Environment, File, Known, Overlay, Reader, Setting, Source},
    consul::Consul,
    context::{Voice, Who},
    discovery::{self, Caller, narrowed, warn_if_few},
    endpoint::Connector,
    neighbours::Neighbours,
    server::Faults,
    split,
    telemetry::{Identity, Kept, Losses, Metrics, StartError, Telemetry},
    upstream::Upstream,
};

/// A member of the mesh.
///
/// A service is a member by building one, handing it what it serves, and running until it is told to stop; a client by
/// building one and calling through its [channels](Mesh::channel). It is cheap to clone.
#[derive(Clone)]
pub struct Mesh {
    member: Arc<Member>,
}

struct Member {
    /// As it stands in the registry.
    service: Arc<str>,
    settings: Settings,
    /// What was asked for to make them.
    told: Vec<Setting>,
    consul: Consul,
    /// As log lines name it.
    who: OnceLock<Arc<Who>>,
    telemetry: OnceLock<Telemetry>,
    metrics: Metrics,
    /// Spans, where no collector is told of them.
    kept: Option<Arc<Kept>>,
    /// Where the work of the mesh itself runs, away from calls where there is such a place.
    control: OnceLock<Handle>,
    called: Mutex<Called>,
    diary: Diary,
    /// Then no setting is for calls to others.
    says_whom_it_calls: bool,
    log_filter: OnceLock<LogFilter>,
    /// Those that are asked for, once there are services that follow them.
    faults: OnceLock<Faults>,
    /// Somebody has asked for its end.
    unwanted: CancellationToken,
    neighbours: OnceLock<Neighbours>,
}

/// Whom a member calls.
#[derive(Default)]
struct Called {
    upstreams: HashMap<Arc<str>, Arc<Upstream>>,
    channels: HashMap<(Arc<str>, runtime::Id), Channel>,
}

impl Mesh {
    /// A member with settings from the environment.
    ///
    /// # Errors
    /// Names every bad setting.
    pub fn from_env(service: &str) -> Result<Self, Error> {
        Self::from_source(service, &Environment)
    }

    /// A member with settings from a source, such as a map in a test.
    ///
    /// # Errors
    /// Names every bad setting.
    pub fn from_source(service: &str, source: &dyn Source) -> Result<Self, Error> {
        Self::knowing(service, source, Known::default())
    }

    /// The same, where the program says which settings there may be besides those of the mesh, and for calls to whom.
    ///
    /// ```no_run
    /// use bellhop::{Mesh, config::{Environment, Known}};
    ///
    /// let known = Known::default().setting("BELLHOP_GREETING").called("names");
    /// let mesh = Mesh::knowing("greeter", &Environment, known)?;
    /// # Ok::<_, bellhop::Error>(())
    /// ```
    ///
    /// # Errors
    /// Names every bad setting.
    pub fn knowing(service: &str, source: &dyn Source, known: Known) -> Result<Self, Error> {
        let says_whom_it_calls = known.services().is_some();
        let (settings, told) = read(service, source, known)?;
        let service = format!("{}{service}", settings.prefix).into();
        let consul = Consul::new(settings.consul.clone());
        let member = Member {
            service,
            metrics: settings.telemetry.metrics(),
            faults: OnceLock::new(),
            unwanted: CancellationToken::new(),
            kept: settings.telemetry.kept(),
            settings,
            told,
            consul,
            who: OnceLock::new(),
            telemetry: OnceLock::new(),
            control: OnceLock::new(),
            called: Mutex::default(),
            diary: Diary::default(),
            says_whom_it_calls,
            log_filter: OnceLock::new(),
            neighbours: OnceLock::new(),
        };
        Ok(Self {
            member: Arc::new(member),
        })
    }

    /// The service's name, as it stands in the registry.
    pub fn service(&self) -> &str {
        &self.member.service
    }

    /// How a service is named in the registry.
    pub(crate) fn named(&self, service: &str) -> String {
        format!("{}{service}", self.member.settings.prefix)
    }

    /// The registry.
    pub fn consul(&self) -> &Consul {
        &self.member.consul
    }

    /// What is counted and measured of this member; all of it has nothing in it where `BELLHOP_METRICS` is `off`.
    pub fn metrics(&self) -> &Metrics {
        &self.member.metrics
    }

    /// How callers reach a service: found in the registry, taking turns over all its instances.
    ///
    /// The channel's connections belong to the runtime that this is called on. Channels to the same service from the same
    /// runtime share them.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn channel(&self, service: &str) -> Channel {
        self.voice().run(|| self.channel_to(service))
    }

    fn channel_to(&self, service: &str) -> Channel {
        let member = &*self.member;
        let handle = Handle::current();
        let settings = member.settings.client.of(service);
        let service: Arc<str> = format!("{}{service}", member.settings.prefix).into();
        let caller = Caller::named(&self.who().instance);
        let mut called = self.called();
        let Called {
            upstreams,
            channels,
        } = &mut *called;
        if upstreams
            .get(&service)
            .is_some_and(|upstream| upstream.is_abandoned())
        {
            upstreams.remove(&service);
            channels.retain(|(known, _), _| *known != service);
        }
        let upstream = upstreams
            .entry(service.clone())
            .or_insert_with(|| member.follow(&service, settings, caller, &handle));
        member.metrics.works_on(&handle);
        let channel = channels.entry((service, handle.id())).or_insert_with(|| {
            let telemetry = self.client_telemetry();
            // Each its own: what calls count references to is not shared between shards.
            let caller = HeaderValue::from_str(self.service()).ok();
            let metrics = &member.metrics;
            Channel::new(upstream.clone(), settings, telemetry, metrics, handle).by(caller)
        });
        channel.clone()
    }

    /// Who it is: the instance that serves or, with a channel before that, one of its own.
    fn who(&self) -> &Arc<Who> {
        let client = || format!("{}-{:08x}", self.service(), fastrand::u32(..));
        let member = &self.member;
        member
            .who
            .get_or_init(|| Arc::new(self.instance(&client())))
    }

    fn instance(&self, id: &str) -> Who {
        Who {
            service: self.service().to_owned(),
            instance: id.to_owned(),
        }
    }

    /// For what it does of itself.
    fn voice(&self) -> Voice {
        Voice::of(self.who().clone())
    }

    /// Whether there are channels to other services.
    fn calls_others(&self) -> bool {
        !self.called().upstreams.is_empty()
    }

    fn called(&self) -> MutexGuard<'_, Called> {
        let called = self.member.called.lock();
        called.unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings that this member was started with, and where each comes from; secrets are masked.
    pub fn settings(&self) -> &[Setting] {
        &self.member.told
    }

    /// The same, whose admin endpoint can change which log lines there are; the first filter that it is given stays.
    #[must_use]
    pub fn with_log_filter(self, filter: LogFilter) -> Self {
        let _ = self.member.log_filter.set(filter);
        self
    }

    /// The same, which calls instances in its own process in memory, and is called so: those that are beside the same neighbours
    /// and run on the same shards. It is said before there are channels, and the first neighbours that it is given stay.
    #[must_use]
    pub fn beside(self, neighbours: &Neighbours) -> Self {
        let _ = self.member.neighbours.set(neighbours.clone());
        self
    }

    /// Faults that somebody asks for, where this member allows it and serves gRPC.
    pub(crate) fn faults(&self) -> Option<&Faults> {
        self.member.faults.get()
    }

    /// Asks whoever runs this member to stop it.
    pub(crate) fn ask_to_stop(&self) {
        self.member.unwanted.cancel();
    }

    /// Returns once somebody has asked for the end of this member at its admin endpoint, as is possible with `BELLHOP_ALLOW_FAULTS`.
    ///
    /// [`run`](Self::run) does as asked. Who starts members otherwise has to do so, by [`Serving::stop`].
    pub async fn asked_to_stop(&self) {
        self.member.unwanted.cancelled().await;
    }

    /// The spans that this member keeps, where it keeps any.
    pub(crate) fn kept(&self) -> Option<&Arc<Kept>> {
        self.member.kept.as_ref()
    }

    pub(crate) fn log_filter(&self) -> Option<&LogFilter> {
        self.member.log_filter.get()
    }

    /// How far it has come.
    pub(crate) fn life(&self) -> Life {
        self.member.diary.read()
    }

    /// Tells of settings for calls to services that have no channel: they may be mistyped.
    fn tell_of_unused_settings(&self) {
        let member = &*self.member;
        if member.says_whom_it_calls {
            return;
        }
        let called = self.called();
        let prefix = &*member.settings.prefix;
        let called = called.upstreams.keys();
        let called = called.filter_map(|service| service.strip_prefix(prefix));
        for channel in member.settings.client.unused(called) {
            let settings = format!("BELLHOP_CHANNEL_{channel}_…");
            tracing::warn!(
                service = self.service(),
                settings,
                "settings for calls to a service that is not called so far"
            );
        }
    }

    /// Sends what is known of the calls so far, and no more from then on; at most for as long as `bound`. A member that
    /// serves does so itself when it stops.
    pub async fn flush(&self, bound: Duration) {
        self.voice().carry(self.flush_within(bound)).await;
    }

    async fn flush_within(&self, bound: Duration) {
        let Some(telemetry) = self.member.telemetry.get() else {
            return;
        };
        let (flushed, taken) = tokio::join!(telemetry.shutdown(bound), self.metrics().end(bound));
        if !taken {
            tracing::warn!(
                service = self.service(),
                "the collector did not take the last metrics"
            );
        }
        if let Err(error) = flushed {
            tracing::warn!(service = self.service(), %error, "spans were lost");
        }
    }

    /// The member's telemetry; begun with the first of its channels where it does not serve.
    fn client_telemetry(&self) -> Telemetry {
        if let Some(telemetry) = self.member.telemetry.get() {
            return telemetry.clone();
        }
        self.start_telemetry(&self.who().instance)
            .unwrap_or_else(|error| {
                let error = &error as &(dyn std::error::Error + 'static);
                tracing::error!(error, "calls are not traced");
                Telemetry::disabled()
            })
    }

    fn start_telemetry(&self, instance: &str) -> Result<Telemetry, StartError> {
        let member = &self.member;
        let version = member
            .settings
            .registration
            .version
            .as_deref()
            .unwrap_or_default();
        let identity = Identity {
            service: &member.service,
            instance,
            version,
        };
        if let Some(telemetry) = member.telemetry.get() {
            // A channel came first.
            return Ok(telemetry.clone());
        }
        let settings = &member.settings.telemetry;
        member.metrics.describe(settings.resource(identity));
        let telemetry = settings.start_keeping(identity, member.kept.as_ref())?;
        if let Some(push) = settings.push() {
            member.metrics.push(push.clone())?;
        }
        let telemetry = member.telemetry.get_or_init(|| telemetry).clone();
        if let Some(losses) = telemetry.losses() {
            member.metrics.observe(Arc::<Losses>::downgrade(losses));
        }
        Ok(telemetry)
    }
}

impl Member {
    fn follow(
        &self,
        service: &Arc<str>,
        settings: &client::Settings,
        caller: Caller,
        handle: &Handle,
    ) -> Arc<Upstream> {
        let events = discovery::watch(
            self.consul.clone(),
            &**service,
            self.settings.discovery.clone(),
        );
        warn_if_few(service, settings.subset);
        let events = narrowed(events, settings.subset, caller);
        let control = self.control.get().unwrap_or(handle);
        let neighbours = self.neighbours.get().cloned().unwrap_or_default();
        let connector = Connector::new(settings.endpoint, neighbours);
        let words = settings.split.then(|| {
            let wait = self.settings.discovery.wait;
            split::watch(self.consul.clone(), service, wait)
        });
        let upstream = Upstream::follow(service.clone(), events, words, connector, control);
        self.metrics.observe(Arc::<Upstream>::downgrade(&upstream));
        upstream
    }
}

fn read(
    service: &str,
    source: &dyn Source,
    known: Known,
) -> Result<(Settings, Vec<Setting>), ConfigError> {
    let (file, faults) = File::named_by(source);
    let source = Overlay::new(source, file);
    let mut reader = Reader::knowing(&source, known);
    reader.add(faults);
    if service.is_empty()
        || !service
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        reader.reject(
            "service",
            service,
            "a name of letters, digits and hyphens, as in DNS",
        );
    }
    let settings = Settings::read(&mut reader);
    reader.expect_known();
    let told = reader.settings();
    reader.finish()?;
    Ok((settings, told))
}

impl fmt::Debug for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mesh")
            .field("service", &self.member.service)
            .finish_non_exhaustive()
    }
}
