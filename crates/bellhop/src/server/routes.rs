//! Which gRPC service a path belongs to.

use std::{collections::HashMap, convert::Infallible, fmt, future::Future, pin::Pin, sync::Arc};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use tonic::{Status, body::Body, server::NamedService};
use tower::Service;

use super::{
    RequestBody,
    faults::{Faults, Faulty},
};

const GRPC: &[u8] = b"application/grpc";

pub(super) type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// The gRPC services of a member.
#[derive(Clone, Default)]
pub struct Services {
    routes: HashMap<&'static str, Arc<dyn Route>>,
    descriptors: Vec<&'static [u8]>,
}

/// One gRPC service: what tonic generates, behind one pointer.
pub(super) trait Route: Send + Sync {
    fn call(&self, request: Request<RequestBody>) -> Answer;
}

struct Tonic<S>(S);

impl<S> Route for Tonic<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    fn call(&self, request: Request<RequestBody>) -> Answer {
        // Generated services are always ready, and clones of one pointer.
        Box::pin(self.0.clone().call(request))
    }
}

impl Services {
    /// No services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a generated service, such as `GeoServer::new(..)`.
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<Body>, Error = Infallible>,
        S: NamedService + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.routes.insert(S::NAME, Arc::new(Tonic(service)));
        self
    }

    /// Adds an encoded `google.protobuf.FileDescriptorSet`, which gRPC reflection tells to those who ask.
    #[must_use]
    pub fn describe(mut self, descriptors: &'static [u8]) -> Self {
        self.descriptors.push(descriptors);
        self
    }

    /// The same services, whose answers may have faults.
    pub(crate) fn with_faults(mut self, faults: &Faults) -> Self {
        for route in self.routes.values_mut() {
            *route = Arc::new(Faulty {
                route: route.clone(),
                faults: faults.clone(),
            });
        }
        self
    }

    /// The services' full names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.routes.keys().copied()
    }

    /// Adds gRPC reflection, where there is something to tell, of the mesh's own services too.
    pub(crate) fn reflect(
        self,
        own: &[&'static [u8]],
    ) -> Result<Self, tonic_reflection::server::Error> {
        if self.descriptors.is_empty() {
            return Ok(self);
        }
        let builder = || {
            let health = tonic_health::pb::FILE_DESCRIPTOR_SET;
            let builder = tonic_reflection::server::Builder::configure();
            let builder = builder.register_encoded_file_descriptor_set(health);
            self.descriptors
                .iter()
                .chain(own)
                .fold(builder, |builder, set| {
                    builder.register_encoded_file_descriptor_set(set)
                })
        };
        let (v1, v1alpha) = (builder().build_v1()?, builder().build_v1alpha()?);
        Ok(self.with(v1).with(v1alpha))
    }

    pub(crate) fn call(&self, request: Request<RequestBody>) -> Answer {
        if !is_grpc(request.headers()) {
            return ready(bare(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        if request.method() != Method::POST {
            return ready(not_allowed());
        }
        let path = request.uri().path();
        match self.route(path) {
            Some(route) => route.call(request),
            None => ready(Status::unimplemented(format!("no such service: {path}")).into_http()),
        }
    }

    /// The service of `/package.Service/Method`.
    fn route(&self, path: &str) -> Option<&Arc<dyn Route>> {
        let (service, _method) = path.strip_prefix('/')?.split_once('/')?;
        self.routes.get(service)
    }
}

/// An answer of a status alone.
pub(super) fn refuse(status: &Status) -> Answer {
    ready(status.clone().into_http())
}

fn ready(response: Response<Body>) -> Answer {
    Box::pin(std::future::ready(Ok(response)))
}

/// `application/grpc` with a codec or parameters behind it, if anything; `application/grpc-web` is another protocol.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let rest = content_type.and_then(|value| value.as_bytes().strip_prefix(GRPC));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
}

fn not_allowed() -> Response<Body> {
    let mut response = bare(StatusCode::METHOD_NOT_ALLOWED);
    let post = HeaderValue::from_static("POST");
    response.headers_mut().insert(header::ALLOW, post);
    response
}

/// An answer to what is no gRPC, and would not understand a status of gRPC.
fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services")
            .field("names", &self.routes.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_of_grpc_are_told_from_those_of_its_kin() {
        let of = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            is_grpc(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        for good in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc;charset=utf-8",
        ] {
            assert!(of(good), "{good}");
        }
        for bad in ["", "application/grpc-web", "application/grpcs", "text/html"] {
            assert!(!of(bad), "{bad}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
