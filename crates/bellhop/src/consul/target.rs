//! Paths and queries, percent-encoded.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 3986 calls unreserved: right within a segment of a path and within a query.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A path and a query.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    path: String,
    query: String,
}

impl Target {
    /// Starts from a path that is written out, as in `/v1/health/service`.
    pub(crate) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            query: String::new(),
        }
    }

    /// Adds one segment: what looks like a slash in it stays part of it.
    pub(crate) fn segment(mut self, segment: &str) -> Self {
        self.path.push('/');
        match segment {
            // A segment of dots would be taken for a step in the tree by whoever normalises paths.
            "." => self.path.push_str("%2E"),
            ".." => self.path.push_str("%2E%2E"),
            _ => self.path.extend(utf8_percent_encode(segment, RESERVED)),
        }
        self
    }

    /// Adds a name and its value to the query.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query
            .push(if self.query.is_empty() { '?' } else { '&' });
        // Writing to a text cannot fail.
        let _ = write!(
            self.query,
            "{name}={}",
            utf8_percent_encode(value, RESERVED)
        );
        self
    }

    /// Adds to the query where there is a value.
    pub(crate) fn query_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn path_and_query(&self) -> String {
        format!("{}{}", self.path, self.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_values_are_encoded() {
        let target = Target::new("/v1/agent/service")
            .segment("a/b ?#%ü")
            .query("reason", "x & y=z")
            .query_if("ns", None)
            .query_if("dc", Some("dc1"));
        assert_eq!(target.path(), "/v1/agent/service/a%2Fb%20%3F%23%25%C3%BC");
        assert_eq!(
            target.path_and_query(),
            "/v1/agent/service/a%2Fb%20%3F%23%25%C3%BC?reason=x%20%26%20y%3Dz&dc=dc1"
        );
    }

    #[test]
    fn a_segment_cannot_climb() {
        assert_eq!(Target::new("/v1/kv").segment("..").path(), "/v1/kv/%2E%2E");
    }
}
