//! Data that `hotels generate` writes, through the whole system.

use std::{fs, path::Path, process::Command};

use e2e::{Client, Launch, Process, free_ports, until};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
const STAY: &str = "inDate=2015-04-09&outDate=2015-04-10";

fn generate(out: &Path, more: &[&str]) -> String {
    let output = Command::new(BINARY)
        .args(["generate", "--hotels", "5000", "--out"])
        .arg(out)
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn up(folder: &Path) -> (Process, String) {
    let [port] = free_ports();
    let http = format!("127.0.0.1:{port}");
    let up = ["up", "--http", &http, "--registry", "127.0.0.1:0", "--data"];
    let data = folder.to_str().unwrap();
    let process = Launch::new(BINARY).start(&[&up[..], &[data]].concat());
    (process, http)
}

#[tokio::test]
async fn generated_hotels_are_found_priced_and_described() {
    let folder = tempfile::tempdir().unwrap();
    let said = generate(folder.path(), &[]);
    for file in ["geo.bin", "hotels.bin", "inventory.bin"] {
        assert!(said.contains(file), "{said}");
        assert!(folder.path().join(file).is_file());
    }
    let (_process, http) = up(folder.path());
    let client = Client::new();
    until("a system that is ready", || async {
        let ready = client.get(&format!("http://{http}/readyz")).await;
        ready.ok()?.status.is_success().then_some(())
    })
    .await;
    for around in ["", "&lat=48.8566&lon=2.3522", "&lat=35.6762&lon=139.6503"] {
        let url = format!("http://{http}/hotels?{STAY}{around}");
        let answer = client.get(&url).await.unwrap();
        assert_eq!(answer.status, 200, "{around}");
        let answer = answer.json();
        let hotels = answer["features"].as_array().unwrap();
        assert!(hotels.len() > 5, "{around}: {}", hotels.len());
        let far = |n: usize| hotels[n]["properties"]["distance_m"].as_f64().unwrap();
        assert!((1..hotels.len()).all(|n| far(n - 1) <= far(n)), "{answer}");
        for hotel in hotels {
            let properties = &hotel["properties"];
            assert!(!properties["name"].as_str().unwrap().is_empty());
            assert!(properties["price"]["total"].as_f64().unwrap() > 0.0);
        }
    }
}

/// So that those of neighbours are read together.
#[test]
fn records_stand_in_the_order_of_the_index() {
    const HEADER: usize = 96;
    const HOTELS: usize = 5000;
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), &[]);
    let read = |file| fs::read(folder.path().join(file)).unwrap();
    let number = |bytes: &[u8], at: usize| {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    };

    let geo = read("geo.bin");
    // Two columns of degrees, then the ends of the ids, then the ids.
    let ends = HEADER + 16 * HOTELS;
    let ids = ends + 4 * HOTELS;
    let end = |hotel| ids + number(&geo, ends + 4 * hotel);
    let start = |hotel: usize| hotel.checked_sub(1).map_or(ids, end);
    let order = (0..HOTELS).map(|hotel| &geo[start(hotel)..end(hotel)]);
    let order: Vec<&[u8]> = order.collect();
    for file in ["hotels.bin", "inventory.bin"] {
        let bytes = read(file);
        let mut at = HEADER;
        for id in &order {
            // A checksum, the length of the id in two bytes and that of the record in four, the id, the record.
            let length = usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
            assert_eq!(&&bytes[at + 10..at + 10 + length], id, "{file}");
            at += 10 + length + number(&bytes, at + 6);
        }
    }
}

#[test]
fn the_same_seed_writes_the_same_bytes() {
    let [one, same, other] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    generate(one.path(), &["--seed", "7"]);
    generate(same.path(), &["--seed", "7"]);
    generate(other.path(), &["--seed", "8"]);
    for file in ["geo.bin", "hotels.bin", "inventory.bin"] {
        let read = |folder: &Path| fs::read(folder.join(file)).unwrap();
        assert!(read(one.path()) == read(same.path()), "{file}");
        assert!(read(one.path()) != read(other.path()), "{file}");
    }
    let files = fs::read_dir(one.path()).unwrap().count();
    assert_eq!(files, 3, "nothing else is left");
}

#[tokio::test]
async fn a_file_that_is_cut_short_stops_the_start() {
    for file in ["geo.bin", "hotels.bin", "inventory.bin"] {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path(), &[]);
        let path = folder.path().join(file);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let (mut process, _) = up(folder.path());
        assert!(!process.end().await.success());
        let said = until("the reason", || async {
            let said = process.output();
            said.contains("cut short").then_some(said)
        })
        .await;
        assert!(said.contains(file), "{said}");
    }
}
