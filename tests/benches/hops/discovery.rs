//! How soon callers know: of a new endpoint, from when a real Consul answers, and of a dead one, from when its connection is lost. All but
//! Consul is in this process, so that one clock says when.

use std::{
    fmt::Write,
    num::NonZeroUsize,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bellhop::{Channel, Mesh, Services, Serving, Shards};
use e2e::Registry;
use hotel_proto::{
    FILE_DESCRIPTOR_SET,
    geo::{self, geo_client::GeoClient, geo_server},
};
use tokio::{runtime::Builder, task::JoinHandle};
use tonic::{Request, Response, Status};

use crate::{
    Failure,
    args::Pace,
    median::median,
    relay::{Heard, Relay},
    server::{SERVICE, free, mesh},
    stub::{self, Stub},
};

/// Who is there all the time.
const OTHERS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks: callers need the processor, too.
const PAUSE: Duration = Duration::from_micros(20);

/// Measures both, over and over.
pub(crate) fn measure(pace: Pace) -> Result<String, Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let measured = runtime.block_on(async {
        let Some(consul) = Registry::consul().await else {
            return Ok(None);
        };
        let stage = Stage::set(&consul).await?;
        let (mut joined, mut gone) = (Vec::new(), Vec::new());
        for _ in 0..pace.trials {
            let (known, lost) = stage.trial().await?;
            joined.push(known);
            gone.push(lost);
        }
        stage.clear().await?;
        Ok::<_, Failure>(Some((joined, gone)))
    });
    let Some((joined, gone)) = measured? else {
        return Ok("Not measured: there is no Consul (`scripts/get-consul.sh`).".to_owned());
    };
    let mut text = format!(
        "| {} times, a caller of {OTHERS} others, a real Consul | median ms | slowest ms |\n|---|---:|---:|\n",
        pace.trials
    );
    row(
        &mut text,
        "from Consul's answer to the first call that a new endpoint gets",
        &joined,
    );
    row(
        &mut text,
        "from the loss of its connection until an endpoint takes no more turns",
        &gone,
    );
    Ok(text)
}

fn row(text: &mut String, name: &str, times: &[Duration]) {
    let millis = || times.iter().map(|time| time.as_secs_f64() * 1e3);
    let slowest = millis().fold(0.0, f64::max);
    // Writing to a string does not fail.
    let _ = writeln!(text, "| {name} | {:.2} | {slowest:.2} |", median(millis()));
}

/// A caller who calls without a pause, and whom it calls.
struct Stage<'a> {
    consul: &'a Registry,
    /// Between the caller and Consul.
    registry: Relay,
    shards: Shards,
    others: Vec<Serving>,
    channel: Channel,
    stop: Arc<AtomicBool>,
    calling: JoinHandle<Result<(), Failure>>,
    _mesh: Mesh,
}

impl<'a> Stage<'a> {
    async fn set(consul: &'a Registry) -> Result<Self, Failure> {
        let registry = Relay::to(consul.address()).await?;
        let shards = Shards::start(NonZeroUsize::MIN)?;
        let mesh = mesh("bench", registry.address(), &[])?;
        let channel = mesh.channel(SERVICE).describe(FILE_DESCRIPTOR_SET);
        let stop = Arc::<AtomicBool>::default();
        let mut stage = Self {
            calling: tokio::spawn(call_until(channel.clone(), stop.clone())),
            consul,
            registry,
            shards,
            others: Vec::new(),
            channel,
            stop,
            _mesh: mesh,
        };
        for _ in 0..OTHERS {
            let (other, _) = stage.member(&[]).await?;
            stage.others.push(other);
        }
        stage.until("others", || stage.connected() == OTHERS)?;
        Ok(stage)
    }

    /// One comes and is killed. How soon it was called, and how soon no more.
    async fn trial(&self) -> Result<(Duration, Duration), Failure> {
        let address = free()?;
        let victim = Relay::to(address).await?;
        let advertised = victim.address();
        // However the registry writes it.
        let told = self.registry.listen_for(&advertised.port().to_string());
        let (member, called) = self
            .member(&[
                ("BELLHOP_LISTEN", &address.to_string()),
                ("BELLHOP_ADVERTISE", &advertised.to_string()),
            ])
            .await?;
        self.until("an answer", || told.get().is_some())?;
        self.until("a call", || called.get().is_some())?;
        let (Some(told), Some(called)) = (told.get(), called.get()) else {
            return Err("nobody was told or called".into());
        };
        self.until("a connection", || self.connected() == OTHERS + 1)?;

        drop(victim);
        let killed = Instant::now();
        self.until("the end of it", || self.connected() == OTHERS)?;
        let lost = killed.elapsed();
        member.stop().await;
        Ok((called.saturating_duration_since(*told), lost))
    }

    /// A member, and when it was first called.
    async fn member(&self, settings: &[(&str, &str)]) -> Result<(Serving, Heard), Failure> {
        let called = Heard::default();
        let mesh = mesh(SERVICE, self.consul.address(), settings)?;
        let app = |_: &Mesh| {
            let stub = Stub::new();
            let called = called.clone();
            Services::new().with(geo_server::GeoServer::new(Noting { stub, called }))
        };
        let serving = mesh.start_on(&self.shards, app).await?;
        Ok((serving, called))
    }

    /// Who takes turns.
    fn connected(&self) -> usize {
        self.channel.report().connected
    }

    /// Looks without leaving its thread, so that it sees a change at once.
    fn until(&self, what: &str, is: impl Fn() -> bool) -> Result<(), Failure> {
        let began = Instant::now();
        while !is() {
            if began.elapsed() > PATIENCE || self.calling.is_finished() {
                let (elapsed, report) = (began.elapsed(), self.channel.report());
                return Err(format!("{what}: not in {elapsed:?}: {report:?}").into());
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    async fn clear(self) -> Result<(), Failure> {
        self.stop.store(true, Ordering::Relaxed);
        self.calling.await??;
        for other in self.others {
            other.stop().await;
        }
        Ok(())
    }
}

async fn call_until(channel: Channel, stop: Arc<AtomicBool>) -> Result<(), Failure> {
    let mut client = GeoClient::new(channel);
    while !stop.load(Ordering::Relaxed) {
        // Before the first is there, nobody is; later one who calls again finds another.
        let _ = client.nearby(stub::question()).await;
    }
    Ok(())
}

/// Remembers when it was first called.
struct Noting {
    stub: Stub,
    called: Arc<OnceLock<Instant>>,
}

#[tonic::async_trait]
impl geo_server::Geo for Noting {
    async fn nearby(
        &self,
        request: Request<geo::Request>,
    ) -> Result<Response<geo::Result>, Status> {
        // Only the first time counts.
        let _ = self.called.set(Instant::now());
        self.stub.nearby(request).await
    }
}
