//! Bad input to the frontends.

mod inputs;

use futures_util::{StreamExt, stream};

use super::{
    Outcome,
    wire::{Answer, End, Heard, say},
};
use crate::Stage;

/// So many at a time.
const AT_ONCE: usize = 16;

/// What has to become of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// This status, and the fault in words, as JSON.
    Fault(u16),
    /// A status of 4xx, or a closed connection, and nothing after it.
    Refused,
    /// One answer, good or a fault in words; what is no HTTP is refused.
    Judged,
}

/// Something to send.
#[derive(Debug)]
struct Input {
    name: String,
    bytes: Vec<u8>,
    expect: Expect,
}

/// Sends all inputs to each of the frontends.
pub(super) async fn round(stage: &Stage, number: usize) -> Outcome {
    let frontends = stage.members["frontend"]
        .iter()
        .map(|member| member.address);
    let frontends: Vec<_> = frontends.collect();
    let address = |n: usize| frontends[(n + number) % frontends.len()];
    let sending = inputs::all(number).into_iter().enumerate();
    let sending = sending.map(|(n, input)| {
        let address = address(n);
        async move { input.judge(&say(address, &input.bytes).await) }
    });
    let mut outcome = Outcome::default();
    let mut judged = stream::iter(sending).buffer_unordered(AT_ONCE);
    while let Some(fault) = judged.next().await {
        outcome.add(fault);
    }
    outcome
}

impl Input {
    /// What is wrong with what was heard.
    fn judge(&self, heard: &Heard) -> Option<String> {
        let Heard { answers, end, rest } = heard;
        let good = match (self.expect, &answers[..]) {
            _ if *end == End::Silent => false,
            // What is no answer at all is not clear.
            _ if !rest.is_empty() => false,
            (Expect::Fault(status), [answer]) => answer.status == status && in_words(answer),
            (Expect::Fault(_), _) => false,
            (Expect::Refused, [answer]) => (400..500).contains(&answer.status),
            (Expect::Refused, answers) => answers.is_empty() && *end == End::Closed,
            (Expect::Judged, [answer]) => match answer.status {
                200 => true,
                // Good input too may come at a bad time; the load tells whether it should.
                503 => in_words(answer),
                // The HTTP library's own refusals have no body, and end the connection.
                400..500 => in_words(answer) || (answer.body.is_empty() && *end == End::Closed),
                _ => false,
            },
            (Expect::Judged, _) => answers.is_empty() && *end == End::Closed,
        };
        (!good).then(|| {
            let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
            let (name, expect, more) = (&self.name, self.expect, rest.len());
            format!("{name}: {expect:?} expected, got {statuses:?}, {end:?}, {more} bytes more")
        })
    }
}

/// Whether an answer says what is wrong as the contract has it.
fn in_words(answer: &Answer) -> bool {
    let Some(json) = answer.json() else {
        return false;
    };
    let error = &json["error"];
    error["code"].is_string()
        && error["message"]
            .as_str()
            .is_some_and(|said| !said.is_empty())
}
