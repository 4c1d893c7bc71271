//! How many calls instances of a service have answered, by what each of them counts.

use std::net::Ipv4Addr;

use e2e::{Client, samples};

use crate::project::Project;

const SERVED: &str = "rpc_server_call_duration_seconds_count";

/// How many each of these answers of so many requests, one after the other.
pub(crate) async fn shares(
    project: &Project,
    frontend: &str,
    (service, instances): (&str, &[Ipv4Addr]),
    requests: usize,
) -> Vec<usize> {
    let before = served(service, instances).await;
    for _ in 0..requests {
        project.example(frontend).await;
    }
    let after = served(service, instances).await;
    before.iter().zip(after).map(|(b, a)| a - b).collect()
}

/// What each has answered, but for questions after its health.
async fn served(service: &str, instances: &[Ipv4Addr]) -> Vec<usize> {
    let (client, ours) = (Client::new(), format!("{service}."));
    let mut all = Vec::new();
    for instance in instances {
        let url = format!("http://{instance}:9464/metrics");
        let text = client.get(&url).await.unwrap();
        let counted = samples(&String::from_utf8_lossy(&text.body)).into_iter();
        let calls = counted.filter(|one| one.name == SERVED);
        let calls = calls.filter(|one| one.labels["rpc_method"].starts_with(&ours));
        all.push(calls.map(|one| one.value).sum::<f64>() as usize);
    }
    all
}
