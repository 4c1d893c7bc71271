use proptest::prelude::*;
use tempfile::TempDir;

use tokio::time::sleep;

use super::*;
use crate::{
    discovery::diff::{Member, Standing, test::members},
    heard::Heard,
};

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn origin(service: &str) -> Origin {
    Origin {
        service: service.into(),
        registry: "http://127.0.0.1:8500".into(),
    }
}

fn cache(folder: &Path, service: &str) -> Cache {
    Cache::new(folder, origin(service), Some(DAY))
}

fn stored(folder: &TempDir, ids: &[&str]) -> PathBuf {
    let file = cache(folder.path(), "geo").file().to_owned();
    store(&file, &origin("geo"), &members(ids), now()).unwrap();
    file
}

fn told(ids: &[&str]) -> Told {
    let told = members(ids).into_iter().map(|(id, instance)| {
        let standing = Standing::Vouched;
        (id, Member { instance, standing })
    });
    told.collect()
}

fn loaded(file: &Path) -> Result<Saved, CacheError> {
    load(file, &origin("geo"), Some(DAY), now())
}

#[test]
fn what_is_stored_is_loaded() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a", "b"]);
    let saved = loaded(&file).unwrap();
    assert_eq!(saved.instances, members(&["a", "b"]));
    assert_eq!(saved.at, now());

    let mut signing = members(&["a"]);
    signing.values_mut().for_each(|one| one.signs = true);
    store(&file, &origin("geo"), &signing, now()).unwrap();
    assert_eq!(loaded(&file).unwrap().instances, signing);
    // Of an earlier release.
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(",\"signs\":true", "")).unwrap();
    assert_eq!(loaded(&file).unwrap().instances, members(&["a"]));

    stored(&folder, &[]);
    assert!(loaded(&file).unwrap().instances.is_empty());
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing is left behind: {files:?}");
}

#[test]
fn a_name_does_not_climb_out_of_the_folder() {
    let cache = cache(Path::new("/cache"), "../../etc/x");
    assert_eq!(cache.file().parent(), Some(Path::new("/cache")));
}

#[test]
fn a_folder_that_is_not_there_is_made() {
    let folder = TempDir::new().unwrap();
    let file = cache(&folder.path().join("a/b"), "geo").file().to_owned();
    store(&file, &origin("geo"), &members(&["a"]), now()).unwrap();
    assert!(loaded(&file).is_ok());
}

#[test]
fn what_is_something_else_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a"]);
    let text = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        (FORMAT, "other"),
        ("\"version\":2", "\"version\":1"),
        ("\"service\":\"geo\"", "\"service\":\"rate\""),
        ("\"port\":1", "\"port\":0"),
        ("\"port\":1", "\"port\":70000"),
        ("\"weight\":1", "\"weight\":0"),
        ("a.example", ""),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        fs::write(&file, changed).unwrap();
        assert!(loaded(&file).is_err(), "{to}");
    }
    fs::write(&file, vec![b' '; SIZE_MAX as usize + 1]).unwrap();
    assert!(matches!(loaded(&file), Err(CacheError::TooLarge(_))));
}

#[test]
fn what_another_registry_said_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a"]);
    let other = Origin {
        registry: "http://127.0.0.1:8500 dc=west".into(),
        ..origin("geo")
    };
    let error = load(&file, &other, None, now()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it is of the registry http://127.0.0.1:8500, not of http://127.0.0.1:8500 dc=west"
    );
}

