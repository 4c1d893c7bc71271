//! An instance of rate that can do so much and no more: what overload is tried on.

use std::{sync::Arc, time::Duration};

use bellhop::{Mesh, Services};
use hotel_proto::rate::{
    Request as Ask, Result as Answer,
    rate_server::{Rate, RateServer},
};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use crate::Failure;

/// So many calls are worked on at one time, as by cores or connections of a database.
const WORKERS: usize = 4;
/// Each takes this long.
const WORK: Duration = Duration::from_millis(20);

#[derive(Clone, Debug)]
struct Limited(Arc<Semaphore>);

#[tonic::async_trait]
impl Rate for Limited {
    async fn get_rates(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
        let worker = self.0.acquire().await;
        let _worker = worker.map_err(|closed| Status::internal(closed.to_string()))?;
        tokio::time::sleep(WORK).await;
        Ok(Response::new(Answer::default()))
    }
}

/// Serves until told to stop.
pub(super) fn play() -> Result<(), Failure> {
    let limited = Limited(Arc::new(Semaphore::new(WORKERS)));
    let app = |_: &Mesh| Services::new().with(RateServer::new(limited.clone()));
    Ok(Mesh::from_env(rate::NAME)?.run(app)?)
}
