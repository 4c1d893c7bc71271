//! What the frontends hold of the machine.

use std::{fmt, fs, io};

use crate::Stage;

/// What the frontends hold of the machine, all together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    kibibytes: u64,
    files: usize,
}

/// So much more is not a leak: buffers, the allocator's reserve, idle connections.
const SLACK_KIBIBYTES: u64 = 64 * 1024;
const SLACK_FILES: usize = 100;
/// What one client may cost while it is there: buffers in both directions, and its request.
const CLIENT_KIBIBYTES: u64 = 64;

impl Usage {
    /// As the system says.
    pub(super) fn of(stage: &Stage) -> io::Result<Self> {
        let mut all = Self::default();
        for frontend in &stage.members["frontend"] {
            let process = format!("/proc/{}", frontend.process.id());
            let status = fs::read_to_string(format!("{process}/status"))?;
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let digits = resident.and_then(|text| text.split_whitespace().next());
            all.kibibytes += digits.and_then(|text| text.parse().ok()).unwrap_or(0);
            all.files += fs::read_dir(format!("{process}/fd"))?.count();
        }
        Ok(all)
    }

    /// The more of either.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            kibibytes: self.kibibytes.max(other.kibibytes),
            files: self.files.max(other.files),
        }
    }

    /// Whether it is no more than another and what so many clients may cost.
    pub(super) fn is_bounded(&self, other: &Self, clients: usize) -> bool {
        let clients = CLIENT_KIBIBYTES * clients as u64;
        self.kibibytes <= other.kibibytes + SLACK_KIBIBYTES + clients
    }

    /// Whether it is no more than another, within what may be.
    pub(super) fn is_about(&self, other: &Self) -> bool {
        self.kibibytes <= other.kibibytes + SLACK_KIBIBYTES
            && self.files <= other.files + SLACK_FILES
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = self.kibibytes / 1024;
        write!(f, "{mebibytes} MiB and {} files", self.files)
    }
}
