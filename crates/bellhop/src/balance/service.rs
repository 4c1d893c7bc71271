//! The tower service over a shard of a ring.

use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, timeout};
use tower::Service;

use super::{Available, Recover, Says, Shard, Want};

/// Sends each request to the member whose turn it is.
///
/// It is always ready: a request that finds no member waits for one, at most as long as its patience lasts, or a tenth of that
/// where nobody has come for so long. A request that a member gives back unsent goes to the next one.
pub struct RoundRobin<K, S> {
    shared: Arc<Shared<K, S>>,
}

struct Shared<K, S> {
    shard: Shard<K, S>,
    patience: Duration,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// Nobody could be picked for as long as the request could wait.
    #[error("no member within {waited:?}")]
    NoMember {
        /// How long the request waited.
        waited: Duration,
    },
    /// The member that was picked failed.
    #[error(transparent)]
    Member(E),
}

impl<K, S> RoundRobin<K, S> {
    /// Takes turns over the members of a shard; `patience` bounds the wait for the first.
    pub fn new(shard: Shard<K, S>, patience: Duration) -> Self {
        Self {
            shared: Arc::new(Shared { shard, patience }),
        }
    }
}

impl<K, S> RoundRobin<K, S>
where
    K: Clone + Ord + Send + Sync + 'static,
{
    /// Sends a request to the next in turn, to one that is not among `avoid` where there is such a member. Where there is
    /// nobody at all, what it `says` may make the request less patient.
    pub(crate) fn call_avoiding<Request>(
        &self,
        request: Request,
        says: Says<Request>,
        avoid: Vec<K>,
    ) -> ResponseFuture<K, S, Request>
    where
        S: Available + Send + Sync + 'static,
        S::Picked: Service<Request> + Send + 'static,
    {
        let say = |sticky: Option<&_>| (says.want)(&request, sticky);
        let (picked, want) = self.shared.shard.pick_first(say, &avoid);
        let state = match picked {
            Some(member) => State::picked(member, request),
            None => State::waiting(self, says, &want, &avoid, request),
        };
        ResponseFuture {
            state,
            balancer: self.clone(),
            says,
            want,
            avoid,
            given_back: 0,
        }
    }

    /// Whether nobody has come for so long that requests fail fast.
    pub(crate) fn fails_fast(&self) -> bool {
        let Shared { shard, patience } = &*self.shared;
        shard.absence().is_long(*patience, Instant::now())
    }

    /// Whether a request could go to somebody who is not to be avoided.
    pub fn has_other(&self, avoid: impl Fn(&K) -> bool) -> bool
    where
        S: Available,
    {
        self.shared.shard.has_other(avoid)
    }
}

impl<K, S, Request> Service<Request> for RoundRobin<K, S>
where
    K: Clone + Ord + Send + Sync + 'static,
    S: Available + Send + Sync + 'static,
    S::Picked: Service<Request> + Send + 'static,
    ErrorOf<S, Request>: Recover<Request>,
{
    type Response = ResponseOf<S, Request>;
    type Error = Error<ErrorOf<S, Request>>;
    type Future = ResponseFuture<K, S, Request>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.call_avoiding(request, Says::NOTHING, Vec::new())
    }
}

type ResponseOf<S, Request> = <<S as Available>::Picked as Service<Request>>::Response;
type ErrorOf<S, Request> = <<S as Available>::Picked as Service<Request>>::Error;

