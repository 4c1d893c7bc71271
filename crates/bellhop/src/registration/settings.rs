//! How an instance is registered.

use std::{collections::BTreeMap, time::Duration};

use ipnet::IpNet;

use super::HostPort;
use crate::{config::Reader, identity::META};

/// Time between two checks; Consul's least.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Time that a check may take: longer than the time between two, for a busy instance is not a dead one.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// Time after which an instance that does not report counts as dead.
const CHECK_TTL: Duration = Duration::from_secs(10);
/// Time after which a dead instance is taken off; Consul's least.
const DEREGISTER_AFTER: Duration = Duration::from_secs(60);
/// An equal share of the turns.
const WEIGHT: u32 = 1;
/// Above this no schedule of turns stays small; Consul's own advice ends there too.
const WEIGHT_MAX: u32 = 65_535;
/// What Consul takes of metadata, in bytes and in pairs; four pairs are ours.
const META_NAME_MAX: usize = 128;
const META_VALUE_MAX: usize = 512;
const META_PAIRS_MAX: usize = 60;

/// Who finds out whether an instance is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckBy {
    /// Consul calls it, in the way of its protocol.
    #[default]
    Probe,
    /// It reports by itself: for where Consul cannot reach it.
    Ttl,
}

/// How an instance is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address to advertise; the bound one where there is none.
    pub advertise: Option<HostPort>,
    /// Where bound to all addresses of this host: advertise the first one inside this network.
    pub advertise_network: Option<IpNet>,
    /// Who finds out whether the instance is well.
    pub check: CheckBy,
    /// Time between two of Consul's calls.
    pub check_interval: Duration,
    /// Time that one of them may take.
    pub check_timeout: Duration,
    /// With [`CheckBy::Ttl`]: time without a report after which the instance counts as dead; it reports three times as often.
    pub check_ttl: Duration,
    /// Time after which a dead instance is taken off; Consul's least is one minute.
    pub deregister_after: Duration,
    /// The share of the turns, from 1 to 65535.
    pub weight: u32,
    /// The version that runs, in the metadata as `version`.
    pub version: Option<String>,
    /// Any texts.
    pub tags: Vec<String>,
    /// More metadata; `version`, `protocol`, `bellhop` and what begins with `bellhop-` are not to be among it.
    pub meta: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            advertise: None,
            advertise_network: None,
            check: CheckBy::default(),
            check_interval: CHECK_INTERVAL,
            check_timeout: CHECK_TIMEOUT,
            check_ttl: CHECK_TTL,
            deregister_after: DEREGISTER_AFTER,
            weight: WEIGHT,
            version: None,
            tags: Vec::new(),
            meta: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Reads `BELLHOP_ADVERTISE`, `BELLHOP_ADVERTISE_NETWORK`, `BELLHOP_CHECK` (`grpc` and `http` both let Consul call, in
    /// the way of the member's protocol; `ttl`), `BELLHOP_CHECK_INTERVAL`, `BELLHOP_CHECK_TIMEOUT`, `BELLHOP_CHECK_TTL`,
    /// `BELLHOP_DEREGISTER_AFTER`, `BELLHOP_WEIGHT`, `BELLHOP_VERSION`, `BELLHOP_TAGS` (`a,b`) and `BELLHOP_META`
    /// (`name=value,name=value`).
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let network = "a network such as 10.1.0.0/16";
        let advertise = "HOST:PORT, with brackets around an IPv6 address";
        Self {
            advertise: reader.parse("BELLHOP_ADVERTISE", advertise),
            advertise_network: reader.parse("BELLHOP_ADVERTISE_NETWORK", network),
            check: reader
                .with("BELLHOP_CHECK", "grpc, http or ttl", check_by)
                .unwrap_or_default(),
            check_interval: reader
                .duration("BELLHOP_CHECK_INTERVAL")
                .unwrap_or(CHECK_INTERVAL),
            check_timeout: reader
                .duration("BELLHOP_CHECK_TIMEOUT")
                .unwrap_or(CHECK_TIMEOUT),
            check_ttl: reader.duration("BELLHOP_CHECK_TTL").unwrap_or(CHECK_TTL),
            deregister_after: reader
                .duration("BELLHOP_DEREGISTER_AFTER")
                .unwrap_or(DEREGISTER_AFTER),
            weight: reader
                .with("BELLHOP_WEIGHT", "a number from 1 to 65535", weight)
                .unwrap_or(WEIGHT),
            version: reader.with("BELLHOP_VERSION", "at most 512 bytes", |version| {
                (version.len() <= META_VALUE_MAX).then(|| version.to_owned())
            }),
            tags: list(&reader.text("BELLHOP_TAGS").unwrap_or_default())
                .map(str::to_owned)
                .collect(),
            meta: reader
                .with("BELLHOP_META", META_EXPECTED, meta)
                .unwrap_or_default(),
        }
    }
}