#[test]
fn what_is_too_old_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a"]);
    let at = |now| load(&file, &origin("geo"), Some(DAY), now);
    assert!(at(now() + DAY).is_ok());
    let error = at(now() + DAY + Duration::from_millis(1500)).unwrap_err();
    assert_eq!(error.to_string(), "it is 1day 1s old, 1day is the most");
    assert!(at(now() - DAY).is_ok(), "the clock was put back");
    assert!(load(&file, &origin("geo"), None, now() + 1000 * DAY).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_set_that_goes_on_is_written_anew_now_and_then() {
    let folder = TempDir::new().unwrap();
    let mut cache = cache(folder.path(), "geo");
    let told = told(&["a"]);
    cache.save(&told, true);
    let mut latest = cache.saver.as_ref().unwrap().latest.subscribe();
    latest.mark_unchanged();
    cache.save(&told, true);
    assert!(!latest.has_changed().unwrap());
    tokio::time::advance(REFRESH).await;
    cache.save(&told, true);
    assert!(latest.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn writes_that_fail_are_told_once_then_counted_and_their_end_soon() {
    let (folder, heard) = (TempDir::new().unwrap(), Heard::from_now_on());
    let in_the_way = folder.path().join("cache");
    fs::write(&in_the_way, "a file").unwrap();
    let mut cache = cache(&in_the_way, "geo");
    let sets = [told(&["a"]), told(&["b"])];
    for second in 0..=60 {
        cache.save(&sets[second % 2], true);
        sleep(Duration::from_secs(1)).await;
    }
    fs::remove_file(&in_the_way).unwrap();
    cache.save(&sets[1], true);
    sleep(REFRESH / 2).await;

    let lines = heard.lines();
    let [first, later, last] = &lines[..] else {
        panic!("{lines:#?}")
    };
    assert!(first.contains("WARN") && first.contains("the cache cannot be written"));
    assert!(later.contains("the cache still cannot be written"));
    assert!(later.contains("failures="), "{later}");
    assert!(last.contains("INFO") && last.contains("the cache is written again"));
    assert!(last.contains("failures="), "{last}");
}

#[tokio::test]
async fn who_is_spare_is_not_remembered() {
    let folder = TempDir::new().unwrap();
    let mut cache = cache(folder.path(), "geo");
    let mut told = told(&["a", "b"]);
    told.values_mut().next().unwrap().standing = Standing::Spare;
    cache.save(&told, true);
    let latest = cache.saver.as_ref().unwrap().latest.borrow().clone();
    assert_eq!(*latest.unwrap().members, members(&["b"]));
}

#[test]
fn a_set_that_may_not_be_whole_takes_nobody_out_of_a_file() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a", "b"]);
    let later = now() + Duration::from_secs(60);
    let put = |members: Members, is_whole| {
        let members = Arc::new(members);
        let latest = Latest { members, is_whole };
        put(&file, &origin("geo"), Some(DAY), &latest, later).unwrap();
        loaded(&file).unwrap()
    };
    let untouched = put(members(&[]), false);
    assert_eq!(untouched.instances, members(&["a", "b"]));
    assert_eq!(untouched.at, now());
    assert_eq!(
        put(members(&["b", "c"]), false).instances,
        members(&["a", "b", "c"])
    );
    // Unless somebody else has its place.
    let mut moved = members(&["a", "b", "d"]);
    let instance = moved.remove(&InstanceId::new("a")).unwrap();
    moved.insert(InstanceId::new("e"), instance);
    let ids: Vec<_> = put(moved, false).instances.into_keys().collect();
    assert_eq!(ids, ["b", "c", "d", "e"].map(InstanceId::new));
    assert_eq!(put(members(&[]), true).instances, members(&[]));
}

#[test]
fn a_file_that_is_too_old_is_not_made_young_by_a_set_that_may_not_be_whole() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a"]);
    let members = Arc::new(members(&["b"]));
    let latest = Latest {
        members: members.clone(),
        is_whole: false,
    };
    put(&file, &origin("geo"), Some(DAY), &latest, now() + 2 * DAY).unwrap();
    assert_eq!(loaded(&file).unwrap().instances, *members);
}

#[test]
fn a_file_that_breaks_off_anywhere_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = stored(&folder, &["a", "b"]);
    let text = fs::read(&file).unwrap();
    for end in 0..text.len() {
        fs::write(&file, &text[..end]).unwrap();
        assert!(loaded(&file).is_err(), "{end}");
    }
}

#[tokio::test]
async fn a_file_of_no_use_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let cache = cache(folder.path(), "geo");
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
        if let Ok(saved) = loaded(&file) {
            for instance in saved.instances.values() {
                prop_assert!(instance.port > 0 && instance.weight > 0 && !instance.host.is_empty());
            }
        }
    }
}
