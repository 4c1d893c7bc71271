//! A Consul that asks for tokens.

use std::{collections::BTreeSet, fs, net::Ipv4Addr};

use e2e::{Client, samples, until};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    project::{MEMBERS, Project, address},
    renewal, scan,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_allows_what_its_service_does_and_a_wrong_one_nothing() {
    let files = ["deploy/secure.yml"];
    let more = ["consul-secrets", "consul-tokens", "prometheus"];
    let Some(mut project) = Project::new(&files, &more).await else {
        return;
    };
    project.walk("Secure", 0).await;
    let frontend = project.port("frontend", 5000).await;
    project.example(&frontend).await;
    let seen = scan::all(&project, &["/consul/data"]).await;
    assert_eq!(seen, MEMBERS.len() + 2);
    let started = project.must("docker compose logs consul").await;
    // The second is how later ones say it.
    let encrypted = ["Gossip: true", "Gossip Encryption: true"];
    let gossip = encrypted.iter().any(|it| started.contains(it));
    assert!(gossip, "{started}");
    assert_eq!(open_ports(&project, "consul").await, BTreeSet::from([8501]));

    // Again: what is there stays, and instances are still known.
    project.walk("Secure", 0).await;
    project.example(&frontend).await;
    let put = project.walk("Secure", 1).await;
    assert!(put.contains("Success"), "{put}");
    assert_eq!(project.containers("rate").await.len(), 2);
    project.example(&frontend).await;
    let members = project.walk("Secure", 2).await;
    assert!(members.contains("alive"), "{members}");
    assert!(members.contains("hotels-search"), "{members}");

    // Without TLS nobody is there, and not without whom to trust.
    let plain = "consul catalog services -http-addr=http://consul:8500";
    refused(&project, plain, "connection refused").await;
    let trusting = "unset CONSUL_CACERT; consul catalog services";
    refused(&project, trusting, "certificate").await;
    let register = "unset CONSUL_HTTP_TOKEN_FILE; consul services register -name rate -token";
    let own = format!("{register} $(cat /secrets/geo)");
    refused(&project, &own, "Permission denied").await;
    let unknown = format!("{register} $(cat /proc/sys/kernel/random/uuid)");
    refused(&project, &unknown, "ACL not found").await;
    with_the_token_of(&project, "geo", "Permission denied").await;
    with_the_token_of(&project, "rate", "\"message\":\"registered\"").await;

    renewal::of_a_token(&mut project, &frontend).await;
    renewal::of_what_looks_like_one(&project).await;
    renewal::of_the_certificate(&project, &frontend).await;
    prometheus(&mut project).await;
}

/// Where a container listens for others than itself.
async fn open_ports(project: &Project, service: &str) -> BTreeSet<u16> {
    let pid = project.containers(service).await[0]["State"]["Pid"].clone();
    let sockets = format!("cat /proc/{pid}/net/tcp /proc/{pid}/net/tcp6");
    let sockets = project.must(&sockets).await;
    let listens = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (address, port) = fields[1].split_once(':')?;
        // Its own, the engine's resolver of names among them, begin with 127, which stands last here.
        let others = fields[3] == "0A" && !address.ends_with("7F");
        others.then(|| u16::from_str_radix(port, 16).unwrap())
    };
    sockets.lines().filter_map(listens).collect()
}

/// What Prometheus finds by its own token, and what by one that is nobody's.
async fn prometheus(project: &mut Project) {
    project.set("COMPOSE_PROFILES", "secure,observability");
    project
        .must("docker compose up --detach --no-deps --wait prometheus")
        .await;
    let url = format!("http://{}", project.port("prometheus", 9090).await);
    let members: BTreeSet<_> = MEMBERS.map(str::to_owned).into();
    until("all members as targets", || async {
        (targets(&url).await?.collect::<BTreeSet<_>>() == members).then_some(())
    })
    .await;
    until("all members that are scraped", || async {
        let query = "count%28up%7Bjob%3D%22bellhop%22%7D%3D%3D1%29by%28service%29";
        let found = format!("{url}/api/v1/query?query={query}");
        let found = Client::new().get(&found).await.ok()?.json();
        (found["data"]["result"].as_array()?.len() == members.len()).then_some(())
    })
    .await;

    let folder = TempDir::new().unwrap();
    let trusted = renewal::operator(project, "cat /secrets/ca.pem").await;
    fs::write(folder.path().join("ca.pem"), trusted).unwrap();
    fs::write(folder.path().join("token"), renewal::uuid()).unwrap();
    let folder = folder.path().display();
    let start = format!(
        "chmod 755 {folder}
        docker compose run --detach --no-deps --volume {folder}:/run/consul:ro prometheus"
    );
    let container = project.must(&start).await;
    let inspected = project.must(&format!("docker inspect {container}")).await;
    let inspected: Value = serde_json::from_str(&inspected).unwrap();
    let at: Ipv4Addr = address(&inspected[0]);
    let url = format!("http://{at}:9090");
    until("a refusal", || async {
        let said = Client::new().get(&format!("{url}/metrics")).await.ok()?;
        let said = samples(&String::from_utf8_lossy(&said.body));
        let failures = "prometheus_sd_consul_rpc_failures_total";
        let mut failures = said.iter().filter(|one| one.name == failures);
        (failures.next()?.value >= 1.0).then_some(())
    })
    .await;
    assert_eq!(targets(&url).await.unwrap().next(), None);
}

/// The services whose instances it scrapes.
async fn targets(url: &str) -> Option<impl Iterator<Item = String>> {
    let found = format!("{url}/api/v1/targets?state=active&scrapePool=bellhop");
    let found = Client::new().get(&found).await.ok()?.json();
    let found = found["data"]["activeTargets"].as_array()?.clone();
    let service = |target: Value| target["labels"]["service"].as_str().unwrap().to_owned();
    Some(found.into_iter().map(service))
}

/// What Consul's own client is told that runs beside the members.
async fn refused(project: &Project, commands: &str, why: &str) {
    let run = "docker compose run --rm --no-deps --entrypoint /bin/sh consul-tokens -c";
    let said = project.refused(&format!("{run} '{commands}'")).await;
    assert!(said.contains(why), "{commands}: {said}");
}

/// What an instance of rate that has this token comes to say.
async fn with_the_token_of(project: &Project, service: &str, said: &str) {
    let start = format!(
        "docker compose run --detach --no-deps --volume bellhop-test_consul-{service}:/other:ro \
         --env CONSUL_HTTP_TOKEN_FILE=/other/token --env RUST_LOG=info rate"
    );
    let container = project.must(&start).await;
    let log = format!("docker logs {} 2>&1", container.trim());
    until(said, || async {
        project.must(&log).await.contains(said).then_some(())
    })
    .await;
}
