//! A call in trouble: all that follows its first attempt.

use std::{
    future::{pending, poll_fn},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use http::Response;
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    Attempts, Failure, Pushback, Shared, Trail,
    flight::{Answer, Failed, Flight},
    methods::Method,
    policy::{Verdict, verdict},
    replay::Kept,
    target::{Begin, Target},
    trail::End,
    tries::Kind,
};
use crate::{breaker::overtaken, discovery::InstanceId, endpoint::Peer};

/// What a call needs for further attempts.
pub(super) struct Again<T> {
    pub(super) target: T,
    pub(super) shared: Arc<Shared>,
    pub(super) kept: Kept,
    pub(super) method: Method,
    pub(super) attempts: Attempts,
    /// Whether attempts say what they may use up.
    pub(super) says_share: bool,
    pub(super) deadline: Option<Instant>,
}

/// A call in trouble.
struct Trouble<T: Target> {
    call: Again<T>,
    flights: Vec<Flight<T>>,
    /// Who has failed.
    avoid: Vec<InstanceId>,
    trail: Trail,
    /// The failure to tell of where nothing helps.
    last: Option<Failed<T>>,
    /// Attempts that may have reached a handler.
    reached: u32,
    /// Attempts that provably did not.
    unprocessed: u32,
    hedge_at: Option<Instant>,
}

/// What is to be done after a failure.
enum Next {
    /// Wait for those that are still under way.
    Wait,
    /// Make an attempt after a while; `share` is what it may use up.
    Launch {
        after: Duration,
        share: u32,
        kind: Kind,
    },
    /// Give up.
    GiveUp,
}

impl<T: Target> Again<T> {
    /// Goes on after a failure of the first attempt.
    pub(super) async fn after(self, failed: Failed<T>, share: u32) -> Answer<T> {
        failed.end(self.kept.first_span());
        let mut trouble = Trouble::new(self, Vec::new());
        let next = trouble.failed(failed, share, false);
        trouble.go_on(next).await
    }

    /// Goes on beside a first attempt that is slow to answer.
    pub(super) async fn beside(self, flight: Flight<T>) -> Answer<T> {
        let mut trouble = Trouble::new(self, vec![flight]);
        trouble.hedge();
        trouble.go_on(Next::Wait).await
    }

    /// Whether it may ever make another attempt beside one that is slow.
    pub(super) fn hedge_after(&self) -> Option<Duration> {
        let base = self.shared.settings.hedge_after;
        let base = base.filter(|_| self.method.idempotent && self.attempts.more() > 0)?;
        // The hop nearest to the trouble has the fewest attempts, and so acts first.
        Some(base.saturating_mul(self.attempts.made() + self.attempts.more()))
    }
}

impl<T: Target> Trouble<T> {
    fn new(call: Again<T>, flights: Vec<Flight<T>>) -> Self {
        Self {
            call,
            flights,
            avoid: Vec::new(),
            trail: Trail::default(),
            last: None,
            reached: 0,
            unprocessed: 0,
            hedge_at: None,
        }
    }

    async fn go_on(mut self, mut next: Next) -> Answer<T> {
        loop {
            match next {
                Next::GiveUp => return self.give_up(),
                Next::Launch { after, share, kind } => {
                    if !after.is_zero() {
                        sleep(after).await;
                    }
                    self.launch(share, kind);
                }
                Next::Wait => {}
            }
            next = loop {
                match self.next_end().await {
                    Some((flight, Ok(response))) => return Ok(self.answered(flight, response)),
                    Some((mut flight, Err(failed))) => {
                        failed.end(flight.span.take());
                        break self.failed(failed, flight.share, flight.hedge);
                    }
                    None => self.hedge(),
                }
            };
        }
    }

