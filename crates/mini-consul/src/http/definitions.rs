//! What a caller says about services and checks, read and validated.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::decode::{self, Object};
use super::reply::ApiError;
use crate::config::Config;
use crate::probe::{GrpcTarget, HttpTarget, Probe, Target};
use crate::state::{CheckDefinition, Driver, ServiceDefinition, Status, Weights};

/// How long a probe may take that does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest weight that fits a DNS answer.
const MAX_WEIGHT: i64 = 65_535;

/// Reads the body of `/v1/agent/service/register`.
pub(super) fn service(
    bytes: &[u8],
    config: &Config,
) -> Result<(ServiceDefinition, Vec<CheckDefinition>), ApiError> {
    let mut object = decode::body(bytes)?;
    let mut service = ServiceDefinition {
        id: object.string("ID")?,
        name: object.string("Name")?,
        kind: object.string("Kind")?,
        tags: object.strings("Tags")?,
        address: object.string("Address")?,
        tagged_addresses: object
            .object_map("TaggedAddresses")?
            .into_iter()
            .map(tagged_address)
            .collect::<Result<_, _>>()?,
        meta: object.string_map("Meta")?,
        port: object.integer("Port")?.unwrap_or(0),
        weights: object
            .object("Weights")?
            .map(weights)
            .transpose()?
            .unwrap_or_default(),
        enable_tag_override: object.flag("EnableTagOverride")?,
    };
    let mut checks: Vec<_> = object
        .object("Check")?
        .into_iter()
        .filter(|check| !check.is_empty())
        .collect();
    checks.extend(object.objects("Checks")?);
    for ignored in [
        "Token",
        "Namespace",
        "Partition",
        "EnterpriseMeta",
        "Locality",
    ] {
        object.mentions(ignored);
    }
    for refused in ["Connect", "Proxy", "SocketPath"] {
        if object.mentions(refused) {
            return Err(ApiError::bad(format!(
                "mini-consul has no service mesh of its own: {refused} must not be set"
            )));
        }
    }
    object.finish()?;
    if service.id.is_empty() {
        service.id.clone_from(&service.name);
    }
    validate(&service)?;
    let read = |check| {
        let check = self::check(check, "CheckID", config)?;
        check
            .ok_or_else(|| ApiError::bad("Status for checks must 'passing', 'warning', 'critical'"))
    };
    let checks = checks.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok((service, checks))
}

/// Reads the body of `/v1/agent/check/register`: the check and the service it is of.
pub(super) fn node_check(
    bytes: &[u8],
    config: &Config,
) -> Result<(CheckDefinition, String), ApiError> {
    let mut object = decode::body(bytes)?;
    let service_id = object.string("ServiceID")?;
    let check = check(object, "ID", config)?.ok_or_else(|| ApiError::bad("Bad check status"))?;
    if check.name.is_empty() {
        return Err(ApiError::bad("Missing check name"));
    }
    let id = if check.id.is_empty() {
        check.name.clone()
    } else {
        check.id.clone()
    };
    Ok((CheckDefinition { id, ..check }, service_id))
}

