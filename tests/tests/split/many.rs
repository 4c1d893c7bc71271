//! Many callers at the same time.

use std::sync::Arc;

use e2e::{Client, Process, Registry, System, against_both, total};

use crate::{KEY, launch, start, system, until_of_twenty};

const CALLERS: usize = 8;
const SERVED: &str = "rpc_server_call_duration_seconds_count";

against_both![calls_of_many_at_the_same_time_are_counted_exactly];

/// How often an instance of rate has served, by its own count.
async fn served(process: &Process) -> usize {
    let admin = process.admin("rate").await;
    let text = Client::new().get(&format!("http://{admin}/metrics")).await;
    let text = String::from_utf8(text.unwrap().body.to_vec()).unwrap();
    total(&text, SERVED, &[("rpc_method", "rate.Rate/GetRates")]) as usize
}

/// So many requests, an equal part by each of eight callers.
async fn ask_at_once(system: &Arc<System>, requests: usize) {
    let caller = |_| {
        let system = system.clone();
        tokio::spawn(async move {
            for _ in 0..requests / CALLERS {
                system.example().await.unwrap();
            }
        })
    };
    let callers: Vec<_> = (0..CALLERS).map(caller).collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

async fn calls_of_many_at_the_same_time_are_counted_exactly(registry: Registry) {
    let launch = launch(&registry);
    let system = Arc::new(system(launch.clone()).await);
    let new = start(&launch, "v2", "rate").await;
    let old = &system.processes["rate"][0];
    for (split, of_twenty, share) in [
        (r#"{"v1":90,"v2":10}"#, 2, 10),
        (r#"{"v1":75,"v2":25}"#, 5, 25),
    ] {
        registry.put(KEY, split).await;
        until_of_twenty(&system, of_twenty).await;
        for hundreds in [2, 6] {
            let before = (served(old).await, served(&new).await);
            ask_at_once(&system, hundreds * 100).await;
            let after = (served(old).await, served(&new).await);
            let counts = (after.0 - before.0, after.1 - before.1);
            assert_eq!(counts, ((100 - share) * hundreds, share * hundreds));
        }
    }
}
