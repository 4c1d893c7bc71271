//! Real programs that watch Hotels: Jaeger, a Prometheus, a Collector, a Loki.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{Client, until};

/// A program that runs until this is dropped.
#[derive(Debug)]
pub struct Program(Child);

/// Where a program comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Its name, for people.
    pub name: &'static str,
    /// The variable that names it.
    pub variable: &'static str,
    /// Its name in the `PATH`.
    pub binary: &'static str,
    /// Where the script puts it, below `.servers`.
    pub ours: &'static str,
    /// What gets it.
    pub script: &'static str,
}

impl Source {
    /// Jaeger's all-in-one, version 1.
    pub const JAEGER: Self = Self {
        name: "Jaeger",
        variable: "JAEGER_BIN",
        binary: "jaeger-all-in-one",
        ours: "jaeger/jaeger-all-in-one",
        script: "scripts/get-jaeger.sh",
    };

    /// An OpenTelemetry Collector.
    pub const COLLECTOR: Self = Self {
        name: "OpenTelemetry Collector",
        variable: "OTELCOL_BIN",
        binary: "otelcol-contrib",
        ours: "otel-collector/otelcol",
        script: "scripts/get-otel-collector.sh",
    };

    /// Prometheus, with service discovery by Consul.
    pub const PROMETHEUS: Self = Self {
        name: "Prometheus",
        variable: "PROMETHEUS_BIN",
        binary: "prometheus",
        ours: "prometheus/prometheus",
        script: "scripts/get-prometheus.sh",
    };

    /// Loki, which keeps log lines.
    pub const LOKI: Self = Self {
        name: "Loki",
        variable: "LOKI_BIN",
        binary: "loki",
        ours: "loki/loki",
        script: "scripts/get-loki.sh",
    };

    /// The program, where there is one. Says so where there is none, unless `BELLHOP_REQUIRE_WATCHERS` demands it.
    ///
    /// # Panics
    /// When it is demanded and not there.
    pub fn find(self) -> Option<PathBuf> {
        let named = env::var_os(self.variable).map(PathBuf::from);
        let found = named.or_else(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.servers");
            let in_path = env::var_os("PATH").unwrap_or_default();
            env::split_paths(&in_path)
                .map(|folder| folder.join(self.binary))
                .chain([root.join(self.ours)])
                .find(|candidate| candidate.is_file())
        });
        let Self { name, script, .. } = self;
        if found.is_none() {
            assert!(
                env::var_os("BELLHOP_REQUIRE_WATCHERS").is_none(),
                "there is no {name}"
            );
            eprintln!("passed over: there is no {name} ({script} gets one)");
        }
        found
    }
}

impl Program {
    /// Starts a program, and waits until it answers at this URL.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn start<A: AsRef<OsStr>>(
        binary: &Path,
        arguments: impl IntoIterator<Item = A>,
        environment: &[(&str, String)],
        ready: &str,
    ) -> Self {
        let child = Command::new(binary)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let program = Self(child.expect("a program that starts"));
        let client = Client::new();
        until(&format!("{} answers", binary.display()), || async {
            let answer = client.get(ready).await.ok()?;
            answer.status.is_success().then_some(())
        })
        .await;
        program
    }

    /// Sends it a signal: `STOP`, `CONT`.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.0.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
