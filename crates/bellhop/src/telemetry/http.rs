//! What the span of an HTTP request says of it, by the conventions.

use ::http::{HeaderMap, Version, header::USER_AGENT, uri::Authority};
use opentelemetry::{KeyValue, trace::SpanKind};
use opentelemetry_semantic_conventions::attribute::{
    CLIENT_ADDRESS, HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL, NETWORK_PROTOCOL_VERSION,
    SERVER_ADDRESS, SERVER_PORT, URL_PATH, URL_QUERY, URL_SCHEME, USER_AGENT_ORIGINAL,
};

use super::{
    call::HttpCall,
    span::{Protocol, push_peer},
    status::method_name,
    tracer::{Begin, OTHER},
};

/// Room for the attributes of a whole request, so that none of them makes the list grow.
const ATTRIBUTES: usize = 16;

/// What a client says of itself is told up to so many characters.
const LONGEST: usize = 256;

/// How the span of a request begins.
pub(super) fn begin(headers: &HeaderMap, call: &HttpCall<'_>) -> Begin {
    let method = method_name(call.method);
    let mut attributes = Vec::with_capacity(ATTRIBUTES);
    attributes.push(KeyValue::new(HTTP_REQUEST_METHOD, method.unwrap_or(OTHER)));
    if method.is_none() {
        let original = call.method.as_str().to_owned();
        attributes.push(KeyValue::new(HTTP_REQUEST_METHOD_ORIGINAL, original));
    }
    attributes.push(KeyValue::new(URL_PATH, call.path.to_owned()));
    attributes.push(KeyValue::new(URL_SCHEME, call.scheme));
    if let Some(query) = call.query {
        attributes.push(KeyValue::new(URL_QUERY, query.to_owned()));
    }
    if let Some(version) = version(call.version) {
        attributes.push(KeyValue::new(NETWORK_PROTOCOL_VERSION, version));
    }
    if let Some(peer) = call.peer {
        push_peer(&mut attributes, peer);
        // Until somebody knows better who asks.
        attributes.push(KeyValue::new(CLIENT_ADDRESS, peer.ip().to_string()));
    }
    push_server(&mut attributes, call.authority);
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    if let Some(agent) = agent {
        let agent: String = agent.chars().take(LONGEST).collect();
        attributes.push(KeyValue::new(USER_AGENT_ORIGINAL, agent));
    }
    Begin {
        kind: SpanKind::Server,
        protocol: Protocol::Http,
        name: method.unwrap_or("HTTP").into(),
        attributes,
    }
}

fn push_server(attributes: &mut Vec<KeyValue>, authority: Option<&str>) {
    let authority = authority.filter(|authority| authority.len() <= LONGEST);
    let Some(authority) = authority.and_then(|text| text.parse::<Authority>().ok()) else {
        return;
    };
    // The brackets are the URL's.
    let host = authority.host().trim_matches(['[', ']']);
    attributes.push(KeyValue::new(SERVER_ADDRESS, host.to_owned()));
    if let Some(port) = authority.port_u16() {
        attributes.push(KeyValue::new(SERVER_PORT, i64::from(port)));
    }
}

/// As the conventions write it.
fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        _ => None,
    }
}

/// Of a query, the parameters that may be told; `None` where there are none of them.
pub(super) fn told(query: &str, names: &[&str]) -> Option<String> {
    let may_be_told = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        names.contains(&name)
    };
    let told: Vec<_> = query.split('&').filter(may_be_told).collect();
    (!told.is_empty()).then(|| told.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_told_as_far_as_its_parameters_are_known() {
        let told = |query| told(query, &["lat", "lon"]);
        assert_eq!(told("lat=1&token=x&lon=2").unwrap(), "lat=1&lon=2");
        assert_eq!(told("lat&latitude=1&LAT=2&=3&").unwrap(), "lat");
        assert_eq!(told("token=lat&x=lat=1"), None);
        assert_eq!(told(""), None);
    }

    #[test]
    fn whom_a_client_asks_is_a_host_or_nothing() {
        let told = |authority| {
            let mut attributes = Vec::new();
            push_server(&mut attributes, Some(authority));
            let values = attributes.iter().map(|one| one.value.to_string());
            values.collect::<Vec<_>>()
        };
        assert_eq!(told("example.org:8080"), ["example.org", "8080"]);
        assert_eq!(told("[::1]"), ["::1"]);
        assert_eq!(told("[::1]:8080"), ["::1", "8080"]);
        assert!(told("not a host").is_empty());
        assert!(told(&"x".repeat(300)).is_empty());
    }
}
