//! Where each call takes the only thread, the refused need not wait for those who were let in.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bellhop::{Mesh, Services};
use e2e::{PATIENCE, Registry};
use hotel_proto::geo::{
    Request as Ask, Result as Answer,
    geo_client::GeoClient,
    geo_server::{Geo, GeoServer},
};
use tokio::{
    runtime::Builder,
    sync::oneshot,
    task::spawn_blocking,
    time::{interval, timeout},
};
use tonic::{Request, Response, Status, transport::Endpoint};

/// So long each call has the thread for itself.
const WORK: Duration = Duration::from_millis(4);
/// Five times what it can do.
const OFFERED: u32 = 5 * 1000 / WORK.as_millis() as u32;
const SECONDS: u32 = 3;
/// So many stand in line at least.
const LET_IN: usize = 40;

/// Counts the calls that it has served.
#[derive(Clone, Default)]
struct Busy(Arc<AtomicUsize>);

#[tonic::async_trait]
impl Geo for Busy {
    async fn nearby(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
        thread::sleep(WORK);
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Response::new(Answer::default()))
    }
}

/// A member on a thread of its own.
struct Alone {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Alone {
    fn start(settings: BTreeMap<String, String>, busy: Busy) -> Self {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mesh = Mesh::from_source("busy", &settings).unwrap();
                let geo = GeoServer::new(busy);
                let serving = mesh.start(|_| Services::new().with(geo.clone()));
                let serving = serving.await.unwrap();
                tell.send(serving.address()).unwrap();
                let _ = stopped.await;
                serving.stop().await;
            });
        });
        Self {
            address: told.recv_timeout(PATIENCE).unwrap(),
            stop,
            thread,
        }
    }
}

/// How many others were served while a call waited for its answer, and for its refusal.
#[derive(Debug, Default)]
struct Waited {
    answered: Vec<usize>,
    refused: Vec<usize>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refused_are_told_before_those_who_were_let_in_are_served() {
    let registry = Registry::mini().await;
    let settings = [
        ("CONSUL_HTTP_ADDR", registry.address().to_string()),
        ("BELLHOP_SHED_MIN", LET_IN.to_string()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    let busy = Busy::default();
    let alone = Alone::start(settings.into(), busy.clone());
    let endpoint = Endpoint::from_shared(format!("http://{}", alone.address)).unwrap();
    let channel = endpoint.connect().await.unwrap();

    let waited = Arc::<Mutex<Waited>>::default();
    let mut calls = Vec::new();
    let mut ticks = interval(Duration::from_secs(1) / OFFERED);
    for _ in 0..OFFERED * SECONDS {
        ticks.tick().await;
        let mut client = GeoClient::new(channel.clone());
        let (waited, busy) = (waited.clone(), busy.clone());
        calls.push(tokio::spawn(async move {
            let served = || busy.0.load(Ordering::Relaxed);
            let before = served();
            let answer = client.nearby(Ask::default()).await;
            let meanwhile = served() - before;
            let mut waited = waited.lock().unwrap();
            match answer {
                Ok(_) => waited.answered.push(meanwhile),
                Err(status) if status.metadata().contains_key("bellhop-refused") => {
                    waited.refused.push(meanwhile)
                }
                Err(status) => panic!("{status:?}"),
            }
        }));
    }
    for call in calls {
        timeout(PATIENCE, call).await.expect("an end").unwrap();
    }
    let Waited { answered, refused } = std::mem::take(&mut *waited.lock().unwrap());
    let (count, answered, refused) = (refused.len(), median(answered), median(refused));
    println!("while one of {count} was refused {refused} were served, {answered} while one was");
    assert!(2 * refused < answered, "{refused} and {answered}");
    alone.stop.send(()).unwrap();
    let ended = spawn_blocking(|| alone.thread.join()).await.unwrap();
    ended.unwrap();
}

fn median(mut counts: Vec<usize>) -> usize {
    assert!(!counts.is_empty());
    counts.sort_unstable();
    counts[counts.len() / 2]
}
