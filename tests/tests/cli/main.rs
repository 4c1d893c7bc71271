//! The command line, as a person meets it.

mod healthcheck;
mod told;

use std::{fs, net::TcpListener, path::Path};

use e2e::{Client, Launch, Process, Raw, Registry, until};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
const ANYWHERE: &str = "127.0.0.1:0";

/// What a process that ends says, which must be a failure.
async fn failure(launch: &Launch, arguments: &[&str]) -> String {
    let mut process = launch.start(arguments);
    let end = process.end().await;
    assert!(!end.success(), "{}", process.output());
    process.output()
}

/// The whole system in one process, on free ports.
fn up(more: &[&str]) -> Process {
    let arguments = [&["up", "--http", ANYWHERE, "--registry", ANYWHERE], more].concat();
    Launch::new(BINARY).start(&arguments)
}

async fn until_ready(process: &Process) -> String {
    until("a system that is ready", || async {
        let output = process.output();
        (output.contains("Hotels is ready") && output.contains("Stop")).then_some(output)
    })
    .await
}

#[tokio::test]
async fn one_command_starts_the_whole_system() {
    let mut process = up(&["--scale", "rate=3"]);
    let screen = until_ready(&process).await;
    for part in [
        "/ui/",
        "geo ",
        "profile ",
        "search ",
        "frontend ",
        "curl",
        "Ctrl-C",
        "embedded",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    assert_eq!(
        screen
            .lines()
            .filter(|line| line.starts_with("  rate "))
            .count(),
        3
    );

    let (address, _) = process.serving("frontend").await;
    let url = format!("http://{address}/hotels?inDate=2015-04-09&outDate=2015-04-10");
    let answer = Client::new().get(&url).await.unwrap();
    assert_eq!(answer.json()["features"][0]["id"], "5");

    process.terminate();
    assert!(process.end().await.success());
}

#[tokio::test]
async fn a_connection_to_the_frontend_stays_open_between_requests() {
    let launch = Launch::new(BINARY).set("BELLHOP_HEADER_TIMEOUT", "300ms");
    let frontend = launch.start(&["frontend", "--http", ANYWHERE]);
    let (address, _) = frontend.serving("frontend").await;
    let (mut idle, mut silent) = (Raw::connect(address).await, Raw::connect(address).await);
    assert_eq!(idle.get("/healthz").await, Some(200));
    silent.closed().await;
    assert_eq!(idle.get("/healthz").await, Some(200));
}

#[tokio::test]
async fn the_screen_says_where_to_look_inside() {
    let process = up(&["--admin", ANYWHERE]);
    let screen = until_ready(&process).await;
    let line = screen.lines().find(|line| line.starts_with("Look"));
    let url = line.and_then(|line| line.split_whitespace().nth(1));
    let url = url.unwrap_or_else(|| panic!("{screen}"));
    let client = Client::new();
    let mesh = client.get(&format!("{url}/mesh")).await.unwrap().json();
    assert_eq!(mesh["service"], "frontend");
    let settings = client.get(&format!("{url}/config")).await.unwrap().json();
    let settings = settings["settings"].as_array().unwrap().clone();
    let admin = settings.iter().find(|one| one["name"] == "BELLHOP_ADMIN");
    assert_eq!(admin.unwrap()["source"], "command line");
    // All members of the process have one of their own.
    let metrics = client.get(&format!("{url}/metrics")).await.unwrap();
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("service_name=\"frontend\""), "{metrics}");
}

#[tokio::test]
async fn clients_are_limited_where_that_is_asked_for() {
    let process = up(&["--limit", "0.01:2", "--trusted-proxy", "127.0.0.0/8"]);
    until_ready(&process).await;
    let (address, _) = process.serving("frontend").await;
    let url = format!("http://{address}/hotels?inDate=2015-04-09&outDate=2015-04-10");
    let client = Client::new();
    let mut statuses = Vec::new();
    for client_address in ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        let headers = [("x-forwarded-for", client_address)];
        let answer = client.get_with(&url, &headers).await.unwrap();
        statuses.push(answer.status.as_u16());
        if answer.status == 429 {
            let seconds: u32 = answer.header("retry-after").parse().unwrap();
            assert!((90..=100).contains(&seconds), "{seconds}");
        }
    }
    assert_eq!(statuses, [200, 200, 429, 200]);

    for bad in [["--limit", "many"], ["--trusted-proxy", "localhost"]] {
        let said = failure(&Launch::new(BINARY), &[&["up"], &bad[..]].concat()).await;
        assert!(said.contains("expected"), "{said}");
    }
}

