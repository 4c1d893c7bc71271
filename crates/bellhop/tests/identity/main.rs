//! Whoever answers at an instance's address has to be that instance.

mod odd;
#[path = "../support/wait.rs"]
mod wait;

use std::{collections::BTreeMap, convert::Infallible, net::SocketAddr};

use bellhop::{
    Mesh, Serving,
    client::Channel,
    discovery::{Change, Event, Instance, InstanceId},
    server::{App, RequestBody, Services},
};
use futures_util::{Stream, future::join_all, stream};
use http::{Request, Response};
use http_body_util::Empty;
use odd::{Odd, OddServer};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use wait::until;

/// A registry that a test speaks for, and a channel to `rate`.
struct Subject {
    registry: UnboundedSender<Event>,
    channel: Channel,
}

impl Subject {
    fn new(settings: &[(&str, &str)]) -> Self {
        let (registry, events) = unbounded_channel();
        let settings: BTreeMap<_, _> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let channel = Channel::over_with("rate", spoken(events), &settings).unwrap();
        Self { registry, channel }
    }

    /// One whose registry names these.
    fn of(addresses: &[SocketAddr]) -> Self {
        let subject = Self::new(&[]);
        subject.say(Change::Insert, addresses);
        subject
    }

    fn say(&self, change: fn(InstanceId, Instance) -> Change, addresses: &[SocketAddr]) {
        self.say_of(false, change, addresses);
    }

    /// Of members whose registrations tell that they say who they are, where they do.
    fn say_of(
        &self,
        signs: bool,
        change: fn(InstanceId, Instance) -> Change,
        addresses: &[SocketAddr],
    ) {
        let changes = addresses.iter().map(|address| {
            let instance = Instance {
                host: address.ip().to_string(),
                port: address.port(),
                weight: 1,
                signs,
                version: None,
            };
            change(
                InstanceId::new(format!("rate-{}", address.port())),
                instance,
            )
        });
        let answer = Event::Answer {
            changes: changes.collect(),
            registered: addresses.len(),
        };
        self.registry.send(answer).unwrap();
    }

    async fn call(&self) -> Result<(), Status> {
        let mut client = HealthClient::new(self.channel.clone());
        let question = HealthCheckRequest {
            service: "rate".to_owned(),
        };
        client.check(question).await.map(drop)
    }

    async fn connected(&self, count: usize) {
        until("connections", async || {
            (self.channel.report().connected == count).then_some(())
        })
        .await;
    }

    /// Waits until calls fail, saying this.
    async fn fails_with(&self, text: &str) {
        until(text, async || {
            let status = self.call().await.err()?;
            assert_eq!(status.code(), Code::Unavailable, "{status}");
            status.message().contains(text).then_some(())
        })
        .await;
    }
}

fn spoken(
    events: tokio::sync::mpsc::UnboundedReceiver<Event>,
) -> impl Stream<Item = Event> + Send + 'static {
    stream::unfold(events, |mut events| async move {
        let event = events.recv().await?;
        Some((event, events))
    })
}

