//! Whether anybody may look inside.

use crate::config::Reader;

/// Whether callers of a member may look inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// On the member's own port too; its admin endpoint shows it in any case.
    pub(crate) public: bool,
}

impl Settings {
    /// Reads `BELLHOP_CHANNELZ`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            public: reader.switch("BELLHOP_CHANNELZ").unwrap_or(true),
        }
    }
}
