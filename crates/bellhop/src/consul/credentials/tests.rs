use std::{fs, process::Command};

use tempfile::TempDir;
use tokio::time::advance;

use super::*;
use crate::heard::Heard;

struct Files {
    folder: TempDir,
}

impl Files {
    fn with(token: &str) -> Self {
        let files = Self {
            folder: TempDir::new().unwrap(),
        };
        files.write(token);
        files
    }

    fn token(&self) -> std::path::PathBuf {
        self.folder.path().join("token")
    }

    fn write(&self, token: &str) {
        fs::write(self.token(), token).unwrap();
    }

    fn credentials(&self) -> Credentials {
        let mut config = Config::at("127.0.0.1:1").unwrap();
        config.token = Some(token_in(&self.token()).unwrap());
        config.token_file = Some(self.token());
        Credentials::new(&config)
    }
}

async fn token(credentials: &Credentials) -> String {
    let held = credentials.held().await;
    let token = held.token.as_ref().unwrap();
    token.to_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_file_is_looked_at_every_so_often() {
    let files = Files::with("one");
    let credentials = files.credentials();
    assert_eq!(token(&credentials).await, "one");
    files.write("two\n");
    assert_eq!(token(&credentials).await, "one");
    advance(LOOK).await;
    assert_eq!(token(&credentials).await, "two");
    // Who waits for one is told at once where it is there.
    credentials.token_after(0).await;
    files.write("three");
    credentials.token_after(1).await;
    assert_eq!(token(&credentials).await, "three");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_it_looked_at_at_once() {
    let files = Files::with("one");
    let credentials = files.credentials();
    let first = credentials.held().await;
    assert!(credentials.instead_of(&first).await.is_none());
    files.write("two");
    let second = credentials.instead_of(&first).await.unwrap();
    assert_eq!(second.token.as_ref().unwrap(), "two");
    assert!(credentials.instead_of(&second).await.is_none());
    // One that was refused while another call has found the next.
    assert_eq!(credentials.instead_of(&first).await.unwrap().turn, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_of_no_use_is_told_of_once_and_changes_nothing() {
    let files = Files::with("one");
    let credentials = files.credentials();
    for useless in ["", "two\u{7f}"] {
        let heard = Heard::from_now_on();
        files.write(useless);
        for _ in 0..3 {
            advance(LOOK).await;
            assert_eq!(token(&credentials).await, "one");
        }
        let lines = heard.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains("WARN bellhop::credentials: no token, the one before stays"),
            "{lines:?}"
        );
        assert!(!lines[0].contains("two"), "{lines:?}");
    }
    let heard = Heard::from_now_on();
    fs::remove_file(files.token()).unwrap();
    advance(LOOK).await;
    assert_eq!(token(&credentials).await, "one");
    assert!(heard.lines()[0].contains("can be read"));
    files.write("one");
    advance(LOOK).await;
    let held = credentials.held().await;
    assert_eq!((held.turn, heard.lines().len()), (0, 1));
}

#[tokio::test]
async fn a_file_that_does_not_answer_holds_a_call_for_a_moment_only() {
    let files = Files::with("one");
    let credentials = files.credentials();
    assert_eq!(token(&credentials).await, "one");
    // Opening it waits until somebody opens it to write.
    fs::remove_file(files.token()).unwrap();
    let made = Command::new("mkfifo").arg(files.token()).status();
    assert!(made.unwrap().success());
    let held = credentials.held.load_full();
    for _ in 0..2 {
        assert!(credentials.instead_of(&held).await.is_none());
        // One who does not even wait for so long.
        let dropped = timeout(READ / 10, credentials.instead_of(&held)).await;
        assert!(dropped.is_err());
    }
    let look = credentials.look.as_ref().unwrap().lock().await;
    assert!(look.reading.is_some());
    drop(look);
    // It answers: were there a second reader, this one would have nothing for one of them.
    files.write("two");
    let found = timeout(READ * 30, credentials.instead_of(&held)).await;
    assert_eq!(found.unwrap().unwrap().token.as_ref().unwrap(), "two");
}

#[tokio::test(start_paused = true)]
async fn certificates_that_are_none_leave_those_before() {
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    let signed = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.self_signed(&key).unwrap().pem()
    };
    fs::write(&ca, signed()).unwrap();
    let files = TlsFiles {
        ca: Some(ca.clone()),
        ..TlsFiles::default()
    };
    let config = Config::at("https://localhost:1").unwrap();
    let credentials = Credentials::new(&config.tls(Tls::load(&files).unwrap()));
    let heard = Heard::from_now_on();
    credentials.held().await;
    assert!(heard.lines().is_empty(), "{:?}", heard.lines());
    for (text, said) in [
        (
            "none".to_owned(),
            "WARN bellhop::credentials: certificates of no use",
        ),
        (
            signed(),
            "INFO bellhop::credentials: certificates for Consul have changed",
        ),
    ] {
        fs::write(&ca, text).unwrap();
        advance(LOOK).await;
        credentials.held().await;
        let lines = heard.lines();
        assert!(lines.last().unwrap().contains(said), "{lines:?}");
    }
}
