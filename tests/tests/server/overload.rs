//! A server that has too much to do answers what it can, and tells the rest at once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bellhop::{Mesh, Services};
use e2e::{PATIENCE, Registry, total, until};
use hotel_proto::geo::{
    Request as Ask, Result as Answer,
    geo_client::GeoClient,
    geo_server::{Geo, GeoServer},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, interval, sleep, timeout},
};
use tonic::{Code, Request, Response, Status, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const PLACES: usize = 2;
const WORK: Duration = Duration::from_millis(10);
/// Five times what the places can do.
const OFFERED: u32 = 5 * PLACES as u32 * (1000 / WORK.as_millis() as u32);
const SECONDS: u32 = 4;

/// Does one thing after the other, as with connections to a database.
#[derive(Clone)]
struct Narrow(Arc<Semaphore>);

#[tonic::async_trait]
impl Geo for Narrow {
    async fn nearby(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
        let place = self.0.acquire().await;
        sleep(WORK).await;
        drop(place);
        Ok(Response::new(Answer::default()))
    }
}

/// What became of the calls of a load.
#[derive(Debug, Default)]
struct Fate {
    answered: usize,
    refused: Vec<Duration>,
    otherwise: Vec<Status>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused_and_the_rest_is_answered() {
    let registry = Registry::mini().await;
    let address = registry.address().to_string();
    let settings = BTreeMap::from([("CONSUL_HTTP_ADDR".to_owned(), address)]);
    let mesh = Mesh::from_source("narrow", &settings).unwrap();
    let narrow = GeoServer::new(Narrow(Arc::new(Semaphore::new(PLACES))));
    let serving = mesh.start(|_| Services::new().with(narrow.clone()));
    let serving = serving.await.unwrap();
    let endpoint = Endpoint::from_shared(format!("http://{}", serving.address())).unwrap();
    let channel = endpoint.connect().await.unwrap();

    let fate = Arc::<Mutex<Fate>>::default();
    let mut calls = Vec::new();
    let mut ticks = interval(Duration::from_secs(1) / OFFERED);
    for _ in 0..OFFERED * SECONDS {
        ticks.tick().await;
        let (mut client, fate) = (GeoClient::new(channel.clone()), fate.clone());
        calls.push(tokio::spawn(async move {
            let start = Instant::now();
            let mut request = Request::new(Ask::default());
            request.set_timeout(Duration::from_secs(20));
            let answer = client.nearby(request).await;
            let mut fate = fate.lock().unwrap();
            match answer {
                Ok(_) => fate.answered += 1,
                Err(status) if status.metadata().contains_key("bellhop-refused") => {
                    assert_eq!(status.code(), Code::Unavailable);
                    fate.refused.push(start.elapsed());
                }
                Err(status) => fate.otherwise.push(status),
            }
        }));
    }
    // Whether it is well is told however much there is to do.
    let mut health = HealthClient::new(channel.clone());
    health.check(HealthCheckRequest::default()).await.unwrap();
    for call in calls {
        timeout(PATIENCE, call).await.expect("an end").unwrap();
    }
    let fate = std::mem::take(&mut *fate.lock().unwrap());
    // A call is counted at its end, of which its caller may know a moment earlier.
    until("a count of all who were refused", || async {
        let text = mesh.metrics().text(None).body;
        let labels = [("bellhop_limiter", "shed")];
        let shed = total(&text, "bellhop_refusals_total", &labels);
        (shed == fate.refused.len() as f64).then_some(())
    })
    .await;
    tell(fate);

    until("a server that has time again", || async {
        let mut client = GeoClient::new(channel.clone());
        client.nearby(Ask::default()).await.ok()
    })
    .await;
    serving.stop().await;
}

fn tell(mut fate: Fate) {
    assert!(fate.otherwise.is_empty(), "{:?}", fate.otherwise[0]);
    assert!(!fate.refused.is_empty() && fate.answered > 0, "{fate:?}");
    fate.refused.sort_unstable();
    let at = |share: usize| fate.refused[(fate.refused.len() - 1) * share / 100];
    println!(
        "{} answered, {} refused within {:?} (half of them) and {:?} (99 %)",
        fate.answered,
        fate.refused.len(),
        at(50),
        at(99)
    );
}
