//! What is asked, and what has to be answered.

use bytes::Bytes;
use e2e::{Answer, until};

use super::Balancer;
use crate::{Failure, figures::End};

/// The example of the contract, and others that take other ways through the services.
const QUERIES: [&str; 4] = [
    "inDate=2015-04-09&outDate=2015-04-10",
    "inDate=2015-04-09&outDate=2015-04-10&limit=3",
    "inDate=2015-04-09&outDate=2015-04-12&lat=37.7854&lon=-122.4005&radius=3",
    "inDate=2015-04-10&outDate=2015-04-11&locale=de&limit=2",
];

/// The two hotels that the contract names for the first of them.
const NEAREST: [&str; 2] = ["5", "3"];

/// As much of a wrong answer as fits a line.
const SHOWN: usize = 160;

/// A query, and its answer to the byte.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) path: String,
    expected: Bytes,
}

/// Asks everything while all is well, and looks into the answers, so that others need only be compared to them.
pub(super) async fn learn(balancer: &Balancer) -> Result<Vec<Question>, Failure> {
    let mut questions = Vec::with_capacity(QUERIES.len());
    for query in QUERIES {
        let path = format!("/hotels?{query}");
        let whole = || async {
            let answer = balancer.ask(&path).await.ok()?;
            is_whole(&answer).then_some(answer.body)
        };
        let expected = until("a whole answer", whole).await;
        questions.push(Question { path, expected });
    }
    let first: serde_json::Value = serde_json::from_slice(&questions[0].expected)?;
    let features = &first["features"];
    let nearest = [&features[0]["id"], &features[1]["id"]];
    if nearest != NEAREST {
        return Err(format!("hotels {nearest:?} are not what the contract has").into());
    }
    Ok(questions)
}

/// Whether an answer has everything in it: nothing is missing for a service that is down.
fn is_whole(answer: &Answer) -> bool {
    if answer.status != 200 {
        return false;
    }
    let body = answer.json();
    let features = body["features"].as_array();
    let priced = |feature: &serde_json::Value| !feature["properties"]["price"].is_null();
    body["degraded"].is_null()
        && features.is_some_and(|features| !features.is_empty() && features.iter().all(priced))
}

impl Question {
    /// How an answer ends the request, and what is to be said of a bad one.
    pub(super) fn judge(&self, answer: Result<Answer, String>) -> (End, Option<String>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => return (End::Failed, Some(fault)),
        };
        if answer.status == 200 && answer.body == self.expected {
            return (End::Good, None);
        }
        let end = match answer.status.as_u16() {
            200 => End::Wrong,
            _ => End::Failed,
        };
        let body = String::from_utf8_lossy(&answer.body);
        let shown: String = body.chars().take(SHOWN).collect();
        (end, Some(format!("{}: {shown}", answer.status)))
    }
}
