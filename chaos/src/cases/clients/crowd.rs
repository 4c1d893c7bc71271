//! Many clients beside the load.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{Failure, Figures, Load, Report, Shape, Stage, Suite, cases::usage::Usage};

/// What a frontend says of such a request.
const LEFT: &str = "the client left";
/// Before a client tries again that could not connect.
const REFUSED: Duration = Duration::from_millis(100);
/// How often to look what the frontends hold meanwhile.
const LOOK: Duration = Duration::from_millis(250);

/// So many clients. Each begins anew as often as it ends.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) count: usize,
    /// They come one by one within this time.
    pub(super) within: Duration,
    /// What they come to.
    pub(super) shape: Shape,
}

/// What was seen of them.
#[derive(Debug)]
pub(super) struct Seen {
    count: usize,
    figures: Figures,
    /// Connections of theirs that have ended, by whomever.
    pub(super) ended: usize,
    /// Requests whose client left before the answer, as the frontends have it.
    pub(super) left: usize,
    before: Usage,
    meanwhile: Usage,
    after: Usage,
}

impl Crowd {
    /// Has them come beside the load for a while.
    pub(super) async fn beside<F>(
        self,
        suite: &Suite,
        client: impl Fn(SocketAddr) -> F + Copy + Send + 'static,
    ) -> Result<Seen, Failure>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let stage = Stage::start(suite, self.shape).await;
        let load = stage.load().await?;
        load.pass(suite.pace.before()).await;
        let before = Usage::of(&stage)?;
        load.breaks();
        let ended = Arc::<AtomicUsize>::default();
        let mut clients = JoinSet::new();
        let frontends = stage.members["frontend"].iter().cycle();
        for (number, frontend) in (0..self.count).zip(frontends) {
            let (address, ended) = (frontend.address, ended.clone());
            let turn = self.within * number as u32 / self.count as u32;
            clients.spawn(async move {
                sleep(turn).await;
                loop {
                    let end = client(address).await;
                    ended.fetch_add(1, Relaxed);
                    if end.is_err() {
                        // Being turned away is an answer.
                        sleep(REFUSED).await;
                    }
                }
            });
        }
        let meanwhile = most(&load, &stage, self.within + suite.pace.hold() * 2).await?;
        clients.shutdown().await;
        load.heals();
        load.pass(suite.pace.after()).await;
        Ok(Seen {
            count: self.count,
            figures: load.stop().await,
            ended: ended.load(Relaxed),
            left: left(&stage),
            before,
            meanwhile,
            after: Usage::of(&stage)?,
        })
    }
}

/// The most that the frontends hold within a time.
async fn most(load: &Load, stage: &Stage, time: Duration) -> Result<Usage, Failure> {
    let end = Instant::now() + time;
    let mut most = Usage::default();
    while Instant::now() < end {
        load.pass(LOOK).await;
        most = most.max(Usage::of(stage)?);
    }
    Ok(most)
}

fn left(stage: &Stage) -> usize {
    let said = |line: &&str| line.contains(LEFT);
    let outputs = stage.members["frontend"]
        .iter()
        .map(|member| member.process.output());
    outputs
        .map(|output| output.lines().filter(said).count())
        .sum()
}

impl Seen {
    /// As [`Seen::report`], where they stay: nearly all have to be inside at one time.
    pub(super) fn report_of_inside(self) -> Report {
        let (count, before, meanwhile) = (self.count, self.before, self.meanwhile);
        let inside = meanwhile.has_let_in(&before, count);
        self.report().rule(inside, || {
            format!("fewer than {count} were let in: {meanwhile}, before {before}")
        })
    }

    /// Nothing was lost beside them, and the frontends held no more than a little for each, and nothing afterwards.
    pub(super) fn report(self) -> Report {
        let Self {
            count,
            before,
            meanwhile,
            after,
            ..
        } = self;
        let ended = self.ended;
        Report::nothing_lost(self.figures)
            .note(format!(
                "before {before}; with {count} such clients at most {meanwhile}, {ended} connections of theirs ended; after {after}"
            ))
            .rule(meanwhile.is_bounded(&before, count), || {
                format!("so many clients cost {meanwhile}, before {before}")
            })
            .rule(after.is_about(&before), || {
                format!("something is left behind: {after}, before {before}")
            })
    }
}
