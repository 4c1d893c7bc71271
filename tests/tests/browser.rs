//! The page in a real Chromium, on the real system. What is looked at stands in `services/frontend/web/browser`.
//!
//! It takes Node, a Chromium, and the page's packages; `BELLHOP_REQUIRE_BROWSER` demands them.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use e2e::{Launch, Process, Registry, System, free_ports, until};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn in_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// What looks at the page.
struct Looker {
    node: PathBuf,
    chromium: PathBuf,
    web: PathBuf,
}

impl Looker {
    /// All that it takes, where it is there. Says what is missing, unless `BELLHOP_REQUIRE_BROWSER` demands it.
    fn find() -> Option<Self> {
        let web = root().join("services/frontend/web");
        let found = (|| {
            let packages = web.join("node_modules/playwright-core");
            let named = env::var_os("CHROMIUM_BIN").map(PathBuf::from);
            let chromium = named.or_else(|| BROWSERS.into_iter().find_map(in_path));
            Ok(Self {
                node: in_path("node").ok_or("Node")?,
                chromium: chromium.ok_or("Chromium (apt-get install chromium)")?,
                web: packages.is_dir().then_some(web).ok_or(
                    "no package of the page (npm ci --ignore-scripts in services/frontend/web)",
                )?,
            })
        })();
        match found {
            Ok(looker) => Some(looker),
            Err(missing) => {
                let missing: &str = missing;
                assert!(
                    env::var_os("BELLHOP_REQUIRE_BROWSER").is_none(),
                    "there is no {missing}"
                );
                eprintln!("passed over: there is no {missing}");
                None
            }
        }
    }

    /// Runs a file of tests at this address.
    async fn look(&self, file: &str, url: &str, settings: &[(&str, &str)]) {
        static BUILT: OnceLock<()> = OnceLock::new();
        BUILT.get_or_init(|| {
            let built = self.node(&["build.mjs", "--tests"]).status();
            assert!(built.expect("Node").success(), "the tests cannot be built");
        });
        let file = format!("out/browser/{file}.test.js");
        let mut command = self.node(&["--test", "--test-reporter=spec", &file]);
        command
            .env("HOTELS_URL", url)
            .env("CHROMIUM_BIN", &self.chromium)
            .env("BROWSER_PICTURES", root().join("target/browser"))
            .envs(settings.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("no panic").expect("Node");
        let said = String::from_utf8_lossy(&output.stdout);
        println!("{said}");
        assert!(output.status.success(), "{file} fails, see above");
    }

    fn node(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.node);
        command.args(arguments).current_dir(&self.web);
        command
    }
}

/// The whole system in one process, and the address of its page.
async fn up(settings: &[(&str, &str)]) -> (Process, String) {
    let launch = settings
        .iter()
        .fold(Launch::new(BINARY), |launch, (name, value)| {
            launch.set(name, value)
        });
    let ports = free_ports::<2>().map(|port| format!("127.0.0.1:{port}"));
    let [http, registry] = &ports;
    let process = launch.start(&["up", "--http", http, "--registry", registry]);
    until("the system is ready", || async {
        process.output().contains("Hotels is ready").then_some(())
    })
    .await;
    (process, format!("http://{http}"))
}

const TOLD: [(&str, &str); 1] = [("HOTELS_JAEGER", "http://localhost:16686")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_can_use_the_page() {
    let Some(looker) = Looker::find() else { return };
    let (_process, url) = up(&TOLD).await;
    looker.look("page", &url, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_of_the_page_is_a_good_one() {
    let Some(looker) = Looker::find() else { return };
    let (_process, url) = up(&TOLD).await;
    looker.look("states", &url, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_is_as_it_is_described() {
    let Some(looker) = Looker::find() else { return };
    let (_process, url) = up(&[("HOTELS_ALLOW_CHAOS", "true")]).await;
    looker.look("openapi", &url, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_an_online_map_where_it_is_told_to() {
    let Some(looker) = Looker::find() else { return };
    let [port] = free_ports::<1>();
    let tiles = format!("http://127.0.0.1:{port}/{{z}}/{{x}}/{{y}}.png");
    let settings = [
        ("HOTELS_TILES", &*tiles),
        ("HOTELS_TILES_ATTRIBUTION", "© The <makers> of tiles"),
    ];
    let (_process, url) = up(&settings).await;
    let port = port.to_string();
    looker.look("tiles", &url, &[("TILES_PORT", &port)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_a_style_where_it_is_told_to() {
    let Some(looker) = Looker::find() else { return };
    let port = free_ports::<1>()[0].to_string();
    let style = format!("http://127.0.0.1:{port}/style.json");
    let (_process, url) = up(&[("HOTELS_TILES", &*style)]).await;
    looker.look("style", &url, &[("TILES_PORT", &port)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_says_which_service_is_gone() {
    let Some(looker) = Looker::find() else { return };
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let launch = launch.set("HOTELS_ALLOW_CHAOS", "true");
    let mut system = System::start(launch).await;
    let url = system.address().to_owned();
    for service in ["rate", "search"] {
        system.processes.remove(service);
        system.passing(&registry, service, 0).await;
        looker
            .look("outage", &url, &[("HOTELS_WITHOUT", service)])
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mesh_is_seen_while_instances_come_and_go() {
    let Some(looker) = Looker::find() else { return };
    let registry = Registry::mini().await;
    let system = System::start(Launch::new(BINARY).registry(&registry)).await;
    let consul = format!("http://{}", registry.address());
    let settings = [("HOTELS_BINARY", BINARY), ("HOTELS_CONSUL", &consul)];
    looker.look("mesh", system.address(), &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_asked_for_and_callers_bear_them() {
    let Some(looker) = Looker::find() else { return };
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let launch = launch.set("HOTELS_ALLOW_CHAOS", "true");
    let mut system = System::start(launch).await;
    system.add("rate").serving("rate").await;
    looker.look("chaos", system.address(), &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_are_seen_without_a_collector() {
    let Some(looker) = Looker::find() else { return };
    let (_process, url) = up(&[]).await;
    looker.look("traces", &url, &[]).await;
}
