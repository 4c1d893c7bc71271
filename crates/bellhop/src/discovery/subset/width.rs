//! How a caller asks to be told of more than its subset.

use futures_util::{Stream, stream};
use tokio::sync::mpsc;

/// What a caller says of whom it was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// None of them can be reached.
    More,
    /// That has not been so for long.
    Enough,
}

/// Where a caller asks for more.
#[derive(Clone, Debug)]
pub(crate) struct Width(mpsc::Sender<Need>);

impl Width {
    /// None of those told of can be reached.
    pub(crate) fn widen(&self) {
        self.say(Need::More);
    }

    /// The subset is enough again.
    pub(crate) fn narrow(&self) {
        self.say(Need::Enough);
    }

    fn say(&self, need: Need) {
        // Where something was said that is not heard yet, it is said again if it is still so.
        let _ = self.0.try_send(need);
    }
}

pub(super) fn needs() -> (Width, impl Stream<Item = Need> + Send) {
    let (width, needs) = mpsc::channel(1);
    let needs = stream::unfold(needs, |mut needs| async {
        let need = needs.recv().await?;
        Some((need, needs))
    });
    (Width(width), needs)
}
