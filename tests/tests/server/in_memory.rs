//! Members of one process that call each other in memory: all is as it is over connections.

use std::{collections::BTreeMap, time::Duration};

use bellhop::{Channel, Mesh, Neighbours, Services};
use e2e::{Client, Launch, Process, Registry, until};
use hotel_proto::geo::{
    Request as Ask, Result as Answer,
    geo_client::GeoClient,
    geo_server::{Geo, GeoServer},
};
use serde_json::Value;
use tonic::{Code, Request, Response, Status};

use crate::stage::{HANG, Stage, TAKE_TIME, ask, plain};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
const ADMIN: [(&str, &str); 1] = [("BELLHOP_ADMIN", "127.0.0.1:0")];

#[tokio::test]
async fn a_call_is_counted_at_an_instance_without_a_connection() {
    let stage = Stage::in_memory(&ADMIN).await;
    stage.client().nearby(ask(0.0)).await.unwrap();
    assert_eq!(stage.handlers.so_far(), 1);
    let middle = stage.middle.as_ref().unwrap();
    let admin = middle.admin_address().unwrap();
    let page = |path: &str| format!("http://{admin}{path}");
    let mesh = Client::new().get(&page("/mesh")).await.unwrap().json();
    let leaf = &mesh["upstreams"][0]["instances"][0];
    assert_eq!(leaf["calls"]["begun"], 1, "{leaf}");
    assert_eq!(leaf["calls"]["in_flight"], 0, "{leaf}");
    assert_eq!(leaf["breaker"], "closed", "{leaf}");
    let connection = &leaf["connections"][0];
    assert_eq!(connection["local"], Value::Null, "{leaf}");
    assert_eq!(connection["streams"]["ended"], 1, "{leaf}");
}

#[tokio::test]
async fn a_caller_that_gives_up_a_call() {
    let stage = Stage::in_memory(&[]).await;
    let mut client = stage.client();
    let call = tokio::spawn(async move { client.nearby(ask(HANG)).await });
    stage.handlers.begun(1).await;
    call.abort();
    stage.handlers.gone(1).await;
}

#[tokio::test]
async fn a_caller_hears_of_its_deadline_by_its_name() {
    let stage = Stage::in_memory(&[]).await;
    let mut request = tonic::Request::new(ask(HANG));
    request.set_timeout(Duration::from_millis(200));
    let status = stage.client().nearby(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    stage.handlers.gone(1).await;
}

#[tokio::test]
async fn a_member_may_call_itself() {
    let registry = Registry::mini().await;
    let address = registry.address().to_string();
    let settings = BTreeMap::from([("CONSUL_HTTP_ADDR".to_owned(), address)]);
    let neighbours = Neighbours::default();
    let mesh = Mesh::from_source("mirror", &settings).unwrap();
    let mesh = mesh.beside(&neighbours);
    let mirror = |mesh: &Mesh| {
        let itself = GeoClient::new(mesh.channel("mirror"));
        Services::new().with(GeoServer::new(Mirror(itself)))
    };
    let serving = mesh.start(mirror).await.unwrap();
    let mut client = plain(serving.address()).await;
    client.nearby(ask(3.0)).await.unwrap();
}

/// Asks itself, as often as the latitude says.
#[derive(Clone)]
struct Mirror(GeoClient<Channel>);

#[tonic::async_trait]
impl Geo for Mirror {
    async fn nearby(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        match request.get_ref().lat {
            0.0 => Ok(Response::new(Answer::default())),
            more => self.0.clone().nearby(ask(more - 1.0)).await,
        }
    }
}

#[tokio::test]
async fn who_leaves_finishes_what_it_has() {
    let mut stage = Stage::in_memory(&[]).await;
    let mut client = stage.client();
    let mut other = client.clone();
    let call = tokio::spawn(async move { client.nearby(ask(TAKE_TIME)).await });
    stage.handlers.begun(1).await;
    stage.middle.take().unwrap().stop().await;
    assert!(call.is_finished(), "it was waited for");
    call.await.unwrap().unwrap();
    let status = other.nearby(ask(0.0)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert_eq!(stage.handlers.so_far(), 1);
}

#[tokio::test]
async fn the_whole_system_answers_the_same() {
    let in_memory = up(&[]).await;
    let over_sockets = up(&["--no-local"]).await;
    for query in ["inDate=2015-04-09&outDate=2015-04-10", "inDate=2015-04-09"] {
        let path = format!("/hotels?{query}");
        let answer = in_memory.get(&path).await;
        let other = over_sockets.get(&path).await;
        assert_eq!(answer.status, other.status, "{query}");
        assert_eq!(answer.body, other.body, "{query}");
    }
    assert_eq!(in_memory.uses_sockets().await, Some(false));
    assert_eq!(over_sockets.uses_sockets().await, Some(true));
}

/// All services in one process.
struct Up {
    frontend: String,
    process: Process,
}

async fn up(more: &[&str]) -> Up {
    let anywhere = "127.0.0.1:0";
    let arguments = ["up", "--http", anywhere, "--registry", anywhere];
    let launch = Launch::new(BINARY).set("BELLHOP_ADMIN", anywhere);
    let process = launch.start(&[&arguments, more].concat());
    let (address, _) = process.serving("frontend").await;
    let up = Up {
        frontend: format!("http://{address}"),
        process,
    };
    until("a system that is ready", || async {
        let ready = up.get("/readyz").await;
        (ready.json()["status"] == "ok").then_some(())
    })
    .await;
    up
}

impl Up {
    async fn get(&self, path: &str) -> e2e::Answer {
        let url = format!("{}{path}", self.frontend);
        Client::without_reuse().get(&url).await.unwrap()
    }

    /// Whether search calls over connections; `None` where it calls nobody.
    async fn uses_sockets(&self) -> Option<bool> {
        let admin = self.process.log().find(|line| {
            let is_it = line["message"] == "admin endpoint" && line["service"] == "search";
            is_it.then(|| line["address"].as_str().map(str::to_owned))?
        })?;
        let url = format!("http://{admin}/mesh");
        let mesh = Client::new().get(&url).await.unwrap().json();
        let upstreams = mesh["upstreams"].as_array()?.iter();
        let instances = upstreams.flat_map(|upstream| upstream["instances"].as_array());
        let connections = instances.flatten();
        let mut connections = connections.flat_map(|one| one["connections"].as_array());
        Some(
            connections
                .next()?
                .iter()
                .any(|one| !one["local"].is_null()),
        )
    }
}
