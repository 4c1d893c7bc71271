//! Whom to call.

use std::net::SocketAddr;

use hotel_proto::rate::{Request, rate_client::RateClient};
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
        hotel_ids: vec!["5".to_owned()],
        in_date: "2015-04-09".to_owned(),
        out_date: "2015-04-10".to_owned(),
    });
    request.set_timeout(PATIENCE);
    let status = match client.get_rates(request).await {
        Ok(answer) if answer.get_ref().rate_plans.len() == 1 => return Answered::Good,
        Ok(answer) => Status::data_loss(format!("{answer:?}")),
        Err(status) => status,
    };
    match status.code() {
        // The latter is for those who may try another instance.
        Code::ResourceExhausted | Code::Unavailable => Answered::Refused,
        // The latter is what tonic's own channel makes of time that runs out.
        Code::DeadlineExceeded | Code::Cancelled => Answered::Late,
        _ => Answered::Other(status.to_string()),
    }
}

impl System {
    async fn ask(&self, number: usize) -> Answered {
        let question = &self.questions[number % self.questions.len()];
        let answer = self.balancer.ask(&question.path).await;
        let status = answer.as_ref().map(|answer| answer.status.as_u16());
        match (status, question.judge(answer.clone(), &[Right::Whole])) {
            (_, (_, None)) => Answered::Good,
            (Ok(503), _) => Answered::Refused,
            (Ok(504), _) => Answered::Late,
            (_, (_, Some(fault))) => Answered::Other(fault),
        }
    }
}
