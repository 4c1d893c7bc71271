use std::time::Duration;

use super::{reader::PerChannel, *};

fn source(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn every_bad_setting_is_named_at_once() {
    let source = source(&[
        ("WAIT", "soon"),
        ("TLS", "maybe"),
        ("N", "7"),
        ("EMPTY", " "),
    ]);
    let mut reader = Reader::new(&source);
    assert_eq!(reader.duration("WAIT"), None);
    assert_eq!(reader.flag("TLS"), None);
    assert_eq!(reader.parse::<u8>("N", "a number"), Some(7));
    assert_eq!(reader.text("EMPTY"), None);

    let error = reader.finish().unwrap_err();
    assert_eq!(error.faults.len(), 2);
    let text = error.to_string();
    assert!(
        text.contains("WAIT=\"soon\": expected a duration"),
        "{text}"
    );
    assert!(
        text.contains("TLS=\"maybe\": expected true or false"),
        "{text}"
    );
}

#[test]
fn a_duration_of_nothing_is_refused() {
    let source = source(&[("WAIT", "0s")]);
    let mut reader = Reader::new(&source);
    assert_eq!(reader.duration("WAIT"), None);
    assert!(reader.finish().is_err());
}

#[test]
fn an_overlay_wins() {
    let overlay = Overlay::new(
        source(&[("A", "over")]),
        source(&[("A", "under"), ("B", "b")]),
    );
    assert_eq!(overlay.get("A").as_deref(), Some("over"));
    assert_eq!(overlay.get("B").as_deref(), Some("b"));
    assert_eq!(overlay.get("C"), None);
}

fn file(text: &str) -> (tempfile::TempDir, BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bellhop.toml");
    std::fs::write(&path, text).unwrap();
    let source = source(&[("BELLHOP_CONFIG", path.to_str().unwrap())]);
    (folder, source)
}

/// A timeout and methods.
type Calls = (Option<Duration>, Option<String>);

fn read(source: &dyn Source) -> Result<PerChannel<Calls>, ConfigError> {
    read_knowing(source, Known::default())
}

fn read_knowing(source: &dyn Source, known: Known) -> Result<PerChannel<Calls>, ConfigError> {
    let (file, faults) = File::named_by(source);
    let source = Overlay::new(source, file);
    let mut reader = Reader::knowing(&source, known);
    reader.add(faults);
    let read = reader.per_channel(|reader| {
        let timeout = reader.duration("BELLHOP_TIMEOUT");
        reader.duration("BELLHOP_CONNECT_TIMEOUT");
        (timeout, reader.text("BELLHOP_IDEMPOTENT"))
    });
    reader.expect_known();
    reader.finish().map(|()| read)
}

#[test]
fn a_channel_has_settings_of_its_own_and_the_environment_wins() {
    let text = r#"
        timeout = "3s"
        [channel.rate]
        idempotent = ["rate.Rate/GetRates", "rate.Rate/Other"]
        [channel.slow-one]
        timeout = "1m"
        connect_timeout = "2s"
    "#;
    let (_folder, mut source) = file(text);
    source.insert("BELLHOP_CHANNEL_RATE_TIMEOUT".into(), "500ms".into());
    let read = read(&source).unwrap();
    let timeout = |service| read.of(service).0.unwrap();
    assert_eq!(timeout("geo"), Duration::from_secs(3));
    assert_eq!(timeout("slow-one"), Duration::from_secs(60));
    assert_eq!(timeout("rate"), Duration::from_millis(500));
    let methods = read.of("rate").1.as_deref();
    assert_eq!(methods, Some("rate.Rate/GetRates,rate.Rate/Other"));
    assert_eq!(read.of("geo").1, None);
}

#[test]
fn every_fault_of_a_file_is_named_as_it_stands_there() {
    let text = r#"
        timeout = "soon"
        tiemout = "3s"
        [channel.rate]
        timeout = 0
        colour = "red"
        [channel.geo]
        tiemout = "1s"
        [strange]
        odd = 1
    "#;
    let (_folder, source) = file(&format!("config = \"more.toml\"\n{text}"));
    let text = read(&source).unwrap_err().to_string();
    for expected in [
        "7 bad settings",
        r#"config in bellhop.toml="(string)": no such setting"#,
        r#"strange in bellhop.toml="(table)": expected a text"#,
        r#"timeout in bellhop.toml="soon": expected a duration"#,
        r#"tiemout in bellhop.toml="3s": no such setting, did you mean timeout?"#,
        r#"channel.rate.timeout in bellhop.toml="0": expected a duration"#,
        r#"channel.geo.tiemout in bellhop.toml="1s": no such setting, did you mean channel.geo.timeout?"#,
        r#"channel.rate.colour in bellhop.toml="red": expected a setting of calls"#,
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn a_file_that_is_none_says_so() {
    let gone = source(&[("BELLHOP_CONFIG", "/nowhere/bellhop.toml")]);
    assert!(
        read(&gone)
            .unwrap_err()
            .to_string()
            .contains("a file that can be read")
    );
    let (_folder, broken) = file("drain_quiet = \"1s\"\ntimeout = \n");
    let text = read(&broken).unwrap_err().to_string();
    assert!(
        text.contains("a file of TOML") && text.contains("in line 2"),
        "{text}"
    );
    let (_folder, odd) = file("timeout = 2015-04-09\n[channel]\nrate = 1\n");
    let text = read(&odd).unwrap_err().to_string();
    assert!(text.contains("2 bad settings"), "{text}");
    let (_folder, nothing) = file("");
    assert!(read(&nothing).is_ok());
}

/// What is said of one setting that is wrong.
fn said_of(name: &str, known: Known) -> String {
    let source = source(&[(name, "1s")]);
    let error = read_knowing(&source, known).unwrap_err();
    assert_eq!(error.faults.len(), 1, "{error}");
    assert_eq!(error.faults[0].name, name);
    error.faults[0].problem.to_string()
}

#[test]
fn a_mistyped_variable_is_told_what_was_meant() {
    for (name, meant) in [
        ("BELLHOP_TIEMOUT", "BELLHOP_TIMEOUT"),
        ("BELLHOP_CONECT_TIMEOUT", "BELLHOP_CONNECT_TIMEOUT"),
        (
            "BELLHOP_CHANEL_RATE_TIMEOUT",
            "BELLHOP_CHANNEL_RATE_TIMEOUT",
        ),
        (
            "BELLHOP_CHANNEL_RATE_TIMOUT",
            "BELLHOP_CHANNEL_RATE_TIMEOUT",
        ),
        (
            "BELLHOP_CHANNEL_SLOW_ONE_CONNECT_TIMOUT",
            "BELLHOP_CHANNEL_SLOW_ONE_CONNECT_TIMEOUT",
        ),
    ] {
        let expected = format!("no such setting, did you mean {meant}?");
        assert_eq!(said_of(name, Known::default()), expected);
    }
    let said = said_of("BELLHOP_COLOUR", Known::default());
    assert_eq!(said, "no such setting");
    let said = said_of("BELLHOP_CHANNEL_TIMEOUT", Known::default());
    assert!(said.starts_with("expected a setting of calls"), "{said}");
}

#[test]
fn a_service_that_is_not_called_has_no_settings_where_the_program_says_whom_it_calls() {
    let known = || Known::default().called("rate").called("slow-one");
    for (name, meant) in [
        (
            "BELLHOP_CHANNEL_RAET_TIMEOUT",
            "BELLHOP_CHANNEL_RATE_TIMEOUT",
        ),
        (
            "BELLHOP_CHANNEL_SLOWONE_TIMEOUT",
            "BELLHOP_CHANNEL_SLOW_ONE_TIMEOUT",
        ),
        (
            "BELLHOP_CHANEL_RAET_TIEMOUT",
            "BELLHOP_CHANNEL_RATE_TIMEOUT",
        ),
    ] {
        let expected = format!("no such setting, did you mean {meant}?");
        assert_eq!(said_of(name, known()), expected);
    }
    let said = said_of("BELLHOP_CHANNEL_WEATHER_TIMEOUT", known());
    assert_eq!(said, "expected a setting of calls to one of rate, slow_one");
    let fine = source(&[("BELLHOP_CHANNEL_SLOW_ONE_TIMEOUT", "1s")]);
    assert!(read_knowing(&fine, known()).is_ok());
}

#[test]
fn names_of_others_are_left_to_them() {
    let source = source(&[
        ("BELLHOP_GREETING", "hello"),
        ("BELLHOP_FUZZ_SEED", "7"),
        ("BELLHOP_REQUIRE_CONSUL", "1"),
        ("BELLHOP_NOTHING", ""),
        ("BELLHOPS", "many"),
        ("TIEMOUT", "1s"),
    ]);
    let known = Known::default().setting("BELLHOP_GREETING");
    assert!(read_knowing(&source, known).is_ok());
    let text = read(&source).unwrap_err().to_string();
    assert_eq!(
        text,
        "1 bad setting:\n  BELLHOP_GREETING=\"hello\": no such setting"
    );
}

#[test]
fn what_kubernetes_says_of_a_service_stops_no_start() {
    let injected = [
        ("BELLHOP_PORT", "tcp://10.0.0.7:80"),
        ("BELLHOP_PORT_80_TCP_ADDR", "10.0.0.7"),
        ("BELLHOP_WEB_SERVICE_HOST", "10.0.0.7"),
        ("BELLHOP_WEB_SERVICE_PORT", "80"),
    ];
    let mut injected = source(&injected);
    assert!(read(&injected).is_ok());
    // A setting of that name is one all the same.
    let named = Reader::new(&injected).text("BELLHOP_PORT");
    assert_eq!(named.as_deref(), Some("tcp://10.0.0.7:80"));
    injected.insert("BELLHOP_WEB_SERVICE_PROT".into(), "80".into());
    let error = read(&injected).unwrap_err();
    assert_eq!(error.faults[0].name, "BELLHOP_WEB_SERVICE_PROT");
    assert_eq!(error.faults.len(), 1);
    // Nobody puts any into a file.
    let (_folder, source) = file("web_service_port = 80");
    assert!(read(&source).is_err());
}

#[test]
fn services_that_are_not_called_are_known() {
    let source = source(&[
        ("BELLHOP_CHANNEL_RAET_TIMEOUT", "1s"),
        ("BELLHOP_CHANNEL_SLOW_ONE_TIMEOUT", "1s"),
    ]);
    let read = read(&source).unwrap();
    assert_eq!(read.unused(["rate", "slow-one"].into_iter()), ["RAET"]);
}

#[test]
fn what_is_on_or_off_is_also_true_or_false() {
    const SECOND: Duration = Duration::from_secs(1);
    for (value, on) in [
        ("on", true),
        ("True", true),
        ("off", false),
        ("false", false),
    ] {
        let source = source(&[("A", value)]);
        let mut reader = Reader::new(&source);
        assert_eq!(reader.switch("A"), Some(on), "{value}");
        assert_eq!(reader.duration_or_off("A", SECOND), on.then_some(SECOND));
        assert!(reader.finish().is_ok(), "{value}");

        // There is nothing that it would be on with.
        let mut reader = Reader::new(&source);
        assert_eq!(
            reader.or_off("A", None, |reader| reader.duration("A")),
            None
        );
        assert_eq!(reader.finish().is_err(), on, "{value}");
    }
    let (_folder, source) = file("a = true\nb = false\nc = \"5s\"");
    let (file, _) = File::named_by(&source);
    let mut reader = Reader::new(&file);
    assert_eq!(reader.duration_or_off("BELLHOP_A", SECOND), Some(SECOND));
    assert_eq!(reader.duration_or_off("BELLHOP_B", SECOND), None);
    assert_eq!(
        reader.duration_or_off("BELLHOP_C", SECOND),
        Some(5 * SECOND)
    );
    assert_eq!(reader.duration_or_off("BELLHOP_D", SECOND), Some(SECOND));
}