fn validate(service: &ServiceDefinition) -> Result<(), ApiError> {
    if service.name.is_empty() {
        return Err(ApiError::bad("Missing service name"));
    }
    if ["0.0.0.0", "::", "[::]"].contains(&service.address.as_str()) {
        return Err(ApiError::bad("Invalid service address"));
    }
    validate_weights(service.weights)?;
    let plain = |key: &str| {
        key.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    match service
        .meta
        .iter()
        .find(|(key, _)| key.is_empty() || !plain(key))
    {
        None => Ok(()),
        Some((key, value)) => Err(ApiError::bad(format!(
            "Invalid Service Meta: Couldn't load metadata pair ('{key}', '{value}'): Key contains invalid characters"
        ))),
    }
}

fn validate_weights(weights: Weights) -> Result<(), ApiError> {
    let why = if weights.passing < 1 {
        "Passing must be greater than 0"
    } else if weights.warning < 0 {
        "Warning must be greater or equal than 0"
    } else if weights.passing > MAX_WEIGHT || weights.warning > MAX_WEIGHT {
        "DNS Weight must be between 0 and 65535"
    } else {
        return Ok(());
    };
    Err(ApiError::bad(format!("Invalid Weights: {why}")))
}

fn tagged_address(
    (name, mut object): (String, Object),
) -> Result<(String, (String, i64)), ApiError> {
    let address = object.string("Address")?;
    let port = object.integer("Port")?.unwrap_or(0);
    object.finish()?;
    Ok((name, (address, port)))
}

/// A weight that is not named is 0, which only `Warning` may be.
fn weights(mut object: Object) -> Result<Weights, ApiError> {
    let passing = object.integer("Passing")?.unwrap_or(0);
    let warning = object.integer("Warning")?.unwrap_or(0);
    object.finish()?;
    Ok(Weights { passing, warning })
}

/// Reads a check; none where its status is no status, which is worded differently from path to path.
fn check(
    mut object: Object,
    id: &str,
    config: &Config,
) -> Result<Option<CheckDefinition>, ApiError> {
    let other_id = if id == "ID" { "CheckID" } else { "ID" };
    let (chosen, fallback) = (object.string(id)?, object.string(other_id)?);
    let status = object.string("Status")?;
    let name = object.string("Name")?;
    let notes = object.string("Notes")?;
    let success_before_passing = count(&mut object, "SuccessBeforePassing")?;
    let failures_before_critical = count(&mut object, "FailuresBeforeCritical")?;
    let deregister_after = object.duration("DeregisterCriticalServiceAfter")?;
    let driver = driver(&mut object, config)?;
    for ignored in [
        "Token",
        "Namespace",
        "Partition",
        "OutputMaxSize",
        "FailuresBeforeWarning",
        "TLSSkipVerify",
    ] {
        object.mentions(ignored);
    }
    object.finish()?;
    let status = match (status.as_str(), Status::parse(&status)) {
        ("", _) => None,
        (_, None) => return Ok(None),
        (_, known) => known,
    };
    Ok(Some(CheckDefinition {
        id: if chosen.is_empty() { fallback } else { chosen },
        name,
        notes,
        status,
        driver,
        deregister_after: Some(deregister_after).filter(|after| !after.is_zero()),
        success_before_passing,
        failures_before_critical,
    }))
}

fn count(object: &mut Object, name: &str) -> Result<u64, ApiError> {
    Ok(object.integer(name)?.unwrap_or(0).try_into().unwrap_or(0))
}

/// What drives the check. Where several things are named, the order is Consul's.
fn driver(object: &mut Object, config: &Config) -> Result<Driver, ApiError> {
    let (ttl, interval) = (object.duration("TTL")?, object.duration("Interval")?);
    let timeout = object.duration("Timeout")?;
    let (http, tcp, grpc) = (
        http_target(object)?,
        object.string("TCP")?,
        object.string("GRPC")?,
    );
    refuse_foreign(object)?;
    let probing = http.is_some() || !tcp.is_empty() || !grpc.is_empty();
    if !interval.is_zero() && !ttl.is_zero() {
        return Err(invalid("Interval and TTL cannot both be specified"));
    }
    if probing && interval.is_zero() {
        return Err(invalid(
            "Interval must be > 0 for Script, HTTP, or TCP checks",
        ));
    }
    if !probing && ttl.is_zero() {
        return Err(invalid("TTL must be > 0 for TTL checks"));
    }
    let target = match http {
        None if !tcp.is_empty() => Target::Tcp(tcp),
        None if !grpc.is_empty() => Target::Grpc(GrpcTarget::parse(&grpc)),
        None => return Ok(Driver::Ttl(ttl)),
        Some(target) => Target::Http(target),
    };
    let interval = interval.max(config.min_check_interval);
    let timeout = if timeout.is_zero() {
        DEFAULT_TIMEOUT.min(interval)
    } else {
        timeout
    };
    Ok(Driver::Probe(Arc::new(Probe {
        target,
        interval,
        timeout,
    })))
}

/// What Consul does and this registry does not is refused rather than reported passing or critical.
fn refuse_foreign(object: &mut Object) -> Result<(), ApiError> {
    if object.flag("GRPCUseTLS")? {
        return Err(invalid(
            "mini-consul does not check over TLS: GRPCUseTLS must not be set",
        ));
    }
    // Consul words it thus, as scripts are off there too unless asked for.
    if object.mentions("Args") | object.mentions("ScriptArgs") | object.mentions("Shell") {
        return Err(ApiError::internal(
            "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true",
        ));
    }
    for refused in [
        "AliasService",
        "AliasNode",
        "DockerContainerID",
        "UDP",
        "OSService",
        "H2PING",
    ] {
        if object.mentions(refused) {
            return Err(invalid(&format!("mini-consul has no {refused} checks")));
        }
    }
    for ignored in ["H2PingUseTLS", "TLSServerName", "ProxyGRPC", "ProxyHTTP"] {
        object.mentions(ignored);
    }
    Ok(())
}

fn http_target(object: &mut Object) -> Result<Option<HttpTarget>, ApiError> {
    let (url, method, body) = (
        object.string("HTTP")?,
        object.string("Method")?,
        object.string("Body")?,
    );
    let lists = object.string_lists("Header")?;
    object.mentions("DisableRedirects");
    if url.is_empty() {
        return Ok(None);
    }
    let parsed: Uri = url
        .parse()
        .map_err(|_| invalid(&format!("HTTP is no URL: {url}")))?;
    if parsed.scheme() != Some(&Scheme::HTTP) || parsed.host().is_none() {
        return Err(invalid(&format!(
            "mini-consul checks http:// URLs only: {url}"
        )));
    }
    let method = if method.is_empty() { "GET" } else { &method };
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| invalid(&format!("unknown Method: {method}")))?;
    let mut headers = HeaderMap::new();
    for (name, values) in lists {
        let wrong = || invalid(&format!("Header {name} cannot be sent"));
        let key: HeaderName = name.parse().map_err(|_| wrong())?;
        for value in values {
            headers.append(
                key.clone(),
                HeaderValue::from_str(&value).map_err(|_| wrong())?,
            );
        }
    }
    Ok(Some(HttpTarget {
        method,
        url: parsed,
        headers,
        body: Bytes::from(body),
    }))
}

fn invalid(why: &str) -> ApiError {
    ApiError::bad(format!("Invalid check: {why}"))
}
