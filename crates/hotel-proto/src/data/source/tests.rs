use super::*;
use crate::data::MAX_FAULTS;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: String,
    lat: f64,
    #[serde(default)]
    tags: Vec<u8>,
}

fn read(text: &'static str) -> Result<Vec<Record>, String> {
    let mut all = Vec::new();
    Source::embedded("geo.json", text)
        .records(|record: Record, check| {
            check.expect(record.lat <= 90.0, "lat", "must be at most 90");
            all.push(record);
        })
        .map(|()| all)
        .map_err(|error| error.to_string())
}

#[test]
fn records_come_in_order() {
    let all = read(r#"[{"id":"a","lat":1}, {"id":"b","lat":2.5,"tags":[7]}]"#).unwrap();
    assert_eq!(
        (&*all[0].id, all[1].lat, &*all[1].tags),
        ("a", 2.5, &[7][..])
    );
    assert!(read("[]").unwrap().is_empty());
}

#[test]
fn every_bad_record_is_named() {
    let told = read(
        "[{\"id\":\"a\",\"lat\":1},\n {\"id\":\"b\",\"lat\":\"x\"},\n {\"id\":\"c\"},\n\n {\"id\":\"d\",\"lta\":1},\n \
         {\"lat\":true}, {\"id\":\"f\",\"lat\":91}, {\"id\":\"g\",\"lat\":1,\"tags\":[1,300]}]",
    );
    assert_eq!(
        told.unwrap_err(),
        "geo.json[1] (id \"b\", line 2): lat: invalid type: string \"x\", expected f64\n\
         geo.json[2] (id \"c\", line 3): missing field `lat`\n\
         geo.json[3] (id \"d\", line 5): lta: unknown field `lta`, expected one of `id`, `lat`, `tags`\n\
         geo.json[4] (line 6): lat: invalid type: boolean `true`, expected f64\n\
         geo.json[5] (id \"f\", line 6): lat: must be at most 90\n\
         geo.json[6] (id \"g\", line 6): tags[1]: invalid value: integer `300`, expected u8"
    );
}

#[test]
fn a_long_list_of_faults_is_cut() {
    let text = format!("[{}{{}}]", "{},".repeat(99));
    let told = read(text.leak()).unwrap_err();
    assert_eq!(told.lines().count(), MAX_FAULTS + 1);
    assert!(told.ends_with("geo.json: and 80 more faults"), "{told}");
}

#[test]
fn what_is_no_list_of_records_is_refused() {
    for text in [
        "",
        "{}",
        "[{}",
        "[] []",
        "[{\"id\":\"a\" \"lat\":1}]",
        "[1,]",
    ] {
        let told = read(text).unwrap_err();
        assert!(
            told.starts_with("geo.json: is not a JSON list of records: "),
            "{told}"
        );
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Source::from_dir(Path::new("no/such/folder"), "geo.json").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no/such/folder/geo.json: cannot be read: ")
    );
}
