//! A member whose handler blocks its thread for longer than any test waits.

use std::{io, thread, time::Duration};

use bellhop::{Mesh, Services, logs::Lines};
use hotel_proto::geo::{
    Request as Ask, Result as Answer,
    geo_server::{Geo, GeoServer},
};
use tonic::{Request, Response, Status};
use tracing_subscriber::filter::LevelFilter;

const LONG: Duration = Duration::from_secs(600);

struct Blocking;

#[tonic::async_trait]
impl Geo for Blocking {
    async fn nearby(&self, _ask: Request<Ask>) -> Result<Response<Answer>, Status> {
        println!("blocked");
        thread::sleep(LONG);
        Ok(Response::new(Answer::default()))
    }
}

fn main() -> Result<(), bellhop::Error> {
    tracing_subscriber::fmt()
        .event_format(Lines::Json)
        .with_max_level(LevelFilter::INFO)
        .with_writer(io::stderr)
        .init();
    Mesh::from_env("geo")?.run(|_| Services::new().with(GeoServer::new(Blocking)))
}
