//! Variables that Kubernetes puts into every container for each service of the namespace.
//!
//! One for a service called `bellhop` or `bellhop-…` begins like a setting. It is told from a mistyped one by its end and by what
//! it says.

use std::net::IpAddr;

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

/// Whether a variable is one of these: `X_SERVICE_HOST`, `X_SERVICE_PORT`, `X_SERVICE_PORT_HTTP`, `X_PORT`, and for each port
/// `X_PORT_80_TCP`, `X_PORT_80_TCP_PROTO`, `X_PORT_80_TCP_PORT`, `X_PORT_80_TCP_ADDR`.
pub(super) fn injects(name: &str, value: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") {
        return is_address(value);
    }
    if name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return is_port(value);
    }
    if name.ends_with("_PORT") && is_url(value) {
        return true;
    }
    // What the service is called may have such a part too.
    let mut ends = name
        .match_indices("_PORT_")
        .map(|(at, part)| &name[at + part.len()..]);
    ends.any(|end| is_of_port(end, value))
}

/// Whether it is of one port: `80_TCP` and what may stand behind.
fn is_of_port(end: &str, value: &str) -> bool {
    let Some((port, rest)) = end.split_once('_') else {
        return false;
    };
    let (protocol, what) = rest.split_once('_').unwrap_or((rest, ""));
    let is = |known: &&str| protocol == known.to_ascii_uppercase();
    is_port(port)
        && PROTOCOLS.iter().any(is)
        && match what {
            "" => is_url(value),
            "PROTO" => PROTOCOLS.contains(&value),
            "PORT" => value == port,
            "ADDR" => is_address(value),
            _ => false,
        }
}

fn is_port(value: &str) -> bool {
    value.parse::<u16>().is_ok()
}

fn is_address(value: &str) -> bool {
    value.parse::<IpAddr>().is_ok()
}

/// Such as `tcp://10.0.0.7:80`.
fn is_url(value: &str) -> bool {
    let Some((protocol, place)) = value.split_once("://") else {
        return false;
    };
    let Some((host, port)) = place.rsplit_once(':') else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    PROTOCOLS.contains(&protocol) && is_address(host) && is_port(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_service_is_known() {
        for (name, value) in [
            ("BELLHOP_SERVICE_HOST", "10.0.0.7"),
            ("BELLHOP_SERVICE_HOST", "fd00::7"),
            ("BELLHOP_WEB_SERVICE_PORT", "80"),
            ("BELLHOP_SERVICE_PORT_HTTP", "80"),
            ("BELLHOP_PORT", "tcp://10.0.0.7:80"),
            ("BELLHOP_PORT", "tcp://[fd00::7]:80"),
            ("BELLHOP_PORT_80_TCP", "tcp://10.0.0.7:80"),
            ("BELLHOP_PORT_53_UDP", "udp://10.0.0.7:53"),
            ("BELLHOP_PORT_80_TCP_PROTO", "tcp"),
            ("BELLHOP_PORT_80_TCP_PORT", "80"),
            ("BELLHOP_PORT_80_TCP_ADDR", "10.0.0.7"),
            ("BELLHOP_PORT_1_PORT_80_TCP_ADDR", "10.0.0.7"),
        ] {
            assert!(injects(name, value), "{name}={value}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_a_setting_of_somebody() {
        for (name, value) in [
            ("BELLHOP_PORT", "80"),
            ("BELLHOP_PORT", "http://10.0.0.7:80"),
            ("BELLHOP_PORT", "tcp://somewhere:80"),
            ("BELLHOP_SERVICE_HOST", "somewhere"),
            ("BELLHOP_SERVICE_PORT", "many"),
            ("BELLHOP_PORT_80", "tcp://10.0.0.7:80"),
            ("BELLHOP_PORT_80_TCP_PORT", "81"),
            ("BELLHOP_PORT_80_TCP_NAME", "web"),
            ("BELLHOP_PORT_X_TCP", "tcp://10.0.0.7:80"),
            ("BELLHOP_PORT_80_ICMP", "tcp://10.0.0.7:80"),
            ("BELLHOP_TIMEUOT", "2s"),
        ] {
            assert!(!injects(name, value), "{name}={value}");
        }
    }
}