pin_project! {
    /// The answer to a request.
    pub struct ResponseFuture<K, S, Request>
    where
        S: Available,
        S::Picked: Service<Request>,
    {
        #[pin]
        state: State<S::Picked, Request>,
        balancer: RoundRobin<K, S>,
        says: Says<Request>,
        want: Want,
        avoid: Vec<K>,
        given_back: usize,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<P, Request>
    where
        P: Service<Request>,
    {
        Picked { member: P, request: Option<Request> },
        Calling { #[pin] call: P::Future },
        Waiting { member: Waiting<P>, request: Option<Request> },
    }
}

impl<K, S, Request> ResponseFuture<K, S, Request>
where
    S: Available,
    S::Picked: Service<Request>,
{
    /// The call, while a member has the request.
    pub(crate) fn call(&self) -> Option<&<S::Picked as Service<Request>>::Future> {
        match &self.state {
            State::Calling { call } => Some(call),
            _ => None,
        }
    }

    /// Whether nobody has come for so long that requests fail fast.
    pub(crate) fn fails_fast(&self) -> bool
    where
        K: Clone + Ord + Send + Sync + 'static,
    {
        self.balancer.fails_fast()
    }
}

/// A member, or how long was waited in vain. Boxed: it is off the path that a request takes when all is well.
type Waiting<P> = Pin<Box<dyn Future<Output = Result<P, Duration>> + Send>>;

impl<P, Request> State<P, Request>
where
    P: Service<Request> + Send + 'static,
{
    fn picked(member: P, request: Request) -> Self {
        Self::Picked {
            member,
            request: Some(request),
        }
    }

    fn waiting<K, S>(
        balancer: &RoundRobin<K, S>,
        says: Says<Request>,
        want: &Want,
        avoid: &[K],
        request: Request,
    ) -> Self
    where
        K: Clone + Ord + Send + Sync + 'static,
        S: Available<Picked = P> + Send + Sync + 'static,
    {
        let limit = (says.limit)(&request);
        let shared = balancer.shared.clone();
        let wait = wait(shared, limit, want.clone(), avoid.to_vec());
        Self::Waiting {
            member: Box::pin(wait),
            request: Some(request),
        }
    }
}

/// The next member that can be picked, if one comes in time; how long was waited where none does.
async fn wait<K, S>(
    shared: Arc<Shared<K, S>>,
    limit: Option<Duration>,
    mut want: Want,
    avoid: Vec<K>,
) -> Result<S::Picked, Duration>
where
    K: Clone + Ord,
    S: Available,
{
    let Shared { shard, patience } = &*shared;
    let absence = shard.absence();
    let patience = absence.begin(*patience, Instant::now());
    shard.want();
    let patience = limit.map_or(patience, |limit| limit.min(patience));
    let picked = async {
        loop {
            let mut changed = pin!(shard.changed());
            // From here on no change is missed, so the pick comes after.
            changed.as_mut().enable();
            if let Some(member) = shard.pick_for(&mut want, &avoid) {
                absence.end();
                return member;
            }
            changed.await;
        }
    };
    timeout(patience, picked).await.map_err(|_| patience)
}

impl<K, S, Request> Future for ResponseFuture<K, S, Request>
where
    K: Clone + Ord + Send + Sync + 'static,
    S: Available + Send + Sync + 'static,
    S::Picked: Service<Request> + Send + 'static,
    ErrorOf<S, Request>: Recover<Request>,
{
    type Output = Result<ResponseOf<S, Request>, Error<ErrorOf<S, Request>>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Picked { member, request } => {
                    ready!(member.poll_ready(cx)).map_err(Error::Member)?;
                    let request = request.take().expect("polled after its end");
                    State::Calling {
                        call: member.call(request),
                    }
                }
                StateProjection::Calling { call } => match ready!(call.poll(cx)) {
                    Ok(response) => return Poll::Ready(Ok(response)),
                    // Each member may give the request back once; a member that does it again is broken.
                    Err(error) if *this.given_back > this.balancer.shared.shard.len() => {
                        return Poll::Ready(Err(Error::Member(error)));
                    }
                    Err(error) => match error.recover() {
                        Err(error) => return Poll::Ready(Err(Error::Member(error))),
                        Ok(request) => {
                            *this.given_back += 1;
                            let balancer = &*this.balancer;
                            match balancer.shared.shard.pick_for(this.want, this.avoid) {
                                Some(member) => State::picked(member, request),
                                None => State::waiting(
                                    balancer, *this.says, this.want, this.avoid, request,
                                ),
                            }
                        }
                    },
                },
                StateProjection::Waiting { member, request } => {
                    let waited = |waited| Error::NoMember { waited };
                    let member = ready!(member.as_mut().poll(cx)).map_err(waited)?;
                    let request = request.take().expect("polled after its end");
                    State::picked(member, request)
                }
            };
            this.state.set(next);
        }
    }
}

impl<K, S> Clone for RoundRobin<K, S> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<K: fmt::Debug, S> fmt::Debug for RoundRobin<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoundRobin")
            .field("shard", &self.shared.shard)
            .finish_non_exhaustive()
    }
}

impl<K, S, Request> fmt::Debug for ResponseFuture<K, S, Request>
where
    S: Available,
    S::Picked: Service<Request>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("given_back", &self.given_back)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::balance::{Membership, Ring};

    /// Leaves when it is called, and gives the request back.
    #[derive(Clone)]
    struct Leaves(Arc<Mutex<Option<Membership<u8, Leaves>>>>);

    #[derive(Debug)]
    struct Unsent;

    impl Available for Leaves {
        type Picked = Self;

        fn is_available(&self) -> bool {
            true
        }

        fn pick(&self) -> Option<Self> {
            Some(self.clone())
        }
    }

    impl Service<()> for Leaves {
        type Response = ();
        type Error = Unsent;
        type Future = std::future::Ready<Result<(), Unsent>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.0.lock().unwrap().take();
            std::future::ready(Err(Unsent))
        }
    }

    impl Recover<()> for Unsent {
        fn recover(self) -> Result<(), Self> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_comes_back_waits_no_longer_than_it_may() {
        let shard = Ring::new().shard();
        let member = Leaves(Arc::default());
        *member.0.lock().unwrap() = Some(shard.join(1, 1, member.clone()));
        let balancer = RoundRobin::new(shard, Duration::from_secs(1));
        let may = Duration::from_millis(270);
        let says = Says {
            limit: |()| Some(Duration::from_millis(270)),
            ..Says::NOTHING
        };
        let answer = balancer.call_avoiding((), says, Vec::new());
        let error = answer.await.unwrap_err();
        assert!(matches!(error, Error::NoMember { waited } if waited == may));
    }
}
