//! A member with an admin endpoint, and how to ask it.

use std::{collections::BTreeMap, net::SocketAddr};

use bellhop::{Error, Mesh, Services, Serving};
use e2e::{PATIENCE, Registry, until};
use hotel_proto::{
    FILE_DESCRIPTOR_SET,
    geo::{
        Request as Ask, Result as Found,
        geo_client::GeoClient,
        geo_server::{Geo, GeoServer},
    },
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::{Request, Response, Status};

/// Knows of no hotels, and fails where it is asked at the pole.
#[derive(Clone)]
pub(crate) struct Nowhere;

#[tonic::async_trait]
impl Geo for Nowhere {
    async fn nearby(&self, request: Request<Ask>) -> Result<Response<Found>, Status> {
        match request.get_ref().lat {
            90.0 => Err(Status::internal("it is cold")),
            _ => Ok(Response::new(Found::default())),
        }
    }
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A member that has not begun.
pub(crate) fn mesh(registry: SocketAddr, settings: &[(&str, &str)]) -> Mesh {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut settings: BTreeMap<String, String> = settings.iter().map(owned).collect();
    settings.insert("CONSUL_HTTP_ADDR".to_owned(), registry.to_string());
    Mesh::from_source("geo", &settings).unwrap()
}

pub(crate) async fn serve(mesh: &Mesh) -> Result<Serving, Error> {
    mesh.start(|_| {
        Services::new()
            .with(GeoServer::new(Nowhere))
            .describe(FILE_DESCRIPTOR_SET)
    })
    .await
}

/// A member that serves.
pub(crate) async fn member(registry: &Registry, settings: &[(&str, &str)]) -> Serving {
    serve(&mesh(registry.address(), settings)).await.unwrap()
}

/// A member that calls itself, once well and once not.
pub(crate) async fn calls_itself(registry: &Registry) -> Serving {
    let settings = [
        ("BELLHOP_VERSION", "1.2.3"),
        ("BELLHOP_TAGS", "canary"),
        ("BELLHOP_META", "zone=east"),
    ];
    let mesh = mesh(registry.address(), &settings);
    let serving = serve(&mesh).await.unwrap();
    let mut client = GeoClient::new(mesh.channel("geo"));
    until("an answer", || {
        let mut client = client.clone();
        async move { client.nearby(Ask::default()).await.ok() }
    })
    .await;
    let pole = Ask {
        lat: 90.0,
        ..Ask::default()
    };
    client.nearby(pole).await.unwrap_err();
    serving
}

/// Where nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

pub(crate) async fn get(member: &Serving, path: &str) -> Answer {
    ask(member.admin_address().unwrap(), "GET", path, &[], "").await
}

/// One request over a connection of its own.
pub(crate) async fn ask(
    admin: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\ncontent-length: {}\r\n",
        body.len()
    );
    if !headers.iter().any(|(name, _)| *name == "host") {
        head += &format!("host: {admin}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let exchange = async {
        let mut stream = TcpStream::connect(admin).await.unwrap();
        let request = format!("{head}\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let answer = timeout(PATIENCE, exchange).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}
