//! Faults of instances that somebody asks for on the mesh page. Only where the frontend was told to allow it.

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State, rejection::BytesRejection},
    http::{
        HeaderMap, HeaderName,
        header::{HOST, ORIGIN},
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::post,
};
use bellhop::{
    overview::{FaultOrder, NoFault, Overview},
    server::RemoteAddr,
};

use crate::{
    error::Fault,
    mesh_page::{asked_by_address, json},
};

/// What the page says besides: a page of another origin cannot, without being allowed to.
const ASKS: HeaderName = HeaderName::from_static("x-hotels-chaos");
/// What browsers say of where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Far above any wish.
const BODY_MAX: usize = 1024;

/// Where who asks is, as the server knows it.
type Asker = Option<Extension<RemoteAddr>>;

/// The routes of the fault panel. Even where everybody may look, a name that a stranger owns does not lead here.
pub(crate) fn router(overview: &Overview) -> Router {
    Router::new()
        .route("/mesh/faults/{instance}", post(begin).delete(end))
        .route("/mesh/faults/{instance}/stop", post(stop))
        .with_state(overview.clone())
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(own_page))
        .layer(from_fn(asked_by_address))
}

async fn begin(
    State(overview): State<Overview>,
    Path(instance): Path<String>,
    asker: Asker,
    wish: Result<Bytes, BytesRejection>,
) -> Response {
    match wish {
        Ok(wish) => order(&overview, &instance, FaultOrder::Begin(wish), asker).await,
        Err(_) => Fault::senseless(format!("expected at most {BODY_MAX} bytes")).into_response(),
    }
}

async fn end(
    State(overview): State<Overview>,
    Path(instance): Path<String>,
    asker: Asker,
) -> Response {
    order(&overview, &instance, FaultOrder::End, asker).await
}

async fn stop(
    State(overview): State<Overview>,
    Path(instance): Path<String>,
    asker: Asker,
) -> Response {
    order(&overview, &instance, FaultOrder::Stop, asker).await
}

async fn order(overview: &Overview, instance: &str, order: FaultOrder, asker: Asker) -> Response {
    let by = match asker {
        Some(Extension(RemoteAddr(address))) => format!("{address} on the mesh page"),
        None => "somebody on the mesh page".to_owned(),
    };
    answer(overview.order(instance, order, &by).await)
}

fn answer(told: Result<Bytes, NoFault>) -> Response {
    let fault = match told {
        Ok(standing) => return json(standing),
        Err(why @ (NoFault::Unknown | NoFault::NotAllowed)) => Fault::unknown(why.to_string()),
        Err(NoFault::Refused(why)) => Fault::senseless(why),
        Err(why) => Fault::busy(why.to_string()),
    };
    fault.into_response()
}

/// A page of a stranger may have a browser ask as well.
async fn own_page(request: Request, next: Next) -> Response {
    match is_own(request.headers()) {
        true => next.run(request).await,
        false => Fault::forbidden("only the mesh page may ask for faults").into_response(),
    }
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(&ORIGIN).map(|origin| origin.split_once("://").map(|(_, host)| host));
    let is_same = origin.is_none_or(|host| host.is_some() && host == text(&HOST));
    let site = text(&FETCH_SITE);
    text(&ASKS) == Some("1") && is_same && site.is_none_or(|site| site == "same-origin")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_own_page_may_ask() {
        let is_own = |said: &[(&'static str, &'static str)]| {
            let said = said.iter().map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            is_own(&said.collect())
        };
        let (host, asks) = (("host", "localhost:5000"), ("x-hotels-chaos", "1"));
        assert!(is_own(&[host, asks]));
        assert!(is_own(&[
            host,
            asks,
            ("origin", "http://localhost:5000"),
            ("sec-fetch-site", "same-origin")
        ]));
        for bad in [
            vec![host],
            vec![host, ("x-hotels-chaos", "0")],
            vec![host, asks, ("origin", "http://evil.example")],
            vec![host, asks, ("origin", "null")],
            vec![host, asks, ("origin", "http://localhost:5001")],
            vec![host, asks, ("sec-fetch-site", "cross-site")],
            vec![host, asks, ("sec-fetch-site", "same-site")],
        ] {
            assert!(!is_own(&bad), "{bad:?}");
        }
    }
}
