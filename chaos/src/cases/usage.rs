//! What a system holds of the machine.

use std::{fmt, fs, io};

use crate::{Stage, stage::Member};

/// What a system holds of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// The frontends, whom clients can reach, all together.
    frontends: Held,
    /// All others together.
    others: Held,
}

#[derive(Clone, Copy, Debug, Default)]
struct Held {
    kibibytes: u64,
    files: usize,
}

/// So much more is not a leak: buffers, the allocator's reserve, idle connections.
const SLACK_KIBIBYTES: u64 = 64 * 1024;
const SLACK_FILES: usize = 100;
/// What one client may cost while it is there: buffers in both directions, and its request.
const CLIENT_KIBIBYTES: u64 = 64;
/// So many of a hundred clients have to be inside at one time, or the case shows nothing.
const INSIDE_PERCENT: usize = 90;

impl Usage {
    /// As the system says.
    pub(super) fn of(stage: &Stage) -> io::Result<Self> {
        let mut usage = Self::default();
        for member in stage.members.values().flatten() {
            match member.service {
                "frontend" => usage.frontends.add(member)?,
                _ => usage.others.add(member)?,
            }
        }
        Ok(usage)
    }

    /// The more of each.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            frontends: self.frontends.max(other.frontends),
            others: self.others.max(other.others),
        }
    }

    /// Whether it is no more than another and what so many clients may cost. Behind the frontends no client costs anything.
    pub(super) fn is_bounded(&self, other: &Self, clients: usize) -> bool {
        let clients = CLIENT_KIBIBYTES * clients as u64;
        let Self { frontends, others } = other;
        self.frontends.kibibytes <= frontends.kibibytes + SLACK_KIBIBYTES + clients
            && self.others.kibibytes <= others.kibibytes + SLACK_KIBIBYTES
    }

    /// Whether it is no more than another, within what may be.
    pub(super) fn is_about(&self, other: &Self) -> bool {
        self.frontends.is_about(&other.frontends) && self.others.is_about(&other.others)
    }

    /// Whether so many clients were let in since another time.
    pub(super) fn has_let_in(&self, before: &Self, clients: usize) -> bool {
        let more = self.frontends.files.saturating_sub(before.frontends.files);
        more * 100 >= clients * INSIDE_PERCENT
    }
}

impl Held {
    fn add(&mut self, member: &Member) -> io::Result<()> {
        let process = format!("/proc/{}", member.process.id());
        let status = fs::read_to_string(format!("{process}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let digits = resident.and_then(|text| text.split_whitespace().next());
        self.kibibytes += digits.and_then(|text| text.parse().ok()).unwrap_or(0);
        self.files += fs::read_dir(format!("{process}/fd"))?.count();
        Ok(())
    }

    fn max(self, other: Self) -> Self {
        Self {
            kibibytes: self.kibibytes.max(other.kibibytes),
            files: self.files.max(other.files),
        }
    }

    fn is_about(&self, other: &Self) -> bool {
        self.kibibytes <= other.kibibytes + SLACK_KIBIBYTES
            && self.files <= other.files + SLACK_FILES
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frontends, others } = self;
        let (memory, behind) = (frontends.kibibytes / 1024, others.kibibytes / 1024);
        let files = frontends.files;
        write!(f, "{memory} MiB and {files} files ({behind} MiB behind)")
    }
}
