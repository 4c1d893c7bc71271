//! What is asked, and what has to be answered.

use bytes::Bytes;
use e2e::{Answer, until};
use serde_json::{Value, json};

use super::{Balancer, Right};
use crate::{Failure, figures::End};

/// The example of the contract, and others that take other ways through the services.
const QUERIES: [Query; 4] = [
    Query::new("inDate=2015-04-09&outDate=2015-04-10", "", None),
    Query::new("inDate=2015-04-09&outDate=2015-04-10", "", Some(3)),
    Query::new(
        "inDate=2015-04-09&outDate=2015-04-12",
        "&lat=37.7854&lon=-122.4005&radius=3",
        None,
    ),
    Query::new(
        "inDate=2015-04-10&outDate=2015-04-11",
        "&locale=de",
        Some(2),
    ),
];
/// A stay for which every hotel has a room: who asks for it is told of them all.
const ROOM_EVERYWHERE: &str = "inDate=2015-05-20&outDate=2015-05-21";

/// The two hotels that the contract names for the first of them.
const NEAREST: [&str; 2] = ["5", "3"];

/// As much of a wrong answer as fits a line.
const SHOWN: usize = 160;

#[derive(Clone, Copy, Debug)]
struct Query {
    stay: &'static str,
    area: &'static str,
    limit: Option<usize>,
}

/// A query, and its answer to the byte.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) path: String,
    expected: Bytes,
    /// The answer where nobody knows a price.
    without_prices: Value,
}

/// Asks everything while all is well, and looks into the answers, so that others need only be compared to them.
pub(super) async fn learn(balancer: &Balancer) -> Result<Vec<Question>, Failure> {
    let mut questions = Vec::with_capacity(QUERIES.len());
    for query in QUERIES {
        let path = query.path();
        let expected = whole(balancer, &path).await.body;
        let all = whole(balancer, &query.all()).await.json();
        questions.push(Question {
            path,
            expected,
            without_prices: without_prices(&all, query.limit),
        });
    }
    let first: Value = serde_json::from_slice(&questions[0].expected)?;
    let features = &first["features"];
    let nearest = [&features[0]["id"], &features[1]["id"]];
    if nearest != NEAREST {
        return Err(format!("hotels {nearest:?} are not what the contract has").into());
    }
    Ok(questions)
}

async fn whole(balancer: &Balancer, path: &str) -> Answer {
    until("a whole answer", || async {
        let answer = balancer.ask(path).await.ok()?;
        is_whole(&answer).then_some(answer)
    })
    .await
}

/// What remains of an answer that has all hotels when nobody knows a price: the nearest ones, with or without a room.
fn without_prices(all: &Value, limit: Option<usize>) -> Value {
    let features = all["features"].as_array().into_iter().flatten();
    let features = features.cloned().map(|mut feature| {
        if let Some(properties) = feature["properties"].as_object_mut() {
            properties.remove("price");
        }
        feature
    });
    let features: Vec<_> = features.take(limit.unwrap_or(usize::MAX)).collect();
    json!({"type": "FeatureCollection", "degraded": ["rate"], "features": features})
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

impl Query {
    const fn new(stay: &'static str, area: &'static str, limit: Option<usize>) -> Self {
        Self { stay, area, limit }
    }

    fn path(&self) -> String {
        let Self { stay, area, limit } = self;
        let limit = limit.map(|limit| format!("&limit={limit}"));
        format!("/hotels?{stay}{area}{}", limit.unwrap_or_default())
    }

    /// The one that every hotel of the area is an answer to.
    fn all(&self) -> String {
        format!("/hotels?{ROOM_EVERYWHERE}{}&limit=100", self.area)
    }
}

impl Question {
    /// How an answer ends the request where so much is right, and what is to be said of a bad one.
    pub(super) fn judge(
        &self,
        answer: Result<Answer, String>,
        right: &[Right],
    ) -> (End, Option<String>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => return (End::Failed, Some(fault)),
        };
        if answer.status == 200 && answer.body == self.expected {
            return (End::Good, None);
        }
        if right.iter().any(|right| self.is_lesser(&answer, *right)) {
            return (End::Lesser, None);
        }
        let end = match answer.status.as_u16() {
            200 => End::Wrong,
            _ => End::Failed,
        };
        let body = String::from_utf8_lossy(&answer.body);
        let shown: String = body.chars().take(SHOWN).collect();
        (end, Some(format!("{}: {shown}", answer.status)))
    }

    /// Whether it is the less than whole answer that may be given.
    fn is_lesser(&self, answer: &Answer, right: Right) -> bool {
        let body = || serde_json::from_slice::<Value>(&answer.body).ok();
        match right {
            Right::Whole => false,
            Right::WithoutPrices => {
                answer.status == 200 && body().is_some_and(|body| body == self.without_prices)
            }
            Right::Without(service) => {
                answer.status == 503 && body().is_some_and(|body| names(&body, service))
            }
            Right::Silent(service) => {
                let late = |body: Value| body["error"]["code"] == "DEADLINE_EXCEEDED";
                self.is_lesser(answer, Right::Without(service))
                    || answer.status == 504 && body().is_some_and(late)
            }
        }
    }
}

