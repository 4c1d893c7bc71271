//! `/log-level`: which log lines there are.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::{
    LogFilter,
    reply::{Reply, fault, json},
};
use crate::context::Voice;

/// Far above any filter.
const BODY_MAX: usize = 4096;
/// For a while, not for ever.
const FOR_MAX: Duration = Duration::from_secs(24 * 60 * 60);

const NO_FILTER: &str = "this program has given its members no log filter to change";
const NO_BODY: &str =
    "expected a filter of at most 4096 bytes in the body, such as info,bellhop=debug";
const NO_SPAN: &str = "expected for=DURATION of at most one day, such as for=5m";

/// Where the filter stands.
#[derive(Serialize)]
struct Level {
    filter: String,
    /// When it goes back, and to what.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    then: Option<String>,
}

pub(super) fn show(filter: Option<&LogFilter>) -> Reply {
    let Some(filter) = filter else {
        return fault(StatusCode::NOT_IMPLEMENTED, NO_FILTER);
    };
    let standing = filter.standing();
    let rfc3339 = |time: SystemTime| humantime::format_rfc3339_seconds(time).to_string();
    let (until, then) = standing.then.unzip();
    let level = Level {
        filter: standing.filter,
        until: until.map(rfc3339),
        then,
    };
    json(StatusCode::OK, &level)
}

/// Changes the filter to what the body says; with `for=5m` in the query for a while.
pub(super) async fn change(
    filter: Option<&LogFilter>,
    query: Option<&str>,
    body: Incoming,
) -> Reply {
    let Some(filter) = filter else {
        return fault(StatusCode::NOT_IMPLEMENTED, NO_FILTER);
    };
    let Ok(span) = query.map(span).transpose() else {
        return fault(StatusCode::BAD_REQUEST, NO_SPAN);
    };
    let Some(text) = text(body).await else {
        return fault(StatusCode::BAD_REQUEST, NO_BODY);
    };
    let changed = match span {
        None => filter.set(&text),
        Some(span) => filter.set_for(&text, span).map(|change| {
            let filter = filter.clone();
            tokio::spawn(Voice::current().carry(async move {
                tokio::time::sleep(span).await;
                filter.lapse(change);
            }));
        }),
    };
    match changed {
        Ok(()) => show(Some(filter)),
        Err(error) => fault(
            StatusCode::BAD_REQUEST,
            &format!("{text:?} is no filter: {error}"),
        ),
    }
}

/// Nothing else may be asked for.
fn span(query: &str) -> Result<Duration, ()> {
    let text = query.strip_prefix("for=").ok_or(())?;
    let text = percent_decode_str(text).decode_utf8().map_err(drop)?;
    let span = humantime::parse_duration(&text).map_err(drop)?;
    let fits = !span.is_zero() && span <= FOR_MAX;
    fits.then_some(span).ok_or(())
}

async fn text(body: Incoming) -> Option<String> {
    let body = Limited::new(body, BODY_MAX).collect().await.ok()?;
    let text = String::from_utf8(body.to_bytes().into()).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
