//! Whether an instance that was broken serves again.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

use super::Load;

/// Has an answer tell who served it.
pub(super) const EXPLAIN: &str = "x-bellhop-explain";

/// So many requests show who serves how much.
const ASKED: usize = 60;
/// At least this part of an equal share: beside the load, whose turn it is for so few requests is up to chance.
const PART: usize = 2;
/// Breakers that have opened several times try an instance every half a minute.
const PATIENCE: Duration = Duration::from_secs(60);

/// What instances serve after they were broken.
#[derive(Debug)]
pub(crate) struct Again {
    /// From the first look until each had about its share; `None` where one never had.
    pub(crate) took: Option<Duration>,
    /// How many of so many requests each served at last.
    counts: BTreeMap<String, usize>,
}

impl Load {
    /// Asks until each of these instances serves about its share of the requests: its id, and how many serve with it.
    pub(crate) async fn again(&self, instances: &[(String, usize)]) -> Again {
        let begun = Instant::now();
        loop {
            let all = self.who_serves().await;
            let served = |id: &String| all.get(id).copied().unwrap_or_default();
            let share = |(id, among): &(String, usize)| served(id) * among * PART >= ASKED;
            let all_do = instances.iter().all(share);
            if all_do || begun.elapsed() > PATIENCE {
                let counts = instances.iter().map(|(id, _)| (id.clone(), served(id)));
                return Again {
                    took: all_do.then(|| begun.elapsed()),
                    counts: counts.collect(),
                };
            }
        }
    }

    /// How many of some requests each instance serves.
    async fn who_serves(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let path = &self.shared.questions[0].path;
        for _ in 0..ASKED {
            // Whether they are answered is for the load to see.
            let answer = self.shared.balancer.explain(path).await;
            let told = answer.map(|answer| serde_json::from_str(answer.header(EXPLAIN)));
            if let Ok(Ok(hop)) = told {
                count(&hop, &mut counts);
            }
        }
        counts
    }
}

/// Counts the instances that served a request, hop by hop.
fn count(hop: &Value, counts: &mut BTreeMap<String, usize>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let attempts = list(&hop["calls"]).into_iter();
    let attempts = attempts.flat_map(|call| list(&call["attempts"]));
    for attempt in attempts.filter(|attempt| attempt["outcome"] == "OK") {
        let id = attempt["instance"].as_str().unwrap_or_default();
        *counts.entry(id.to_owned()).or_default() += 1;
        count(&attempt["hop"], counts);
    }
}

impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> = self.counts.values().collect();
        write!(f, "served {counts:?} of {ASKED} requests")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_answered_is_counted_and_who_was_only_tried_is_not() {
        let attempt = |id: &str, outcome: &str, hop: Value| json!({"instance": id, "outcome": outcome, "hop": hop});
        let below = json!({"calls": [{"attempts": [attempt("geo-1", "OK", json!(null))]}]});
        let tried = attempt("search-1", "DROPPED", below.clone());
        let answered = attempt("search-2", "OK", below);
        let hop = json!({"instance": "frontend-1", "calls": [{"attempts": [tried, answered]}]});
        let mut counts = BTreeMap::new();
        count(&hop, &mut counts);
        let expected = [("geo-1", 1), ("search-2", 1)].map(|(id, times)| (id.to_owned(), times));
        assert_eq!(counts, expected.into());
    }
}