fn mesh(service: &str, port: u16) -> Mesh {
    let settings = [
        ("BELLHOP_LISTEN", format!("127.0.0.1:{port}")),
        // Nobody is there, and nobody is needed.
        ("CONSUL_HTTP_ADDR", "127.0.0.1:1".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    Mesh::from_source(service, &BTreeMap::from(settings)).unwrap()
}

async fn member(service: &str, port: u16) -> Serving {
    let mesh = mesh(service, port);
    // Connections of the one who was there before may still be on their way out.
    until("a port", async || {
        mesh.start(|_| Services::new()).await.ok()
    })
    .await
}

/// Ends a member at once, as a kill does.
fn kill(member: Serving) -> SocketAddr {
    member.address()
}

#[tokio::test]
async fn a_member_finds_itself_and_says_who_it_is() {
    let rate = member("rate", 0).await;
    let endpoint = format!("http://{}", rate.address());
    let transport = tonic::transport::Endpoint::new(endpoint).unwrap();
    let mut client = HealthClient::new(transport.connect().await.unwrap());
    for service in ["", "rate"] {
        let service = service.to_owned();
        let answer = client.check(HealthCheckRequest { service }).await.unwrap();
        assert_eq!(answer.metadata().get("bellhop-service").unwrap(), "rate");
    }
    let service = "unknown".to_owned();
    let refusal = client.check(HealthCheckRequest { service }).await;
    let refusal = refusal.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    assert_eq!(refusal.metadata().get("bellhop-service").unwrap(), "rate");
}

#[tokio::test]
async fn another_service_at_the_port_gets_no_call_until_the_right_one_is_there() {
    let geo = member("geo", 0).await;
    let subject = Subject::of(&[geo.address()]);
    let words = format!("{} is geo, not rate", geo.address());
    subject.fails_with(&words).await;
    assert_eq!(subject.channel.report().connected, 0);

    let address = kill(geo);
    let _rate = member("rate", address.port()).await;
    subject.connected(1).await;
    subject.call().await.unwrap();
}

#[tokio::test]
async fn an_http_application_at_the_port_is_a_stranger_too() {
    let answer = async |_: Request<RequestBody>| Ok::<_, Infallible>(Response::new(Empty::new()));
    let app = move |_: &Mesh| App::http(tower::service_fn(answer));
    let frontend = mesh("frontend", 0).start(app).await.unwrap();
    let subject = Subject::of(&[frontend.address()]);
    subject.fails_with("is frontend, not rate").await;
}

#[tokio::test]
async fn a_kept_instance_whose_port_another_service_has_is_nobody_until_it_is_back() {
    let (one, other) = (member("rate", 0).await, member("rate", 0).await);
    let addresses = [one.address(), other.address()];
    let subject = Subject::of(&addresses);
    subject.connected(2).await;
    subject.say(Change::Keep, &addresses);
    let address = kill(one);
    let geo = member("geo", address.port()).await;
    until("one that is nobody", async || {
        subject.call().await.unwrap();
        let report = subject.channel.report();
        (report.known, report.kept).eq(&(1, 1)).then_some(())
    })
    .await;

    // The registry says nothing new of it.
    kill(geo);
    let _one = member("rate", address.port()).await;
    subject.connected(2).await;
    assert_eq!(subject.channel.report().kept, 2);
}

#[tokio::test]
async fn servers_that_do_not_say_who_they_are_are_called() {
    let kinds = [
        Odd::Http(404),
        Odd::Page,
        Odd::Head(5),
        Odd::Head(12),
        Odd::Head(14),
        Odd::Trailers(5),
        Odd::Message,
        Odd::NoEnd,
    ];
    let mut servers = Vec::new();
    for kind in kinds {
        servers.push(OddServer::start(0, kind).await);
    }
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    let subject = Subject::of(&addresses);
    subject.connected(servers.len()).await;
}

/// Where an instance was that knew its name, and `rate` is connected to no more.
async fn acquaintance(subject: &Subject, known: Option<Odd>) -> SocketAddr {
    let connected = async |address| {
        subject.say(Change::Insert, &[address]);
        subject.connected(1).await;
    };
    let address = match known {
        None => {
            let rate = member("rate", 0).await;
            connected(rate.address()).await;
            kill(rate)
        }
        Some(known) => {
            let server = OddServer::start(0, known).await;
            connected(server.address).await;
            server.address
        }
    };
    subject.connected(0).await;
    address
}

async fn is_a_stranger_then(known: Option<Odd>, unaware: Odd) {
    let subject = Subject::new(&[]);
    let address = acquaintance(&subject, known).await;
    let stranger = OddServer::start(address.port(), unaware).await;
    subject.fails_with("is somebody else, not rate").await;

    drop(stranger);
    // Another release of it, which does not say as much.
    let _rate = OddServer::start(address.port(), Odd::Message).await;
    subject.connected(1).await;
}

#[tokio::test]
async fn who_knew_its_name_and_does_not_any_more_is_a_stranger() {
    let mut cases = Vec::new();
    for known in [None, Some(Odd::Message), Some(Odd::Trailers(0))] {
        for unaware in [Odd::Http(404), Odd::Page, Odd::Head(5), Odd::Trailers(12)] {
            cases.push(is_a_stranger_then(known, unaware));
        }
    }
    join_all(cases).await;
}

#[tokio::test]
async fn who_does_not_say_who_it_is_is_a_stranger_in_place_of_a_member_that_nobody_has_met() {
    let unaware = [Odd::Http(404), Odd::Page, Odd::Head(12), Odd::Trailers(5)];
    // A member that is busy or fails says whose refusal it is.
    let silent = [
        Odd::Head(14),
        Odd::Trailers(16),
        Odd::Http(401),
        Odd::Http(503),
        Odd::Message,
        Odd::NoEnd,
    ];
    for odd in unaware.into_iter().chain(silent) {
        let stranger = OddServer::start(0, odd).await;
        let address = stranger.address;
        let subject = Subject::new(&[]);
        subject.say_of(true, Change::Insert, &[address]);
        subject.fails_with("is somebody else, not rate").await;
        assert_eq!(subject.channel.report().connected, 0);

        drop(stranger);
        let _rate = member("rate", address.port()).await;
        subject.connected(1).await;
    }
}

#[tokio::test]
async fn who_has_too_much_to_do_or_fails_is_no_stranger() {
    let busy = [Odd::Head(14), Odd::Trailers(8), Odd::Http(503)];
    let failing = [
        Odd::Head(13),
        Odd::Trailers(2),
        Odd::Head(10),
        Odd::Http(500),
    ];
    let closed = [
        Odd::Trailers(16),
        Odd::Head(7),
        Odd::Http(401),
        Odd::Http(403),
    ];
    for odd in busy.into_iter().chain(failing).chain(closed) {
        let server = OddServer::start(0, Odd::Message).await;
        let subject = Subject::of(&[server.address]);
        subject.connected(1).await;
        let port = server.address.port();
        drop(server);
        subject.connected(0).await;
        let _odd = OddServer::start(port, odd).await;
        subject.connected(1).await;
    }
}

#[tokio::test]
async fn strangers_are_welcome_where_that_is_set() {
    let geo = member("geo", 0).await;
    let subject = Subject::new(&[("BELLHOP_STRANGERS", "true")]);
    subject.say(Change::Insert, &[geo.address()]);
    subject.connected(1).await;
}
