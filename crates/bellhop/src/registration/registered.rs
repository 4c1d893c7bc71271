//! An instance that is kept registered.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use http::Method;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    CheckBy, HostPort, NoAddress, Settings, Spec,
    advertise::{addresses_of_this_host, advertised},
    keeper::{BACKOFF, Keeper, Work},
    spec::{check_id, instance_id},
    ttl::Reporter,
};
use crate::{
    backoff::Retries,
    consul::{Call, Consul, Error},
    context::Voice,
};

/// How long taking an instance off the agent may last. What is left behind then is reaped by Consul.
const DEREGISTER_WITHIN: Duration = Duration::from_secs(3);

/// How long where the agent does not answer anyway: enough for one that comes back this moment.
const DEREGISTER_FROM_SILENCE_WITHIN: Duration = Duration::from_millis(500);

/// Where a registration stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// Not yet registered.
    Registering,
    /// The agent has it.
    Registered,
    /// The agent has it no more, or does not say; work is under way to put it right.
    Lost {
        /// What the last call met.
        error: Arc<Error>,
        /// Whether the agent ever had it.
        known: bool,
    },
    /// Taken off the agent for good.
    Deregistered,
}

/// What others know an instance by.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) address: HostPort,
}

impl Place {
    /// The address to advertise of a server that is bound, and an id for it.
    pub(crate) fn new(
        settings: &Settings,
        service: &str,
        bound: SocketAddr,
    ) -> Result<Self, NoAddress> {
        let address = advertised(settings, bound, addresses_of_this_host)?;
        let id = instance_id(service, &address, fastrand::u16(..));
        Ok(Self { id, address })
    }
}

/// An instance that is kept registered until this is dropped; only [`Registered::deregister`] takes it off the agent.
pub struct Registered {
    id: String,
    address: HostPort,
    consul: Consul,
    state: watch::Sender<State>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Registers an instance that serves already, and keeps it registered.
///
/// # Errors
/// Where there is no address to advertise. An agent that does not answer is no error: it is asked again until it does.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn start(consul: Consul, spec: Spec) -> Result<Registered, NoAddress> {
    let place = Place::new(&spec.settings, &spec.service, spec.bound)?;
    Ok(start_at(consul, spec, place))
}

/// The same, for an instance that has its id already.
pub(crate) fn start_at(consul: Consul, spec: Spec, place: Place) -> Registered {
    let Place { id, address } = place;
    let state = watch::Sender::new(State::Registering);
    let stop = CancellationToken::new();
    let lost = Arc::new(Notify::new());
    let reporter = (spec.settings.check == CheckBy::Ttl).then(|| Reporter {
        consul: consul.clone(),
        check: check_id(&id),
        ttl: spec.settings.check_ttl,
        healthy: spec.healthy.clone(),
        state: state.subscribe(),
        lost: lost.clone(),
    });
    let keeper = Keeper {
        consul: consul.clone(),
        spec,
        id: id.clone(),
        address: address.clone(),
        state: state.clone(),
        stop: stop.clone(),
        lost,
        work: Work::default(),
    };
    let task = tokio::spawn(Voice::current().carry(keeper.run(reporter)));
    Registered {
        id,
        address,
        consul,
        state,
        stop,
        task,
    }
}

impl Registered {
    /// The instance's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where others find it.
    pub fn address(&self) -> &HostPort {
        &self.address
    }

    /// Where the registration stands, now and later.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Takes the instance off the agent; tries for three seconds at most, and for half a second from when the agent does not
    /// answer.
    ///
    /// # Errors
    /// Where the agent did not take it off in time.
    pub async fn deregister(mut self) -> Result<(), Error> {
        let is_silent =
            matches!(&*self.state.borrow(), State::Lost { error, .. } if error.is_silence());
        let within = if is_silent {
            tracing::warn!(
                id = self.id,
                "the agent does not answer, leaving does not wait for it"
            );
            DEREGISTER_FROM_SILENCE_WITHIN
        } else {
            DEREGISTER_WITHIN
        };
        let mut deadline = Instant::now() + within;
        // A call to register that is under way is waited for: the agent might else serve it after the one to deregister.
        self.stop.cancel();
        if timeout_at(deadline, &mut self.task).await.is_err() {
            self.task.abort();
        }
        let mut last = Error::Timeout {
            call: Call {
                method: Method::PUT,
                path: format!("/v1/agent/service/deregister/{}", self.id),
            },
            after: within,
        };
        let mut retries = Retries::new(BACKOFF);
        loop {
            match timeout_at(deadline, self.consul.deregister(&self.id)).await {
                Ok(Ok(())) => break,
                Ok(Err(error)) => {
                    if error.is_silence() {
                        deadline = deadline.min(Instant::now() + DEREGISTER_FROM_SILENCE_WITHIN);
                    }
                    last = error;
                }
                Err(_) => return Err(last),
            }
            let pause = sleep(retries.failed(fastrand::f64()));
            if timeout_at(deadline, pause).await.is_err() {
                return Err(last);
            }
        }
        tracing::info!(id = self.id, "deregistered");
        self.state.send_replace(State::Deregistered);
        Ok(())
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.stop.cancel();
        self.task.abort();
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered")
            .field("id", &self.id)
            .field("address", &self.address)
            .field("state", &self.state.borrow())
            .finish_non_exhaustive()
    }
}
