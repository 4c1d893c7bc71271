//! Whole answers that were changed on their way, head and body.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bellhop::consul::{Consul, Error, Query};
use malform::{Fuzz, Verdict};
use tokio::runtime::Builder;

use crate::support::{
    fake::{Fake, Reply},
    wait::soon,
};

const BODIES: [&str; 5] = [
    include_str!("../corpus/consul/health-service.json"),
    include_str!("../corpus/consul/agent-service.json"),
    include_str!("../corpus/consul/kv.json"),
    include_str!("../corpus/consul/leader.json"),
    "true",
];

/// Each takes five calls over sockets.
const INPUTS: usize = 300;

/// An error fits into a line of a log.
const LONGEST_MESSAGE: usize = 2048;

fn answers() -> Vec<String> {
    let index = "X-Consul-Index: 15\r\nX-Consul-Knownleader: true\r\nX-Consul-Lastcontact: 0";
    let json = "Content-Type: application/json";
    let with_length = |body: &&str| {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\n{json}\r\n{index}\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let in_chunks = |body: &&str| {
        let (one, two) = body.split_at(body.len() / 2);
        let (a, b) = (one.len(), two.len());
        let chunks = format!("{a:x}\r\n{one}\r\n{b:x}\r\n{two}\r\n0\r\n\r\n");
        format!(
            "HTTP/1.1 200 OK\r\n{json}\r\n{index}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        )
    };
    let bodies = BODIES.iter();
    bodies
        .clone()
        .map(with_length)
        .chain(bodies.map(in_chunks))
        .collect()
}

/// Makes each call of those that read an answer; whether one of them made sense of it.
async fn ask(consul: &Consul) -> bool {
    let judged = [
        judge(consul.health_service("geo", Query::NOW).await),
        judge(consul.agent_service("geo-1", None).await),
        judge(consul.kv_get("chaos/fault", Query::NOW).await),
        judge(consul.kv_put("chaos/fault", "words", None).await),
        judge(consul.leader().await),
    ];
    judged.contains(&true)
}

fn judge<T>(answer: Result<T, Error>) -> bool {
    if let Err(error) = &answer {
        let text = error.to_string();
        assert!(text.contains("/v1/"), "the call is not named: {text}");
        assert!(text.len() < LONGEST_MESSAGE, "{text}");
        // The connection is closed after each answer, so there is nothing to wait for.
        assert!(!matches!(error, Error::Timeout { .. }), "{text}");
    }
    answer.is_ok()
}

#[test]
fn no_answer_stops_the_client_or_spoils_the_next_one() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let said = Arc::<Mutex<Vec<u8>>>::default();
    let reply = said.clone();
    let fake = runtime.block_on(Fake::start(move |_| {
        Reply::Raw(reply.lock().unwrap().clone())
    }));
    let consul = Consul::new(fake.config().timeout(Duration::from_secs(30)));
    let good = answers();
    let fuzz = Fuzz::of_text("consul: answers", &good).inputs(INPUTS);
    let tally = fuzz.run(|input| {
        input.clone_into(&mut said.lock().unwrap());
        let accepted = runtime.block_on(soon("an end", ask(&consul)));
        Verdict::accepted_if(accepted)
    });
    assert!(tally.accepted > 0 && tally.refused > 0, "{tally:?}");

    good[0].as_bytes().clone_into(&mut said.lock().unwrap());
    let health = runtime.block_on(consul.health_service("geo", Query::NOW));
    assert_eq!(health.unwrap().value.len(), 3);
}