/// Whether a fault says that it is this service's: `search: geo: no instance …`.
fn names(body: &Value, service: &str) -> bool {
    let Value::Object(error) = &body["error"] else {
        return false;
    };
    let message = error["message"].as_str().unwrap_or_default();
    error["code"] == "UNAVAILABLE" && message.split(": ").any(|part| part == service)
}

#[cfg(test)]
mod tests {
    use e2e::Answer;

    use super::*;

    const SERVICES: [Right; 4] = [
        Right::Whole,
        Right::WithoutPrices,
        Right::Without("geo"),
        Right::Without("profile"),
    ];

    fn feature(id: &str, price: bool) -> Value {
        let properties = match price {
            true => json!({"name": id, "price": {"total": 1}}),
            false => json!({"name": id}),
        };
        json!({"id": id, "properties": properties})
    }

    fn question() -> Question {
        let all = json!({"features": [feature("5", true), feature("3", true), feature("1", true)]});
        Question {
            path: String::new(),
            expected: Bytes::from_static(b"whole"),
            without_prices: without_prices(&all, Some(2)),
        }
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: status.try_into().unwrap(),
            headers: Default::default(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn end(answer: Answer, right: Right) -> End {
        question().judge(Ok(answer), &[right]).0
    }

    /// What counts as a right answer where each of the services may be missing.
    fn ends(status: u16, body: &str) -> Vec<End> {
        let judge = |right| end(answer(status, body), right);
        SERVICES.into_iter().map(judge).collect()
    }

    #[test]
    fn an_answer_without_prices_is_right_only_where_it_may_be_and_has_all_else() {
        use End::{Lesser, Wrong};
        let answer = |degraded: Value, features: &[Value]| {
            json!({"type": "FeatureCollection", "degraded": degraded, "features": features})
                .to_string()
        };
        let [five, three] = ["5", "3"].map(|id| feature(id, false));
        let both = [five.clone(), three.clone()];
        let good = answer(json!(["rate"]), &both);
        assert_eq!(ends(200, &good), [Wrong, Lesser, Wrong, Wrong]);
        for half in [
            answer(json!(["rate"]), &both[..1]),
            answer(json!(["geo"]), &both),
            answer(json!(null), &both),
            answer(json!(["rate"]), &[five.clone(), feature("3", true)]),
            answer(json!(["rate"]), &[three, five]),
            "{".to_owned(),
        ] {
            assert_eq!(ends(200, &half), [Wrong; 4], "{half}");
        }
    }

    #[test]
    fn a_503_is_right_only_where_it_names_who_is_missing() {
        use End::{Failed, Good, Lesser};
        let fault = |code: &str, message: &str| {
            json!({"error": {"code": code, "message": message}}).to_string()
        };
        let geo = fault("UNAVAILABLE", "search: geo: no instance is left");
        assert_eq!(ends(503, &geo), [Failed, Failed, Lesser, Failed]);
        let profile = fault("UNAVAILABLE", "profile: connection refused");
        assert_eq!(ends(503, &profile), [Failed, Failed, Failed, Lesser]);
        for other in [
            fault("UNAVAILABLE", "search: too many calls at this instance"),
            fault("UNAVAILABLE", "geography: profiles"),
            fault("INTERNAL", "geo: profile: broken"),
            String::new(),
        ] {
            assert_eq!(ends(503, &other), [Failed; 4], "{other}");
        }
        assert_eq!(ends(504, &geo), [Failed; 4]);
        let late = fault("DEADLINE_EXCEEDED", "search: no answer within 5s");
        assert_eq!(ends(504, &late), [Failed; 4]);
        for right in [answer(503, &geo), answer(504, &late)] {
            assert_eq!(end(right, Right::Silent("geo")), Lesser);
        }
        assert_eq!(end(answer(503, &profile), Right::Silent("geo")), Failed);
        assert_eq!(ends(200, "whole"), [Good; 4]);
    }
}
