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
    let (file, faults) = File::named_by(source);
    let names = file.names();
    let source = Overlay::new(source, file);
    let mut reader = Reader::new(&source);
    reader.add(faults);
    let read = reader.per_channel(|reader| {
        let timeout = reader.duration("BELLHOP_TIMEOUT");
        reader.duration("BELLHOP_CONNECT_TIMEOUT");
        (timeout, reader.text("BELLHOP_IDEMPOTENT"))
    });
    reader.expect_known(names);
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
        [strange]
        odd = 1
    "#;
    let (_folder, source) = file(text);
    let text = read(&source).unwrap_err().to_string();
    for expected in [
        "5 bad settings",
        r#"strange in bellhop.toml="(table)": expected a text"#,
        r#"timeout in bellhop.toml="soon": expected a duration"#,
        r#"tiemout in bellhop.toml="3s": expected a setting that there is"#,
        r#"channel.rate.timeout in bellhop.toml="0": expected a duration"#,
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
