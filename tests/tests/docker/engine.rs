//! A real Docker Engine, and what images of tests are made of.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use e2e::Source;
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

/// For the longest of commands: a start of everything, each waiting for whom it needs.
const PATIENCE: Duration = Duration::from_secs(150);

/// For what is not everybody's.
const AS_ROOT: &str = "as_root() { if [ $UID = 0 ]; then \"$@\"; else sudo -n \"$@\"; fi; }";

/// Settings of a shell.
pub(crate) type Settings = Vec<(&'static str, String)>;

/// An engine that answers, Compose, and programs for images.
pub(crate) struct Engine {
    /// `docker` as commands find it, and its folder of plugins.
    folder: TempDir,
    pub(crate) hotels: PathBuf,
    pub(crate) consul: PathBuf,
    pub(crate) jaeger: PathBuf,
    pub(crate) prometheus: PathBuf,
    pub(crate) busybox: PathBuf,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// A program by a variable, else where a script puts it.
fn program(variable: &str, ours: &str) -> Result<PathBuf, String> {
    let named = env::var_os(variable).map(PathBuf::from);
    let found = named.unwrap_or_else(|| root().join(ours));
    match found.is_file() {
        true => Ok(found),
        false => Err(format!("there is no {}", found.display())),
    }
}

impl Engine {
    /// What it takes, where that is here. Says what is missing, unless `BELLHOP_REQUIRE_DOCKER` demands it.
    pub(crate) async fn find() -> Option<Self> {
        match Self::look().await {
            Ok(engine) => Some(engine),
            Err(missing) => {
                assert!(env::var_os("BELLHOP_REQUIRE_DOCKER").is_none(), "{missing}");
                eprintln!(
                    "passed over: {missing} (scripts/get-docker.sh and scripts/static-hotels.sh)"
                );
                None
            }
        }
    }

    async fn look() -> Result<Self, String> {
        let plugin = "usr/libexec/docker/cli-plugins/docker-compose";
        let compose = program("COMPOSE_BIN", &format!(".servers/compose/{plugin}"))?;
        let jaeger = program(Source::JAEGER.variable, ".servers/jaeger/jaeger-all-in-one")?;
        let prometheus = program(
            Source::PROMETHEUS.variable,
            ".servers/prometheus/prometheus",
        )?;
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let engine = Self {
            hotels: program("HOTELS_STATIC_BIN", "target/static/hotels")?,
            consul: program("CONSUL_BIN", ".servers/consul/usr/bin/consul")?,
            busybox: program("BUSYBOX_BIN", ".servers/busybox/bin/busybox")?,
            jaeger,
            prometheus,
            folder,
        };
        let plugins = engine.folder.path().join("cli-plugins");
        fs::create_dir(&plugins).unwrap();
        symlink(compose, plugins.join("docker-compose")).unwrap();
        if let Some(client) = env::var_os("DOCKER_BIN") {
            symlink(client, engine.folder.path().join("docker")).unwrap();
        }
        match engine.run("docker info", &[]).await {
            Ok(_) => Ok(engine),
            Err(why) => Err(format!("no Docker Engine answers: {why}")),
        }
    }

    /// What runs commands, to which `docker` and `docker compose` are these.
    pub(crate) fn shell(&self, commands: &str) -> process::Command {
        let path = env::var("PATH").unwrap_or_default();
        let folder = self.folder.path();
        let mut shell = process::Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c"])
            .arg(format!("{AS_ROOT}\n{commands}"))
            .current_dir(root())
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("DOCKER_CONFIG", folder)
            // Images are put together of what is there already.
            .env("DOCKER_BUILDKIT", "0")
            .stdin(process::Stdio::null());
        shell
    }

    /// What commands write, or what they say when one of them fails.
    pub(crate) async fn run(
        &self,
        commands: &str,
        settings: &[(&'static str, String)],
    ) -> Result<String, String> {
        let mut shell = Command::from(self.shell(commands));
        shell.envs(settings.iter().map(|(name, value)| (name, value)));
        let shell = shell.kill_on_drop(true).output();
        let done = timeout(PATIENCE, shell).await;
        let done = done.map_err(|_| format!("`{commands}` takes more than {PATIENCE:?}"))?;
        let done = done.map_err(|error| error.to_string())?;
        match done.status.success() {
            true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
            false => {
                let said = String::from_utf8_lossy(&done.stderr);
                Err(format!("`{commands}` fails: {said}"))
            }
        }
    }

    /// What commands write.
    pub(crate) async fn must(&self, commands: &str, settings: &[(&'static str, String)]) -> String {
        let done = self.run(commands, settings).await;
        done.unwrap_or_else(|why| panic!("{why}"))
    }
}