const META_EXPECTED: &str = "name=value,name=value: at most 60 pairs; names of letters, digits, - and _, up to 128 bytes, neither \
    beginning with consul- or bellhop- nor bellhop, version or protocol; values up to 512 bytes";

fn check_by(text: &str) -> Option<CheckBy> {
    match text {
        "grpc" | "http" => Some(CheckBy::Probe),
        "ttl" => Some(CheckBy::Ttl),
        _ => None,
    }
}

fn weight(text: &str) -> Option<u32> {
    let weight = text.parse().ok()?;
    (1..=WEIGHT_MAX).contains(&weight).then_some(weight)
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn meta(text: &str) -> Option<BTreeMap<String, String>> {
    let meta = list(text)
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            let valid = is_meta_name(name) && value.len() <= META_VALUE_MAX;
            valid.then(|| (name.to_owned(), value.to_owned()))
        })
        .collect::<Option<BTreeMap<_, _>>>()?;
    (meta.len() <= META_PAIRS_MAX).then_some(meta)
}

fn is_meta_name(name: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=META_NAME_MAX).contains(&name.len())
        && name.bytes().all(of_name)
        && !name.starts_with("consul-")
        && !name.starts_with("bellhop-")
        && !matches!(name, "version" | "protocol" | META)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigError;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let source: BTreeMap<String, String> = pairs
            .iter()
            .map(|(name, value)| (format!("BELLHOP_{name}"), (*value).to_owned()))
            .collect();
        let mut reader = Reader::new(&source);
        let settings = Settings::read(&mut reader);
        reader.finish().map(|()| settings)
    }

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(read(&[]).unwrap(), Settings::default());
    }

    #[test]
    fn lists_and_pairs_are_split() {
        let settings = read(&[
            ("TAGS", "blue, green ,"),
            ("META", "zone=east, build=a=b"),
            ("CHECK", "ttl"),
            ("WEIGHT", "7"),
        ])
        .unwrap();
        assert_eq!(settings.tags, ["blue", "green"]);
        assert_eq!(settings.meta["zone"], "east");
        assert_eq!(settings.meta["build"], "a=b");
        assert_eq!(settings.check, CheckBy::Ttl);
        assert_eq!(settings.weight, 7);
    }

    #[test]
    fn bad_ones_are_named_together() {
        for (name, value) in [
            ("ADVERTISE", "10.0.0.1"),
            ("ADVERTISE_NETWORK", "10.0.0.0/40"),
            ("CHECK", "tcp"),
            ("CHECK_INTERVAL", "0s"),
            ("WEIGHT", "0"),
            ("WEIGHT", "65536"),
            ("META", "version=2"),
            ("META", "consul-x=1"),
            ("META", "bellhop-admin=x"),
            ("META", "bellhop=x"),
            ("META", "zone"),
            ("META", "a b=c"),
        ] {
            let error = read(&[(name, value), ("CHECK_TTL", "x")]).unwrap_err();
            assert_eq!(error.faults.len(), 2, "{name}={value}: {error}");
        }
    }
}
