//! Rules and dashboards ask for what there is: the metrics and the attributes of docs/observability.md.

mod compose;

use std::{collections::BTreeSet, fs, path::Path};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Labels that come from elsewhere: Prometheus' own and those of the scrape configuration.
const OTHERS: [&str; 7] = [
    "service",
    "instance",
    "job",
    "le",
    "alertstate",
    "service_name",
    // In `target_info`, as the resource says it.
    "service_version",
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The first cell of each row of the tables of a section, and the rest of the row.
fn rows(section: &str) -> Vec<(String, Vec<String>)> {
    let text = read("docs/observability.md");
    let (_, text) = text
        .split_once(&format!("\n## {section}\n"))
        .expect(section);
    let text = text.split("\n## ").next().unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| {
            let mut cells = line
                .split(" | ")
                .map(|cell| cell.trim_matches(['`', '|', ' ']).to_owned());
            (cells.next().unwrap(), cells.collect())
        })
        .collect()
}

/// What Prometheus calls the metrics of the list.
fn metrics() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (name, cells) in rows("The list") {
        let mut name = name.replace('.', "_");
        match &*cells[1] {
            "s" => name.push_str("_seconds"),
            "By" => name.push_str("_bytes"),
            _ => {}
        }
        match &*cells[0] {
            "counter" => name.push_str("_total"),
            "histogram" => {
                names.extend(["bucket", "count", "sum"].map(|part| format!("{name}_{part}")))
            }
            _ => {}
        }
        names.insert(name);
    }
    names
}

fn labels() -> BTreeSet<String> {
    let rows = rows("The attributes").into_iter();
    let own = rows.map(|(name, _)| name.replace('.', "_"));
    own.chain(OTHERS.map(str::to_owned)).collect()
}

/// The words of a text that could be names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
}

/// The names before `=`, `!=`, `=~` and `!~` within braces.
fn matched(text: &str) -> BTreeSet<&str> {
    let blocks = text
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next());
    let pairs = blocks.flat_map(|block| block.split(','));
    let names = pairs.filter_map(|pair| pair.split_once('=').map(|(name, _)| name));
    let names = names.map(|name| name.trim().trim_end_matches('!'));
    names
        .filter(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        })
        .collect()
}

#[test]
fn rules_and_dashboards_ask_for_what_there_is() {
    let (metrics, labels) = (metrics(), labels());
    let rules = ["red", "alerts"].map(|name| read(&format!("deploy/rules/{name}.rules.yml")));
    let recorded = rules[0]
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: "));
    let recorded: BTreeSet<_> = recorded.collect();
    let dashboard: serde_json::Value =
        serde_json::from_str(&read("deploy/grafana/dashboards/hotels.json")).unwrap();
    let targets = dashboard["panels"].as_array().unwrap().iter();
    let targets =
        targets.flat_map(|panel| panel["targets"].as_array().cloned().unwrap_or_default());
    let queries = targets.map(|target| target["expr"].as_str().unwrap().to_owned());
    let texts: Vec<_> = rules.iter().cloned().chain(queries).collect();
    assert!(texts.len() > 30);
    let own = ["rpc_", "http_", "bellhop_", "process_", "tokio_"];
    let mut used = BTreeSet::new();
    for text in &texts {
        for word in words(text) {
            if word.contains(':') && !word.ends_with(':') {
                assert!(recorded.contains(word), "no rule records {word}");
            } else if own.iter().any(|prefix| word.starts_with(prefix)) && !labels.contains(word) {
                assert!(metrics.contains(word), "there is no {word}");
                used.insert(word);
            }
        }
        for label in matched(text) {
            let known = labels.contains(label) || label == "severity";
            assert!(known, "there is no label {label}: {text}");
        }
    }
    // Whatever is worth telling is worth showing, but for a few.
    assert!(used.len() >= 20, "{used:?}");
}

/// What rules record has no exemplars: only histograms that are scraped have.
#[test]
fn panels_that_promise_traced_calls_ask_for_histograms() {
    let dashboard: serde_json::Value =
        serde_json::from_str(&read("deploy/grafana/dashboards/hotels.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let promising = panels.filter(|panel| {
        let text = panel["description"].as_str();
        text.is_some_and(|text| text.contains("they lead to Jaeger"))
    });
    let mut seen = 0;
    for panel in promising {
        let targets = panel["targets"].as_array().unwrap().iter();
        let with = targets.filter(|target| target["exemplar"] == true);
        let with: Vec<_> = with
            .map(|target| target["expr"].as_str().unwrap())
            .collect();
        let [query] = with[..] else {
            panic!("one query with exemplars: {panel}")
        };
        assert!(query.contains("_seconds_bucket{"), "{query}");
        seen += 1;
    }
    assert_eq!(seen, 3);
}
