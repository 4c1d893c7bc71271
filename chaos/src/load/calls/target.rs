//! Whom to call.

use std::net::SocketAddr;

use e2e::Answer;
use hotel_proto::rate::{Request, rate_client::RateClient};
use serde_json::Value;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

use super::{PATIENCE, outcome::Answered};
use crate::{
    Failure,
    load::{
        Right,
        balancer::Balancer,
        question::{self, Question},
    },
};

/// Over so many connections, as from so many callers.
const CONNECTIONS: usize = 4;
/// How a server says that it is its own refusal, for having too much to do.
const REFUSED: &str = "bellhop-refused";
const OVERLOAD: &str = "overload";
/// How it says so in words, which those between it and the caller pass on, and say how often they tried.
const TOO_MANY: &str = "too many calls at this instance, another one may have time";

/// Whom to call.
#[derive(Debug)]
pub(crate) enum Target {
    /// One instance of rate, without a mesh: what the server does is seen as it is.
    Rate(Vec<RateClient<Channel>>),
    /// The whole system, through the frontends.
    System(Box<System>),
}

/// The way to the frontends, and what to ask.
#[derive(Debug)]
pub(crate) struct System {
    balancer: Balancer,
    questions: Vec<Question>,
}

impl Target {
    pub(crate) async fn rate(address: SocketAddr) -> Result<Self, Failure> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let mut clients = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            clients.push(RateClient::new(endpoint.connect().await?));
        }
        Ok(Self::Rate(clients))
    }

    /// The system whose frontends this registry names; it learns the answers while all is well.
    pub(crate) async fn system(registry: SocketAddr) -> Result<Self, Failure> {
        let balancer = Balancer::follow(registry).await;
        let questions = question::learn(&balancer).await?;
        Ok(Self::System(Box::new(System {
            balancer,
            questions,
        })))
    }

    pub(super) async fn call(&self, number: usize) -> Answered {
        match self {
            Self::Rate(clients) => ask_rate(clients[number % clients.len()].clone()).await,
            Self::System(system) => system.ask(number).await,
        }
    }
}

async fn ask_rate(mut client: RateClient<Channel>) -> Answered {
    let mut request = tonic::Request::new(Request {
        hotel_ids: Some(["5"].iter().collect()),
        in_date: "2015-04-09".to_owned(),
        out_date: "2015-04-10".to_owned(),
    });
    request.set_timeout(PATIENCE);
    match client.get_rates(request).await {
        Ok(answer) if answer.get_ref().rate_plans.iter().flatten().count() == 1 => Answered::Good,
        Ok(answer) => Answered::Other(format!("{answer:?}")),
        Err(status) => refusal(&status),
    }
}

/// What a failed call says: a connection that was lost, or a breaker, is no refusal.
fn refusal(status: &Status) -> Answered {
    let mark = status.metadata().get(REFUSED);
    match status.code() {
        Code::Unavailable if mark.is_some_and(|mark| mark == OVERLOAD) => Answered::Refused,
        // The latter is what tonic's own channel makes of time that runs out.
        Code::DeadlineExceeded | Code::Cancelled => Answered::Late,
        _ => Answered::Other(status.to_string()),
    }
}

impl System {
    async fn ask(&self, number: usize) -> Answered {
        let question = &self.questions[number % self.questions.len()];
        let answer = self.balancer.ask(&question.path).await;
        let (_, fault) = question.judge(answer.clone(), &[Right::Whole]);
        match (fault, answer) {
            (None, _) => Answered::Good,
            (_, Ok(answer)) if is_shed(&answer) => Answered::Refused,
            (_, Ok(answer)) if answer.status == 504 => Answered::Late,
            (Some(fault), _) => Answered::Other(fault),
        }
    }
}

/// Whether it says that the frontend itself, or somebody behind it, has too much to do.
fn is_shed(answer: &Answer) -> bool {
    let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let message = body["error"]["message"].as_str().unwrap_or_default();
    let is_marked = answer.header(REFUSED) == OVERLOAD;
    answer.status == 503
        && (is_marked || message.split(": ").any(|part| part.starts_with(TOO_MANY)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tonic::metadata::MetadataMap;

    use super::*;

    #[test]
    fn a_call_is_refused_only_where_the_server_says_so() {
        let marked = |code, mark: &'static str| {
            let mut metadata = MetadataMap::new();
            metadata.insert(REFUSED, mark.parse().unwrap());
            refusal(&Status::with_metadata(code, TOO_MANY, metadata))
        };
        assert!(matches!(
            marked(Code::Unavailable, OVERLOAD),
            Answered::Refused
        ));
        for other in [
            marked(Code::Unavailable, "upstream"),
            marked(Code::ResourceExhausted, "limit"),
            refusal(&Status::unavailable("connection reset by peer")),
            refusal(&Status::resource_exhausted("a message that is too large")),
        ] {
            assert!(matches!(other, Answered::Other(_)), "{other:?}");
        }
        let late = refusal(&Status::deadline_exceeded("the call was given 1s"));
        assert!(matches!(late, Answered::Late));
    }

    #[test]
    fn a_503_is_a_refusal_only_where_somebody_has_too_much_to_do() {
        let answer = |status: u16, message: &str| Answer {
            status: status.try_into().unwrap(),
            headers: Default::default(),
            body: json!({"error": {"code": "UNAVAILABLE", "message": message}})
                .to_string()
                .into(),
        };
        assert!(is_shed(&answer(503, &format!("search: geo: {TOO_MANY}"))));
        let tried = format!("search: geo: {TOO_MANY} (after 2 attempts)");
        assert!(is_shed(&answer(503, &tried)));
        let mut own = answer(503, "");
        own.headers.insert(REFUSED, OVERLOAD.parse().unwrap());
        assert!(is_shed(&own));
        for other in [
            answer(503, "search: geo: no instance is left"),
            answer(503, "search: connection reset"),
            answer(200, TOO_MANY),
        ] {
            assert!(!is_shed(&other), "{other:?}");
        }
    }
}
