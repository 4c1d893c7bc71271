//! A service whose answers may have faults.

use std::sync::Arc;

use http::Request;
use tonic::Status;

use super::Faults;
use crate::server::{
    RequestBody,
    routes::{Answer, Route},
};

/// A service whose answers may have faults.
pub(in crate::server) struct Faulty {
    pub(in crate::server) route: Arc<dyn Route>,
    pub(in crate::server) faults: Faults,
}

impl Route for Faulty {
    fn call(&self, request: Request<RequestBody>) -> Answer {
        let (route, faults) = (self.route.clone(), self.faults.clone());
        Box::pin(async move {
            match faults.admit(fastrand::f64()).await {
                true => route.call(request).await,
                false => Ok(Status::unavailable("a fault was asked for").into_http()),
            }
        })
    }
}
