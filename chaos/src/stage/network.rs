//! A network of its own for one instance, whose cable can be cut.

use std::{
    net::Ipv4Addr,
    process::{self, Command},
};

use crate::Failure;

/// An address that no device has: what is sent to it is lost, and nobody says so.
const NOBODY: &str = "02:00:00:00:00:99";

/// Networks of one process have different numbers below this.
const MOST: u32 = 4;

/// A network namespace with one cable to this host. It goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Network {
    name: String,
    /// The ends of the cable: here, and inside.
    devices: [String; 2],
    addresses: [Ipv4Addr; 2],
}

impl Network {
    /// Lays the cable of one of a few networks. It takes root, and the program `ip`.
    ///
    /// # Errors
    /// What `ip` says where it cannot be.
    pub(crate) fn lay(number: usize) -> Result<Self, Failure> {
        let (process, number) = (process::id(), number as u32);
        // Out of those that are set aside for tests (RFC 2544); four addresses are enough.
        let network = (process * MOST + number) * 4 % (1 << 17);
        let network = u32::from(Ipv4Addr::new(198, 18, 0, 0)) + network;
        let network = Self {
            name: format!("chaos-{process}-{number}"),
            devices: ["h", "i"].map(|end| format!("chaos{process}{end}{number}")),
            addresses: [1, 2].map(|host| Ipv4Addr::from(network | host)),
        };
        let Self { name, devices, .. } = &network;
        let [here, inside] = devices;
        ip(&format!("netns add {name}"))?;
        ip(&format!(
            "link add {here} type veth peer name {inside} netns {name}"
        ))?;
        let [ours, its] = network.addresses;
        ip(&format!("addr add {ours}/30 dev {here}"))?;
        ip(&format!("link set {here} up"))?;
        ip(&format!("-n {name} addr add {its}/30 dev {inside}"))?;
        ip(&format!("-n {name} link set {inside} up"))?;
        ip(&format!("-n {name} link set lo up"))?;
        Ok(network)
    }

    /// This host's address at the cable.
    pub(crate) fn here(&self) -> Ipv4Addr {
        self.addresses[0]
    }

    /// The address inside.
    pub(crate) fn inside(&self) -> Ipv4Addr {
        self.addresses[1]
    }

    /// How a program is started inside.
    pub(crate) fn enter(&self) -> [String; 2] {
        ["nsenter".into(), format!("--net=/run/netns/{}", self.name)]
    }

    /// From here on packets are lost in both directions, without a word to anybody.
    pub(crate) fn cut(&self) -> Result<(), Failure> {
        self.neighbours(&format!("lladdr {NOBODY} nud permanent"), "replace")
    }

    /// From here on they arrive again.
    pub(crate) fn heal(&self) -> Result<(), Failure> {
        self.neighbours("", "del")
    }

    /// Tells each end where the other one is.
    fn neighbours(&self, place: &str, verb: &str) -> Result<(), Failure> {
        let Self {
            name,
            devices: [here, inside],
            addresses: [ours, its],
        } = self;
        ip(&format!("neigh {verb} {its} dev {here} {place}"))?;
        ip(&format!(
            "-n {name} neigh {verb} {ours} dev {inside} {place}"
        ))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The cable goes with its inner end, as soon as nobody lives inside.
        for command in [
            format!("link del {}", self.devices[0]),
            format!("netns del {}", self.name),
        ] {
            let _ = Command::new("ip")
                .args(command.split_whitespace())
                .stderr(process::Stdio::null())
                .status();
        }
    }
}

fn ip(command: &str) -> Result<(), Failure> {
    let failed = |why: String| {
        format!(
            "ip {command}: {why}; a network namespace takes root and iproute2, --without-netns goes without"
        )
    };
    let output = Command::new("ip")
        .args(command.split_whitespace())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()).into()),
    }
}
