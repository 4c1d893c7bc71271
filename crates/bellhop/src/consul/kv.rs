//! Keys and values.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

use super::{Consul, Error, Indexed, Query, target::Target};

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// May hold slashes.
    pub key: String,
    /// Any bytes.
    pub value: Vec<u8>,
    /// When it was last written: what a put with `cas` compares with.
    pub modified: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key: String,
    value: Option<String>,
    modify_index: u64,
}

impl Consul {
    /// Reads a key; `None` where there is none.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn kv_get(&self, key: &str, query: Query) -> Result<Indexed<Option<Pair>>, Error> {
        let answer = self.ask(self.global(target(key)), query).await?;
        // The gap where a key could be is an answer too: it has an index to wait from.
        if answer.status == StatusCode::NOT_FOUND && answer.body.is_empty() {
            return Ok(answer.indexed(None));
        }
        let answer = answer.success()?;
        let mut entries: Vec<Entry> = answer.json()?;
        let Some(entry) = entries.pop() else {
            return Err(answer.nonsense("", "a list of one entry is expected, this one is empty"));
        };
        let value = BASE64_STANDARD
            .decode(entry.value.unwrap_or_default())
            .map_err(|error| answer.nonsense("[0].Value", error.to_string()))?;
        Ok(answer.indexed(Some(Pair {
            key: entry.key,
            value,
            modified: entry.modify_index,
        })))
    }

    /// Writes a key. With `cas`, only where it was last written at that index, 0 meaning never.
    ///
    /// Answers whether it was written.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn kv_put(
        &self,
        key: &str,
        value: impl Into<Bytes>,
        cas: Option<u64>,
    ) -> Result<bool, Error> {
        let cas = cas.map(|index| index.to_string());
        let target = self.global(target(key)).query_if("cas", cas.as_deref());
        self.put(target, value).await?.json()
    }
}

/// Slashes in a key are steps, all else is encoded.
fn target(key: &str) -> Target {
    key.split('/').fold(Target::new("/v1/kv"), Target::segment)
}
