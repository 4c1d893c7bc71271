//! Reading what Consul writes.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{
    error::{Call, Error},
    transport::Answer,
};

impl Answer {
    /// The body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parse(&self.body).map_err(|(field, reason)| self.nonsense(field, reason))
    }

    /// A body that is not what the call answers.
    pub(crate) fn nonsense(&self, field: impl Into<String>, reason: impl Into<String>) -> Error {
        let call: Call = self.call.clone();
        Error::Body {
            call,
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// Reads one JSON value, or says where it goes wrong and why.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, (String, String)> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { String::new() } else { path };
        (field, error.into_inner().to_string())
    })?;
    deserializer
        .end()
        .map_err(|error| (String::new(), error.to_string()))?;
    Ok(value)
}

/// Go writes an empty list or map as `null`.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A port that can be called; `None` for 0 and for what no port can be.
pub(crate) fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let port = Option::<i64>::deserialize(deserializer)?;
    Ok(port
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port != 0))
}

/// A weight: a number, cut to what fits.
pub(crate) fn weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let weight = i64::deserialize(deserializer)?;
    Ok(u32::try_from(weight.max(0)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::consul::Health;

    const HEALTH: &str = r#"[{"Node": {"Node": "n", "Address": "10.0.0.9"}, "Checks": [{"CheckID": "c", "Status": "passing"}],
        "Service": {"ID": "a", "Port": 1, "Tags": null, "Weights": {"Passing": 1, "Warning": 1}}}]"#;

    #[test]
    fn an_answer_that_breaks_off_anywhere_is_an_error() {
        assert!(parse::<Vec<Health>>(HEALTH.as_bytes()).is_ok());
        for end in 0..HEALTH.len() {
            assert!(
                parse::<Vec<Health>>(&HEALTH.as_bytes()[..end]).is_err(),
                "{end}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_answer_is_too_odd_to_be_judged(at in 0..HEALTH.len(), bytes in proptest::collection::vec(any::<u8>(), 0..4)) {
            let mut body = HEALTH.as_bytes().to_vec();
            body.splice(at..at + 1, bytes);
            // Either way will do, as long as there is one.
            let _ = parse::<Vec<Health>>(&body);
        }
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Thing {
        #[serde(default, deserialize_with = "or_default")]
        tags: Vec<String>,
        #[serde(default, deserialize_with = "port")]
        port: Option<u16>,
        #[serde(deserialize_with = "weight")]
        weight: u32,
    }

    #[test]
    fn what_is_left_out_or_null_is_empty() {
        let thing: Thing = parse(br#"{"Tags": null, "Weight": 3}"#).unwrap();
        assert!(thing.tags.is_empty());
        assert_eq!((thing.port, thing.weight), (None, 3));
    }

    #[test]
    fn numbers_out_of_range_are_cut_or_dropped() {
        let thing: Thing = parse(br#"{"Port": 70000, "Weight": -1}"#).unwrap();
        assert_eq!((thing.port, thing.weight), (None, 0));
        let thing: Thing = parse(br#"{"Port": 0, "Weight": 9999999999}"#).unwrap();
        assert_eq!((thing.port, thing.weight), (None, u32::MAX));
    }

    #[test]
    fn errors_name_the_field() {
        for (body, field, reason) in [
            (r#"[{"Weight": "3"}]"#, "[0].Weight", "invalid type: string"),
            (r#"[{"Port": 1}]"#, "[0]", "missing field `Weight`"),
            (
                r#"[{"Weight": 1, "Tags": [1]}]"#,
                "[0].Tags[0]",
                "invalid type: integer",
            ),
            (r#"[{"Weight": 1"#, "[0]", "EOF"),
            ("", "", "EOF"),
            ("[] []", "", "trailing characters"),
            ("<html>", "", "expected value"),
        ] {
            let (at, why) = parse::<Vec<Thing>>(body.as_bytes()).unwrap_err();
            assert!(at.starts_with(field), "{body}: {at}");
            assert!(why.contains(reason), "{body}: {why}");
        }
    }
}
