//! A member's life: listen, serve, register, and leave in the opposite order.

use std::{fmt, net::SocketAddr, sync::Arc};

use tokio::{
    runtime::{Builder, Handle},
    sync::watch,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tracing::{info, warn};

use super::{Error, Mesh, Phase, StopSignals, figures::Figures, health::Health, life::Life};
use crate::{
    admin::{self, Admin, Bound, Guard, Site},
    channelz::{self, Channelz},
    context::{Scope, Voice},
    identity,
    neighbours::Lodging,
    registration::{self, Place, Protocol, Registered, Spec},
    server::{
        self, Activities, App, Faults, Kind, Listener, Local, Services, Shedding, Sockets, Worker,
    },
    shards::Shards,
    telemetry::Telemetry,
};

/// A member that could not leave the registry gives its callers so many quiet intervals to stop by themselves.
const STRETCH: u32 = 2;

/// A member that serves and is registered, until it is [stopped](Serving::stop). Dropping it stops it at once.
pub struct Serving {
    mesh: Mesh,
    address: SocketAddr,
    listener: server::Serving,
    registered: Registered,
    activity: Activities,
    health: Health,
    /// Whether its callers are Bellhop's kind: told to go, they call another one.
    is_grpc: bool,
    /// The last to go.
    admin: Option<Admin>,
    /// Where those in the same process find it.
    lodging: Option<Lodging>,
    /// Looked at for as long as it is here.
    _figures: Arc<Figures>,
}

impl Mesh {
    /// Serves until SIGTERM or Ctrl-C, on one single-threaded runtime per core; returns when all calls in flight are done.
    ///
    /// `app` is called once on each of these runtimes, so that each has channels with connections of its own.
    ///
    /// After the first signal it returns within the bounds of leaving, and a [moment](Shards::END_WITHIN) for handlers that block
    /// their threads; calls that were cut off are no error, a line of log tells of them. After a second one it returns at once,
    /// whatever runs. Threads that still run then end with the process: return from `main`, where the error makes the exit code 1.
    ///
    /// # Errors
    /// When the member cannot start, and [`Error::Interrupted`] after a second signal.
    pub fn run<A: Into<App>>(self, app: impl Fn(&Self) -> A) -> Result<(), Error> {
        let control = Builder::new_current_thread().enable_all().build()?;
        let shards = Shards::start(self.member.settings.shards)?;
        let done = control.block_on(async {
            let mut signals = StopSignals::listen()?;
            let serving = tokio::select! {
                serving = self.start_on(&shards, app) => serving?,
                () = signals.next() => return Ok(()),
            };
            tokio::select! {
                () = signals.next() => {}
                () = self.asked_to_stop() => {}
            }
            tokio::select! {
                () = serving.stop() => Ok(()),
                () = signals.next() => Err(Error::Interrupted),
            }
        });
        match done {
            Err(Error::Interrupted) => shards.abandon(control),
            _ => self.voice().run(|| shards.end(control)),
        }
        done
    }

    /// Starts to serve on threads that may be shared with other members, which `app` is called on once each.
    ///
    /// # Errors
    /// When the member cannot start.
    pub async fn start_on<A: Into<App>>(
        &self,
        shards: &Shards,
        app: impl Fn(&Self) -> A,
    ) -> Result<Serving, Error> {
        self.start_with(shards.handles(), app).await
    }

    /// Starts to serve on the runtime that this is called on, whatever its kind.
    ///
    /// # Errors
    /// When the member cannot start.
    pub async fn start<A: Into<App>>(&self, app: impl Fn(&Self) -> A) -> Result<Serving, Error> {
        self.start_with(&[Handle::current()], app).await
    }

    async fn start_with<A: Into<App>>(
        &self,
        handles: &[Handle],
        app: impl Fn(&Self) -> A,
    ) -> Result<Serving, Error> {
        // The first to come decides; a member serves once.
        let _ = self.member.control.set(Handle::current());
        let settings = &self.member.settings;
        let admin = self.bind_admin()?;
        let listen = settings.server.listen;
        let listener = Listener::bind(listen).map_err(|source| Error::Listen {
            address: listen,
            source,
        })?;
        let address = listener.address();
        let place = Place::new(&settings.registration, self.service(), address)?;
        let who = Arc::new(self.instance(&place.id));
        // A channel may have come first.
        let _ = self.member.who.set(who.clone());
        let start = self.start_at(handles, app, place, listener, admin);
        Voice::of(who).carry(start).await
    }

    async fn start_at<A: Into<App>>(
        &self,
        handles: &[Handle],
        app: impl Fn(&Self) -> A,
        place: Place,
        listener: Listener,
        admin: Option<Bound>,
    ) -> Result<Serving, Error> {
        let (settings, address) = (&self.member.settings, listener.address());
        let mut activity = Activities::default();
        let health = Health::new(self.service());
        let channelz = Channelz::new(self.clone());
        let sockets = Sockets::default();
        let life = Life {
            phase: Phase::Starting,
            place: Some(place.clone()),
            bound: Some(address),
            sockets: sockets.clone(),
            admin: admin.as_ref().map(Bound::address),
            shards: handles.to_vec(),
            ..Life::default()
        };
        self.member.diary.write(|before| *before = life);
        let look = |admin| self.serve_admin(admin, &place, &health, &channelz);
        let admin = admin.map(look).transpose()?;
        let telemetry = self.start_telemetry(&place.id)?;
        let dress = |services| self.dress(services, &health, &channelz);
        let workers = self.workers(handles, app, dress, &mut activity, &place.id, &telemetry)?;
        let is_grpc = workers.iter().any(|worker| worker.stack.is_grpc());
        health.set(ServingStatus::Serving).await;
        let connections = settings.server.connections;
        let listener = listener.serve(workers.clone(), connections, sockets);
        self.until_serving(address, is_grpc).await?;
        let lodging = self.lodge(&place, &workers, &listener, address);
        drop(workers);
        info!(service = self.service(), instance = place.id, %address, "serving");
        self.tell_of_unused_settings();

        let spec = self.spec(is_grpc, address, health.well());
        let registered = self.register(spec, place, &activity);
        let figures = Arc::new(Figures::new(activity.clone(), registered.state()));
        self.metrics().observe(Arc::<Figures>::downgrade(&figures));
        Ok(Serving {
            mesh: self.clone(),
            address,
            listener,
            registered,
            activity,
            health,
            is_grpc,
            admin,
            lodging,
            _figures: figures,
        })
    }

    /// Returns once the member answers at its own address.
    async fn until_serving(&self, bound: SocketAddr, is_grpc: bool) -> Result<(), Error> {
        let own = reachable(bound);
        let serving = server::until_serving(self.service(), own, is_grpc).await;
        serving.map_err(|source| Error::NotServing {
            service: self.service().to_owned(),
            address: own,
            source,
        })
    }

    /// Has those in the same process call it in memory from now on, once they find it.
    fn lodge(
        &self,
        place: &Place,
        workers: &[Worker],
        listener: &server::Serving,
        bound: SocketAddr,
    ) -> Option<Lodging> {
        let neighbours = self.member.neighbours.get()?;
        let closed = CancellationToken::new();
        let local = |worker| Local::of(worker, bound, &closed, listener.hold());
        let locals: Vec<_> = workers.iter().filter_map(local).collect();
        let close = closed.drop_guard();
        Some(neighbours.join(&place.id, place.address.clone(), locals, close))
    }

    /// Has the registry know of it from now on.
    fn register(&self, mut spec: Spec, place: Place, activity: &Activities) -> Registered {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        spec.settings
            .meta
            .insert(identity::META.to_owned(), version);
        if let Some(admin) = self.life().admin {
            let address = admin::told(admin, &place.address);
            spec.settings.meta.insert(admin::META.to_owned(), address);
        }
        let well = spec.healthy.clone();
        let registered = registration::start_at(self.consul().clone(), spec, place);
        self.member.diary.write(|life| {
            life.phase = Phase::Serving;
            life.well = Some(well);
            life.registration = Some(registered.state());
            life.activity = activity.clone();
        });
        registered
    }

    fn bind_admin(&self) -> Result<Option<Bound>, Error> {
        let address = self.member.settings.admin.address;
        let bind = |address| Bound::new(address).map_err(|source| Error::Admin { address, source });
        address.map(bind).transpose()
    }

    fn serve_admin(
        &self,
        admin: Bound,
        place: &Place,
        health: &Health,
        channelz: &Channelz,
    ) -> Result<Admin, Error> {
        let address = admin.address();
        info!(service = self.service(), instance = place.id, %address, "admin endpoint");
        let guard = Guard::new(address, &place.address.host);
        let services = health.join(Services::new()).with(channelz.server());
        let services = services.describe(channelz::DESCRIPTORS).reflect(&[])?;
        Ok(admin.serve(Site::new(self.clone(), guard, services)))
    }

    /// Adds what every member offers.
    fn dress(
        &self,
        services: Services,
        health: &Health,
        channelz: &Channelz,
    ) -> Result<Services, Error> {
        let services = health.join(services);
        if !self.member.settings.channelz.public {
            return Ok(services.reflect(&[])?);
        }
        let services = services.with(channelz.server());
        Ok(services.reflect(&[channelz::DESCRIPTORS])?)
    }

    /// What each runtime serves.
    fn workers<A: Into<App>>(
        &self,
        handles: &[Handle],
        app: impl Fn(&Self) -> A,
        dress: impl Fn(Services) -> Result<Services, Error>,
        activity: &mut Activities,
        instance: &str,
        telemetry: &Telemetry,
    ) -> Result<Vec<Worker>, Error> {
        let settings = &self.member.settings;
        let who = self.instance(instance);
        let (mut workers, mut shed) = (Vec::with_capacity(handles.len()), None);
        let panics = server::Panics::default();
        for handle in handles {
            let _entered = handle.enter();
            self.metrics().works_on(handle);
            let kind = match app(self).into().into_kind() {
                Kind::Grpc(services) => Kind::Grpc(dress(self.faulty(services))?),
                http @ Kind::Http(_) => http,
            };
            if workers.is_empty() {
                let shedding = |shed| Shedding::new(shed, self.calls_others());
                shed = settings.server.shed.map(shedding);
            }
            let parts = server::Parts {
                panics: panics.clone(),
                activity: activity.add(),
                telemetry: telemetry.clone(),
                metrics: self.metrics().clone(),
                who: Arc::new(who.clone()),
                explains: settings.explain,
                carried: settings.carried.clone(),
                access_log: settings.server.access_log,
                shed: shed.clone(),
                limits: settings.server.limits.clone(),
            };
            workers.push(Worker {
                handle: handle.clone(),
                stack: server::compose(kind, parts),
            });
        }
        Ok(workers)
    }

    /// The same services, wrapped only where faults may be asked for.
    fn faulty(&self, services: Services) -> Services {
        match self.member.settings.faults {
            true => services.with_faults(self.member.faults.get_or_init(Faults::default)),
            false => services,
        }
    }

    /// What the registry is told.
    fn spec(&self, is_grpc: bool, bound: SocketAddr, healthy: watch::Receiver<bool>) -> Spec {
        let protocol = if is_grpc {
            Protocol::Grpc {
                health: self.service().to_owned(),
            }
        } else {
            Protocol::Http {
                health: server::ALIVE.to_owned(),
            }
        };
        let settings = self.member.settings.registration.clone();
        Spec {
            service: self.service().to_owned(),
            protocol,
            bound,
            settings,
            healthy,
        }
    }
}

impl Serving {
    /// Where the member listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its admin endpoint listens, where it has one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.mesh.life().admin
    }

    /// Returns once somebody has asked for the end of this member, see [`Mesh::asked_to_stop`].
    pub async fn asked_to_stop(&self) {
        self.mesh.asked_to_stop().await;
    }

    /// For log lines that a program writes about the member.
    pub fn scope(&self) -> Scope {
        Scope {
            member: Some(Arc::new(self.mesh.instance(self.registered.id()))),
            ..Scope::default()
        }
    }

    /// The member's registration.
    pub fn registered(&self) -> &Registered {
        &self.registered
    }

    /// Leaves the mesh without losing a call: leaves the registry, serves on until callers have gone elsewhere, tells those that
    /// have not to go, finishes what is in flight, and sends off what is known of it. Each step has a bound.
    pub async fn stop(self) {
        self.scope().enter(self.leave()).await;
    }

    async fn leave(self) {
        let Self {
            mesh,
            listener,
            registered,
            activity,
            health,
            is_grpc,
            admin,
            lodging,
            ..
        } = self;
        let settings = &mesh.member.settings.server;
        mesh.member.diary.write(|life| life.phase = Phase::Draining);
        let service = mesh.service();
        let start = Instant::now();
        let left = registered.deregister().await;
        if let Err(error) = &left {
            let error = error as &(dyn std::error::Error + 'static);
            warn!(
                service,
                error, "cannot leave the registry, its check will find out"
            );
        }
        health.set(ServingStatus::NotServing).await;
        listener.leave();
        let quiet = settings.drain_quiet;
        // Callers who cannot hear of it from the registry come until they are told. Those over HTTP ask whether it is ready.
        let bound = match left.is_err() && is_grpc {
            true => settings.drain_timeout.min(quiet * STRETCH),
            false => settings.drain_timeout,
        };
        if !activity.quiet(quiet, bound).await {
            warn!(service, "callers still come, they are told to go");
        }
        health.dismiss_watchers().await;
        drop(lodging);
        let in_flight = activity.in_flight();
        if !listener.drain(settings.drain_timeout).await {
            let calls = activity.in_flight();
            warn!(service, calls, after = ?settings.drain_timeout, "calls in flight were cut off");
        }
        let finished = in_flight.saturating_sub(activity.in_flight());
        mesh.flush(settings.drain_timeout).await;
        if let Some(admin) = admin {
            admin.stop().await;
        }
        info!(service, took = ?start.elapsed(), finished, "stopped");
    }
}

/// An address of this host at which a listener can be reached.
fn reachable(address: SocketAddr) -> SocketAddr {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving")
            .field("service", &self.mesh.service())
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
