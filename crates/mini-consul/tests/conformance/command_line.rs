//! The unmodified `consul` command line against mini-consul.

use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{Mini, PATIENCE, consul_binary};

struct Cli {
    binary: std::path::PathBuf,
    mini: Mini,
}

impl Cli {
    async fn new() -> Option<Self> {
        Some(Self {
            binary: consul_binary()?,
            mini: Mini::start().await,
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .env("CONSUL_HTTP_ADDR", self.mini.address.to_string());
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = timeout(PATIENCE, self.command(arguments).output())
            .await
            .expect("an end")
            .expect("consul runs");
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    #[track_caller]
    fn says(&self, answer: &(bool, String), expected: &str) {
        assert!(
            answer.0 && answer.1.contains(expected),
            "{expected:?} is not in {answer:?}"
        );
    }
}

#[tokio::test]
async fn services_are_registered_listed_and_removed() {
    let Some(cli) = Cli::new().await else { return };
    let registered = cli
        .run(&[
            "services",
            "register",
            "-name=web",
            "-port=80",
            "-tag=blue",
            "-meta=a=b",
        ])
        .await;
    cli.says(&registered, "Registered service: web");
    cli.says(&cli.run(&["catalog", "services", "-tags"]).await, "blue");
    cli.says(&cli.run(&["catalog", "nodes"]).await, "mini-consul");
    cli.says(&cli.run(&["catalog", "datacenters"]).await, "dc1");
    cli.says(
        &cli.run(&["services", "deregister", "-id=web"]).await,
        "Deregistered service: web",
    );
    let (_, names) = cli.run(&["catalog", "services"]).await;
    assert_eq!(names.trim(), "consul");
}

#[tokio::test]
async fn keys_are_written_read_and_deleted() {
    let Some(cli) = Cli::new().await else { return };
    cli.says(
        &cli.run(&["kv", "put", "a/b", "value"]).await,
        "Data written to: a/b",
    );
    cli.says(&cli.run(&["kv", "get", "a/b"]).await, "value");
    cli.says(
        &cli.run(&["kv", "get", "-detailed", "a/b"]).await,
        "ModifyIndex",
    );
    cli.says(&cli.run(&["kv", "get", "-recurse", "a"]).await, "a/b:value");
    cli.says(&cli.run(&["kv", "get", "-keys"]).await, "a/");
    let (done, _) = cli
        .run(&["kv", "put", "-cas", "-modify-index=1", "a/b", "other"])
        .await;
    assert!(!done, "a stale index sets nothing");
    cli.says(&cli.run(&["kv", "export", "a"]).await, "dmFsdWU=");
    cli.says(
        &cli.run(&["kv", "delete", "-recurse", "a"]).await,
        "Deleted keys with prefix: a",
    );
    let (found, _) = cli.run(&["kv", "get", "a/b"]).await;
    assert!(!found);
}

#[tokio::test]
async fn a_service_goes_into_maintenance_and_back() {
    let Some(cli) = Cli::new().await else { return };
    cli.says(
        &cli.run(&["services", "register", "-name=web"]).await,
        "Registered",
    );
    let enable = ["maint", "-enable", "-service=web", "-reason=cleaning"];
    cli.says(
        &cli.run(&enable).await,
        "Service maintenance is now enabled",
    );
    cli.says(&cli.run(&["maint"]).await, "cleaning");
    cli.says(
        &cli.run(&["maint", "-disable", "-service=web"]).await,
        "now disabled",
    );
    let (done, _) = cli.run(&["maint", "-enable", "-service=nobody"]).await;
    assert!(!done);
}

#[tokio::test]
async fn watches_see_what_is_there() {
    let Some(cli) = Cli::new().await else { return };
    cli.says(
        &cli.run(&["services", "register", "-name=web", "-port=80"])
            .await,
        "Registered",
    );
    cli.says(&cli.run(&["kv", "put", "a/b", "value"]).await, "written");
    for (arguments, expected) in [
        (&["watch", "-type=service", "-service=web"][..], "\"web\""),
        (&["watch", "-type=services"], "\"consul\""),
        (&["watch", "-type=nodes"], "\"mini-consul\""),
        (&["watch", "-type=checks", "-state=any"], "serfHealth"),
        (&["watch", "-type=key", "-key=a/b"], "dmFsdWU="),
        (&["watch", "-type=keyprefix", "-prefix=a"], "dmFsdWU="),
    ] {
        cli.says(&cli.run(arguments).await, expected);
    }
}
