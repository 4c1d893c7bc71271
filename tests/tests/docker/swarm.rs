//! The same file, run by Docker Swarm on one node.

use e2e::{free_ports, until};

use serde_json::Value;

use crate::{
    load::Load,
    outside,
    project::{MEMBERS, Project},
    scan,
};

/// A node that leaves while it has networks of a swarm keeps them, and nobody can remove them then.
const DOWN: &str = "of='label=com.docker.stack.namespace=hotels'
    docker stack rm hotels
    for _ in $(seq 100); do
      docker ps --all --quiet --filter $of | xargs -r docker rm --force
      [ -n \"$(docker network ls --quiet --filter $of)\" ] || break
      sleep 0.5
    done
    docker swarm leave --force
    docker network rm docker_gwbridge";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_is_scaled_and_rolled_without_a_lost_request() {
    let Some(project) = Project::new(&[], &[]).await else {
        return;
    };
    let state = project
        .must("docker info -f '{{.Swarm.LocalNodeState}}'")
        .await;
    assert_eq!(state.trim(), "inactive", "a swarm of somebody else's");
    let mut project = project.undone_by(DOWN);
    let [port] = free_ports();
    project.set("HOTELS_PORT", &u16::to_string(&port));
    project.set("new", "v2");
    project.walk("Swarm", 0).await;
    let frontend = format!("127.0.0.1:{port}");
    project.example(&frontend).await;
    bounds_hold(&project).await;
    let load = Load::start(&frontend);
    project.walk("Swarm", 1).await;
    running(&project, "v1", 3).await;
    project.walk("Swarm", 2).await;
    running(&project, "v2", 3).await;
    load.pass(100).await;
    load.stop().await;
    project.walk("Swarm", 3).await;
}

/// Nobody writes to a disk, and only the frontend gets out.
async fn bounds_hold(project: &Project) {
    let list =
        "docker ps --quiet --filter label=com.docker.stack.namespace=hotels | xargs docker inspect";
    let containers: Value = serde_json::from_str(&project.must(list).await).unwrap();
    let containers = containers.as_array().unwrap();
    assert_eq!(containers.len(), MEMBERS.len() + 2);
    for container in containers {
        scan::written(project, container, &[]).await;
    }
    let service = "com.docker.swarm.service.name";
    let reached = outside::reached(project, containers, service).await;
    assert_eq!(reached, ["hotels_frontend"]);
}

async fn running(project: &Project, version: &str, tasks: usize) {
    let list = "docker service ps hotels_rate --filter desired-state=running --format '{{.Image}} {{.CurrentState}}'";
    let one = format!("bellhop-test/hotels:{version} Running");
    until(&format!("{tasks} of {version}"), || async {
        let found = project.must(list).await;
        (found.lines().filter(|task| task.starts_with(&one)).count() == tasks).then_some(())
    })
    .await;
}
