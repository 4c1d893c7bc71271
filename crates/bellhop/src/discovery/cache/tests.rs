use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::discovery::diff::test::members;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn stored(folder: &TempDir, ids: &[&str]) -> PathBuf {
    let file = Cache::new(folder.path(), "geo").file().to_owned();
    store(&file, "geo", &members(ids), now()).unwrap();
    file
}

#[test]
fn what_is_stored_is_loaded() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a", "b"]);
    let saved = load(&file, "geo").unwrap();
    assert_eq!(saved.instances, members(&["a", "b"]));
    assert_eq!(saved.at, now());

    stored(&folder, &[]);
    assert!(load(&file, "geo").unwrap().instances.is_empty());
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing is left behind: {files:?}");
}

#[test]
fn a_name_does_not_climb_out_of_the_folder() {
    let cache = Cache::new(Path::new("/cache"), "../../etc/x");
    assert_eq!(cache.file().parent(), Some(Path::new("/cache")));
}

#[test]
fn a_folder_that_is_not_there_is_made() {
    let folder = TempDir::new().unwrap();
    let file = Cache::new(&folder.path().join("a/b"), "geo")
        .file()
        .to_owned();
    store(&file, "geo", &members(&["a"]), now()).unwrap();
    assert!(load(&file, "geo").is_ok());
}

#[test]
fn what_is_something_else_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a"]);
    let text = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        (FORMAT, "other"),
        ("\"version\":1", "\"version\":2"),
        ("\"service\":\"geo\"", "\"service\":\"rate\""),
        ("\"port\":1", "\"port\":0"),
        ("\"port\":1", "\"port\":70000"),
        ("\"weight\":1", "\"weight\":0"),
        ("a.example", ""),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        fs::write(&file, changed).unwrap();
        assert!(load(&file, "geo").is_err(), "{to}");
    }
    fs::write(&file, vec![b' '; SIZE_MAX as usize + 1]).unwrap();
    assert!(matches!(load(&file, "geo"), Err(CacheError::TooLarge(_))));
}

#[test]
fn a_file_that_breaks_off_anywhere_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a", "b"]);
    let text = fs::read(&file).unwrap();
    for end in 0..text.len() {
        fs::write(&file, &text[..end]).unwrap();
        assert!(load(&file, "geo").is_err(), "{end}");
    }
}

#[tokio::test]
async fn a_file_of_no_use_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let cache = Cache::new(folder.path(), "geo");
    assert_eq!(cache.load().await, None);
    fs::write(cache.file(), [0xff; 10]).unwrap();
    assert_eq!(cache.load().await, None);
    fs::remove_file(cache.file()).unwrap();
    fs::create_dir(cache.file()).unwrap();
    assert_eq!(cache.load().await, None);
}

proptest! {
    #[test]
    fn no_file_is_too_odd_to_be_judged(at in 0_usize..150, bytes in proptest::collection::vec(any::<u8>(), 0..4)) {
        let folder = TempDir::new().unwrap();
        let file = stored(&folder, &["a"]);
        let mut text = fs::read(&file).unwrap();
        let at = at.min(text.len() - 1);
        text.splice(at..at + 1, bytes);
        fs::write(&file, text).unwrap();
        if let Ok(saved) = load(&file, "geo") {
            for instance in saved.instances.values() {
                prop_assert!(instance.port > 0 && instance.weight > 0 && !instance.host.is_empty());
            }
        }
    }
}