    /// The end of the next attempt to end; `None` when it is time for another one beside those under way.
    async fn next_end(&mut self) -> Option<(Flight<T>, Result<Response<T::Body>, Failed<T>>)> {
        let hedge_at = self.hedge_at;
        let time = async {
            match hedge_at {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        let flights = &mut self.flights;
        let ended = poll_fn(|cx| {
            for (index, flight) in flights.iter_mut().enumerate() {
                if let Poll::Ready(end) = flight.poll(cx) {
                    return Poll::Ready((index, end));
                }
            }
            Poll::Pending
        });
        tokio::select! {
            biased;
            (index, end) = ended => Some((self.flights.remove(index), end)),
            () = time => None,
        }
    }

    fn launch(&mut self, share: u32, kind: Kind) {
        let Again {
            target,
            shared,
            kept,
            attempts,
            method,
            says_share,
            deadline,
            ..
        } = &self.call;
        shared.count(kind);
        let now = Instant::now();
        let timeout = deadline.map(|at| at.saturating_duration_since(now));
        let said = says_share.then_some(share);
        let mut request = kept.request(timeout, said, attempts.made() - 1);
        let span = kept.span(kind.name());
        if let Some(span) = &span {
            span.inject(request.headers_mut());
        }
        let attempt = target.attempt(request, self.avoided());
        let hedge = kind == Kind::Hedge;
        let flight = Flight::new(attempt, share, hedge, method.look()).recorded(span);
        self.flights.push(flight);
        self.hedge_at = self.call.hedge_after().map(|after| now + after);
    }

    /// Makes another attempt beside those under way, where there is somebody else to make it with and it can be afforded.
    fn hedge(&mut self) {
        let now = Instant::now();
        self.hedge_at = self.call.hedge_after().map(|after| now + after);
        let others = self.call.target.has_other(&self.avoided());
        if self.hedge_at.is_none() || !others || !self.call.shared.budget.spend(now) {
            return;
        }
        if let Some(share) = self.call.attempts.begin() {
            // Only the first attempt may have none: it was the only one.
            for first in self
                .flights
                .iter_mut()
                .filter(|flight| flight.span.is_none())
            {
                first.span = self.call.kept.first_span();
            }
            self.launch(share, Kind::Hedge);
        }
    }

    /// Those who have failed, and those who are being waited for.
    fn avoided(&self) -> Vec<InstanceId> {
        let waited_for = self.flights.iter().filter_map(Flight::peer);
        let waited_for = waited_for.map(|peer| peer.id.clone());
        self.avoid.iter().cloned().chain(waited_for).collect()
    }

    fn answered(
        mut self,
        mut flight: Flight<T>,
        mut response: Response<T::Body>,
    ) -> Response<T::Body> {
        let peer = response.body().peer().clone();
        if let (Some(mut span), Some(notes)) = (flight.span.take(), &self.call.kept.notes) {
            span.set_endpoint(peer.address, peer.id.as_str());
            notes.answered_by(span);
        }
        self.overtake();
        self.trail.push(Some(peer), End::Answered, flight.hedge);
        response.body_mut().set_trail(Box::new(self.trail));
        response
    }

    /// Gives up those that are still under way.
    fn overtake(&mut self) {
        for mut flight in self.flights.drain(..) {
            let peer = flight.peer().cloned();
            if let Some(span) = &mut flight.span {
                span.event("bellhop.overtaken");
            }
            self.trail.push(peer, End::Overtaken, flight.hedge);
            overtaken(flight);
        }
    }

    fn failed(&mut self, mut failed: Failed<T>, share: u32, hedge: bool) -> Next {
        let failure = failed.failure;
        let peer = failed.peer().cloned();
        self.note(peer, failed.reason(), hedge);
        match failure {
            Failure::Nobody => {}
            Failure::Unprocessed => self.unprocessed += 1,
            _ => self.reached += 1,
        }
        // That there is nobody left says less than why the last one failed.
        if failure != Failure::Nobody || self.last.is_none() {
            self.last = Some(failed);
        }
        match verdict(self.call.method, failure, self.free_attempts()) {
            Verdict::Final if !failure.leaves_hope() => Next::GiveUp,
            _ if !self.flights.is_empty() => Next::Wait,
            Verdict::Final => Next::GiveUp,
            Verdict::Elsewhere => self.elsewhere(share),
            Verdict::Again(pushback) => self.again(self.pause(failure, pushback)),
        }
    }

    /// Attempts that cost nothing, as far as there are any left.
    fn free_attempts(&self) -> u32 {
        let most = self.call.shared.settings.free_attempts();
        // The one that failed last is to be judged.
        most.saturating_sub(self.unprocessed.saturating_sub(1))
    }

    fn note(&mut self, peer: Option<Arc<Peer>>, reason: String, hedge: bool) {
        if let Some(peer) = &peer
            && !self.avoid.contains(&peer.id)
        {
            self.avoid.push(peer.id.clone());
        }
        self.trail.push(peer, End::Failed(reason), hedge);
    }

    /// At once the first time: only who is turned away by one after the other must not hurry.
    fn elsewhere(&self, share: u32) -> Next {
        let after = match self.unprocessed {
            ..=1 => Duration::ZERO,
            times => self.backoff(times - 1),
        };
        match self.is_in_time(Instant::now(), after) {
            true => Next::Launch {
                after,
                share,
                kind: Kind::Transparent,
            },
            false => Next::GiveUp,
        }
    }

    fn again(&mut self, after: Duration) -> Next {
        let now = Instant::now();
        let can = self.call.attempts.more() > 0
            && self.is_in_time(now, after)
            && self.call.shared.budget.spend(now);
        match self.call.attempts.begin().filter(|_| can) {
            Some(share) => Next::Launch {
                after,
                share,
                kind: Kind::Retry,
            },
            None => Next::GiveUp,
        }
    }

    /// How long to wait before another attempt. That one has too much to do is no reason to keep others waiting, nor the
    /// caller, who is to hear of it soon where all of them have.
    fn pause(&self, failure: Failure, pushback: Pushback) -> Duration {
        match pushback {
            Pushback::After(after) => after,
            _ if failure == Failure::Refused && self.call.target.has_other(&self.avoid) => {
                Duration::ZERO
            }
            _ => self.backoff(self.call.attempts.made()),
        }
    }

    fn backoff(&self, failures: u32) -> Duration {
        let backoff = &self.call.shared.settings.backoff;
        backoff.full_jitter(failures, fastrand::f64())
    }

    /// Whether there is time left after a wait.
    fn is_in_time(&self, now: Instant, wait: Duration) -> bool {
        self.call.deadline.is_none_or(|at| {
            let left = at.saturating_duration_since(now);
            wait < left
        })
    }

    fn give_up(mut self) -> Answer<T> {
        self.overtake();
        let last = self.last.take().expect("who gives up has failed");
        match self.reached + self.unprocessed {
            ..=1 => last.into_answer(),
            attempts => last.after(attempts, Box::new(self.trail)),
        }
    }
}