#[tokio::test]
async fn it_uses_a_registry_that_is_there() {
    let registry = Registry::mini().await;
    let consul = format!("http://{}", registry.address());
    let process = Launch::new(BINARY).start(&["--http", ANYWHERE, "--consul", &consul]);
    let screen = until_ready(&process).await;
    assert!(screen.contains(&format!("{consul}   (yours)")), "{screen}");
    assert_eq!(registry.registered("frontend").await.len(), 1);
}

#[tokio::test]
async fn a_registry_that_is_there_already_is_offered() {
    let registry = Registry::mini().await;
    let address = registry.address().to_string();
    let arguments = ["up", "--http", ANYWHERE, "--registry", &address];
    let said = failure(&Launch::new(BINARY), &arguments).await;
    assert!(
        said.contains(&format!("--consul http://{address}")),
        "{said}"
    );
    assert!(said.contains("--registry"), "{said}");

    let said = failure(&Launch::new(BINARY), &["registry", "--registry", &address]).await;
    assert!(
        said.contains("--registry ADDR") && !said.contains("--consul"),
        "{said}"
    );
}

#[tokio::test]
async fn a_taken_port_names_the_option_that_changes_it() {
    let taken = TcpListener::bind(ANYWHERE).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let launch = Launch::new(BINARY);
    for (arguments, option) in [
        (
            vec!["up", "--http", &address, "--registry", ANYWHERE],
            "--http",
        ),
        (
            vec!["up", "--http", ANYWHERE, "--registry", &address],
            "--registry",
        ),
        (vec!["geo", "--listen", &address], "--listen"),
        (vec!["frontend", "--http", &address], "--http"),
        (vec!["geo", "--admin", &address], "--admin"),
        (vec!["registry", "--registry", &address], "--registry"),
    ] {
        let said = failure(&launch, &arguments).await;
        assert!(
            said.contains(&address) && said.contains("taken"),
            "{arguments:?}: {said}"
        );
        assert!(said.contains(option), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_settings_file_is_obeyed_and_its_faults_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hotels.toml");
    let arguments = ["geo", "--config", path.to_str().unwrap()];
    let bad = "drain_quiet = \"soon\"\ncolour = \"red\"\n[channel.rate]\ntimeout = \"never\"\n[channel.raet]\ntimeout = \"1s\"\n";
    std::fs::write(&path, bad).unwrap();
    let said = failure(&Launch::new(BINARY), &arguments).await;
    for fault in [
        "drain_quiet in hotels.toml",
        "colour in hotels.toml",
        "channel.rate.timeout in hotels.toml",
        "channel.raet.timeout in hotels.toml=\"1s\": no such setting, did you mean channel.rate.timeout?",
    ] {
        assert!(said.contains(fault), "{said}");
    }

    let fine = "service_prefix = \"srv-\"\nbreaker = false\nhedge_after = true\n[channel.rate]\nretry_attempts = false\n";
    std::fs::write(&path, fine).unwrap();
    let registry = Registry::mini().await;
    let process = Launch::new(BINARY).registry(&registry).start(&arguments);
    until("geo by its other name", || async {
        (registry.passing("srv-geo").await.len() == 1).then_some(())
    })
    .await;
    drop(process);
}

#[tokio::test]
async fn every_bad_setting_is_named_at_once() {
    let launch = Launch::new(BINARY)
        .set("BELLHOP_CHECK_INTERVAL", "often")
        .set("BELLHOP_TIMEOUT", "0s")
        .set("CONSUL_HTTP_SSL", "perhaps")
        .set("OTEL_TRACES_SAMPLER", "sometimes");
    let said = failure(&launch, &["geo"]).await;
    for (name, value) in [
        ("BELLHOP_CHECK_INTERVAL", "often"),
        ("BELLHOP_TIMEOUT", "0s"),
        ("CONSUL_HTTP_SSL", "perhaps"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
    ] {
        assert!(
            said.contains(&format!("{name}={value:?}")),
            "{name}: {said}"
        );
    }
}

#[tokio::test]
async fn a_setting_that_there_is_not_is_told_with_what_was_meant() {
    let launch = Launch::new(BINARY)
        .set("BELLHOP_DRAIN_QIUET", "1s")
        .set("BELLHOP_CHANEL_RATE_TIMEOUT", "1s")
        .set("BELLHOP_CHANNEL_RAET_TIMEOUT", "1s")
        .set("BELLHOP_CHANNEL_FRONTEND_TIMEOUT", "1s");
    let said = failure(&launch, &["search"]).await;
    for fault in [
        "BELLHOP_DRAIN_QIUET=\"1s\": no such setting, did you mean BELLHOP_DRAIN_QUIET?",
        "BELLHOP_CHANEL_RATE_TIMEOUT=\"1s\": no such setting, did you mean BELLHOP_CHANNEL_RATE_TIMEOUT?",
        "BELLHOP_CHANNEL_RAET_TIMEOUT=\"1s\": no such setting, did you mean BELLHOP_CHANNEL_RATE_TIMEOUT?",
        "BELLHOP_CHANNEL_FRONTEND_TIMEOUT=\"1s\": expected a setting of calls to one of geo, profile, rate, search",
    ] {
        assert!(said.contains(fault), "{fault}: {said}");
    }
}

#[tokio::test]
async fn a_bad_option_is_named_as_it_was_given() {
    let bad = ["--consul", "ftp://nowhere", "--config", "/nowhere.toml"];
    let said = failure(&Launch::new(BINARY), &[&["geo"], &bad[..]].concat()).await;
    for fault in ["--consul=\"ftp://nowhere\"", "--config=\"/nowhere.toml\""] {
        assert!(said.contains(fault), "{fault}: {said}");
    }
    let launch = Launch::new(BINARY).set("CONSUL_HTTP_ADDR", "ftp://nowhere");
    let said = failure(&launch, &["geo"]).await;
    assert!(
        said.contains("CONSUL_HTTP_ADDR=\"ftp://nowhere\""),
        "{said}"
    );
}

#[tokio::test]
async fn a_password_in_an_address_is_never_repeated() {
    let bad = [
        ("CONSUL_HTTP_ADDR", "http://ann:hush@c:8500"),
        ("CONSUL_HTTP_ADDR", "ann:hush@c:8500"),
        ("CONSUL_HTTP_ADDR", "http://c:8500/?token=hush"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://ann:hush@c:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c/?token=hush"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hush"),
        ("HOTELS_JAEGER", "http://ann:hush@c:16686"),
        ("HOTELS_TILES", "https://ann:hush@c/{z}/{x}/{y}"),
    ];
    for (name, value) in bad {
        let said = failure(&Launch::new(BINARY).set(name, value), &["frontend"]).await;
        let option = name.to_lowercase().replace("hotels_", "--");
        assert!(said.contains(name) || said.contains(&option), "{said}");
        assert!(!said.contains("hush"), "{name}={value}: {said}");
        let help = Launch::new(BINARY).set(name, value);
        let mut help = help.start(&["frontend", "--help"]);
        assert!(help.end().await.success());
        assert!(!help.output().contains("hush"), "{}", help.output());
    }
    let given = ["frontend", "--consul", "http://ann:hush@c:8500"];
    let said = failure(&Launch::new(BINARY), &given).await;
    assert!(
        said.contains("--consul") && !said.contains("hush"),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_for_all_addresses_must_say_which_to_advertise() {
    let said = failure(&Launch::new(BINARY), &["geo", "--listen", "0.0.0.0:0"]).await;
    assert!(said.contains("BELLHOP_ADVERTISE"), "{said}");
}

#[tokio::test]
async fn data_that_is_broken_names_file_record_and_field() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    let folder = tempfile::tempdir().unwrap();
    for file in ["geo.json", "hotels.json", "inventory.json", "locales.json"] {
        fs::copy(shipped.join(file), folder.path().join(file)).unwrap();
    }
    let data = folder.path().to_str().unwrap();
    let arguments = [
        "up",
        "--http",
        ANYWHERE,
        "--registry",
        ANYWHERE,
        "--data",
        data,
    ];

    let process = Launch::new(BINARY).start(&arguments);
    until_ready(&process).await;

    let geo = fs::read_to_string(folder.path().join("geo.json")).unwrap();
    fs::write(
        folder.path().join("geo.json"),
        geo.replacen("37.78", "137.78", 1),
    )
    .unwrap();
    let said = failure(&Launch::new(BINARY), &arguments).await;
    for part in ["geo.json", "[0]", "id \\\"1\\\"", "lat", "137.78"] {
        assert!(
            said.contains(part) || said.contains(&part.replace('\\', "")),
            "{part}: {said}"
        );
    }
}

#[tokio::test]
async fn help_tells_every_option_with_its_default_and_its_variable() {
    let help = |arguments: &[&str]| {
        let output = std::process::Command::new(BINARY)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let up = help(&["up", "--help"]);
    for part in [
        "--scale",
        "--http",
        "127.0.0.1:5000",
        "HOTELS_HTTP",
        "--registry",
        "127.0.0.1:8500",
        "--consul",
        "CONSUL_HTTP_ADDR",
        "--data",
        "HOTELS_DATA",
        "--log",
        "--shards",
        "BELLHOP_SHARDS",
        "--tiles",
        "HOTELS_TILES",
        "--tiles-attribution",
        "HOTELS_TILES_ATTRIBUTION",
        "--jaeger",
        "HOTELS_JAEGER",
        "--mesh-page",
        "HOTELS_MESH_PAGE",
    ] {
        assert!(up.contains(part), "{part}: {up}");
    }
    let geo = help(&["geo", "--help"]);
    for part in [
        "--listen",
        "HOTELS_LISTEN",
        "--advertise ",
        "--advertise-network",
        "BELLHOP_ADVERTISE",
    ] {
        assert!(geo.contains(part), "{part}: {geo}");
    }
    let all = help(&["--help"]);
    for command in [
        "up", "geo", "rate", "profile", "search", "frontend", "registry",
    ] {
        assert!(all.contains(&format!("  {command} ")), "{command}: {all}");
    }
}

#[tokio::test]
async fn a_scale_that_is_none_says_what_is_expected() {
    let output = std::process::Command::new(BINARY)
        .args(["up", "--scale", "rates=3"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--scale") && said.contains("geo, rate, profile or search"),
        "{said}"
    );
}

#[tokio::test]
async fn what_the_environment_says_of_another_consul_does_not_reach_the_embedded_one() {
    let launch = Launch::new(BINARY)
        .set("CONSUL_HTTP_ADDR", "")
        .set("CONSUL_HTTP_SSL", "true")
        .set("CONSUL_DATACENTER", "elsewhere")
        .set("CONSUL_HTTP_TOKEN", "secret");
    let process = launch.start(&["up", "--http", ANYWHERE, "--registry", ANYWHERE]);
    let screen = until_ready(&process).await;
    assert!(screen.contains("embedded"), "{screen}");
}

#[tokio::test]
async fn it_can_be_stopped_before_it_is_ready() {
    let nobody = TcpListener::bind(ANYWHERE).unwrap().local_addr().unwrap();
    let consul = format!("http://{nobody}");
    let mut process = Launch::new(BINARY).start(&["--http", ANYWHERE, "--consul", &consul]);
    // It serves, and waits for a registry that does not come.
    process.serving("frontend").await;
    process.terminate();
    process.end().await;
    assert!(
        !process.output().contains("Hotels is ready"),
        "{}",
        process.output()
    );
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let launch = Launch::new(BINARY)
        .set("BELLHOP_DRAIN_QUIET", "10m")
        .set("BELLHOP_DRAIN_TIMEOUT", "10m");
    let mut process = launch.start(&["up", "--http", ANYWHERE, "--registry", ANYWHERE]);
    until_ready(&process).await;
    let (address, _) = process.serving("frontend").await;
    process.terminate();
    let (client, ready) = (Client::without_reuse(), format!("http://{address}/readyz"));
    until("a member that leaves", || async {
        (client.get(&ready).await.ok()?.status == 503).then_some(())
    })
    .await;
    // It waits for its callers to go, which takes long.
    process.terminate();
    assert!(!process.end().await.success());
}
