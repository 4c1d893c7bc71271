//! What a request asks for in its URL.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path, Query};
use http::request::Parts;

use super::reply::ApiError;
use crate::app::App;
use crate::duration;
use crate::filter::{Filter, Schema};
use crate::state::Narrow;

/// The query of a URL; what nobody asks for is ignored.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// The first value of a parameter; without `=` it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The index that a blocking query waits to be passed; 0 does not wait.
    pub(super) fn index(&self) -> Result<u64, ApiError> {
        let text = self.get("index").filter(|text| !text.is_empty());
        text.map_or(Ok(0), str::parse)
            .map_err(|_| ApiError::bad("Invalid index"))
    }

    /// How long a blocking query is to wait, where it says.
    pub(super) fn wait(&self) -> Result<Option<Duration>, ApiError> {
        let text = self.get("wait").filter(|text| !text.is_empty());
        text.map(duration::parse)
            .transpose()
            .map_err(|_| ApiError::bad("Invalid wait time"))
    }

    /// Refuses what no query of the catalog or of keys can be answered for.
    pub(super) fn check_reach(&self, app: &App) -> Result<(), ApiError> {
        if self.has("stale") && self.has("consistent") {
            return Err(ApiError::bad(
                "Cannot specify ?stale with ?consistent, conflicting semantics.",
            ));
        }
        match self.get("dc") {
            Some(dc) if !dc.is_empty() && dc != app.config.datacenter => {
                Err(ApiError::internal("No path to datacenter"))
            }
            _ => Ok(()),
        }
    }

    /// How the answer is to be narrowed down.
    pub(super) fn narrow(&self) -> Result<Narrow, ApiError> {
        let passing = match self.get("passing") {
            None => false,
            Some("") => true,
            Some(text) => {
                parse_bool(text).ok_or_else(|| ApiError::bad("Invalid value for ?passing"))?
            }
        };
        let pair = |text: &str| {
            let (key, value) = text.split_once(':').unwrap_or((text, ""));
            (key.to_owned(), value.to_owned())
        };
        Ok(Narrow {
            tags: self
                .all("tag")
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
            node_meta: self.all("node-meta").map(pair).collect(),
            passing,
        })
    }

    /// The filter over records of one kind; absent, it lets everything pass.
    pub(super) fn filter(&self, schema: Schema) -> Result<Filter, ApiError> {
        let text = self.get("filter").unwrap_or_default();
        Filter::parse(text, schema).map_err(|error| ApiError::internal(error.to_string()))
    }
}

/// The words that Go takes for a boolean.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let query =
            <Query<Vec<(String, String)>> as FromRequestParts<S>>::from_request_parts(parts, state)
                .await;
        Ok(query.map_or_else(|_| Self::default(), |Query(pairs)| Self(pairs)))
    }
}

/// What follows the fixed part of a path, with `%2F` and the like undone.
#[derive(Debug)]
pub(super) struct Rest(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Rest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path =
            <Path<String> as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await;
        let path = path.map_err(|error| ApiError::bad(error.body_text()))?;
        Ok(Self(path.map_or_else(String::new, |Path(rest)| rest)))
    }
}
