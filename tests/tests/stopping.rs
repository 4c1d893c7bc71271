//! Signals to processes that cannot do as they are told: a handler blocks its thread, a name server does not answer.

use e2e::{Launch, Process, Registry, until};
use hotel_proto::geo::{Request as Ask, geo_client::GeoClient};
use tonic::transport::Endpoint;

const BLOCKING: &str = env!("CARGO_BIN_EXE_blocking-member");
const ANYWHERE: &str = "127.0.0.1:0";

/// A member whose only thread for calls is blocked by one, for ten minutes.
async fn blocked(registry: &Registry, drain: &str) -> Process {
    let launch = Launch::new(BLOCKING)
        .registry(registry)
        .set("BELLHOP_LISTEN", ANYWHERE)
        .set("BELLHOP_SHARDS", "1")
        .set("BELLHOP_DRAIN_TIMEOUT", drain);
    let process = launch.start(&[]);
    let (address, _) = process.serving("geo").await;
    until("a registration", || async {
        (!registry.passing("geo").await.is_empty()).then_some(())
    })
    .await;
    let channel = Endpoint::new(format!("http://{address}")).expect("an address");
    let mut client = GeoClient::new(channel.connect().await.expect("a connection"));
    tokio::spawn(async move { client.nearby(Ask::default()).await });
    said(&process, "blocked").await;
    process
}

/// Waits until it says so.
async fn said(process: &Process, what: &str) {
    until(what, || async {
        process.output().contains(what).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_a_handler_that_blocks_its_thread() {
    let registry = Registry::mini().await;
    let mut process = blocked(&registry, "10m").await;
    process.terminate();
    said(&process, "deregistered").await;
    // It waits for the call, which takes long.
    process.terminate();
    let end = process.end().await;
    assert_eq!(end.code(), Some(1), "{}", process.output());
    said(&process, "Interrupted").await;
}

#[tokio::test]
async fn a_handler_that_blocks_its_thread_does_not_outlast_the_bounds_of_leaving() {
    let registry = Registry::mini().await;
    let mut process = blocked(&registry, "300ms").await;
    process.terminate();
    let end = process.end().await;
    assert_eq!(end.code(), Some(0), "{}", process.output());
    said(&process, "calls in flight were cut off").await;
    said(&process, "a handler blocks its thread").await;
}

/// Name lookups by glibc read a file of aliases first. Here they read from a pipe that nobody writes to.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod lookups {
    use std::{
        fs::{self, File},
        path::{Path, PathBuf},
        process::Command,
    };

    use super::*;

    const HOTELS: &str = env!("CARGO_BIN_EXE_hotels-under-test");

    /// A frontend that looks up the name of its registry, and hears nothing.
    struct Looking {
        process: Process,
        pipe: PathBuf,
        /// Without a writer it would be an empty file.
        _writer: File,
        _folder: tempfile::TempDir,
    }

    impl Looking {
        async fn start(drain: &str) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let pipe = folder.path().join("aliases");
            let made = Command::new("mkfifo").arg(&pipe).status();
            assert!(made.expect("mkfifo").success());
            let both = File::options().read(true).write(true).open(&pipe);
            let launch = Launch::new(HOTELS)
                .set("HOSTALIASES", pipe.to_str().expect("a path"))
                .set("CONSUL_HTTP_ADDR", "consul:8500")
                .set("BELLHOP_DRAIN_QUIET", drain)
                .set("BELLHOP_DRAIN_TIMEOUT", drain);
            let process = launch.start(&["frontend", "--http", ANYWHERE]);
            let looking = Self {
                process,
                pipe,
                _writer: both.expect("a pipe"),
                _folder: folder,
            };
            looking.process.serving("frontend").await;
            until("a lookup", || async { looking.looks_up().then_some(()) }).await;
            looking
        }

        fn looks_up(&self) -> bool {
            let open = Path::new("/proc").join(self.process.id().to_string());
            let open = fs::read_dir(open.join("fd")).expect("what it has open");
            open.flatten()
                .filter_map(|file| fs::read_link(file.path()).ok())
                .any(|file| file == self.pipe)
        }
    }

    #[tokio::test]
    async fn a_second_signal_does_not_wait_for_a_name_server() {
        let mut looking = Looking::start("10m").await;
        let process = &mut looking.process;
        process.terminate();
        said(process, "cannot leave the registry").await;
        // It waits for its callers to go, which takes long.
        process.terminate();
        let end = process.end().await;
        assert_eq!(end.code(), Some(1), "{}", process.output());
        said(process, "stopped at once").await;
    }

    #[tokio::test]
    async fn a_name_server_does_not_outlast_the_bounds_of_leaving() {
        let mut looking = Looking::start("300ms").await;
        let process = &mut looking.process;
        process.terminate();
        let end = process.end().await;
        assert_eq!(end.code(), Some(0), "{}", process.output());
        said(process, "stopped").await;
    }
}
