//! A Consul that asks for tokens.

use e2e::until;

use crate::{
    project::{MEMBERS, Project},
    scan,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_allows_what_its_service_does_and_a_wrong_one_nothing() {
    let files = ["deploy/secure.yml"];
    let one_shots = ["consul-secrets", "consul-tokens"];
    let Some(project) = Project::new(&files, &one_shots).await else {
        return;
    };
    project.walk("Secure", 0).await;
    let frontend = project.port("frontend", 5000).await;
    project.example(&frontend).await;
    let seen = scan::all(&project, &["/consul/data"]).await;
    assert_eq!(seen, MEMBERS.len() + 2);
    let started = project.must("docker compose logs consul").await;
    assert!(started.contains("Gossip: true"), "{started}");

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
