//! What the engine takes for a build, by `.dockerignore`.

use std::fs;

use tempfile::TempDir;

use crate::engine::Engine;

#[tokio::test]
async fn cargo_finds_the_whole_workspace_in_what_a_build_gets() {
    let Some(engine) = Engine::find().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("Dockerfile");
    fs::write(&file, "FROM scratch\nCOPY . /src\n").unwrap();
    let commands = format!(
        "trap 'docker rm \"$container\"; docker rmi \"$image\"' EXIT
        image=$(docker build --quiet --file {} .)
        container=$(docker create \"$image\" none)
        docker cp \"$container:/src\" {}",
        file.display(),
        folder.path().display(),
    );
    engine.must(&commands, &[]).await;
    let manifest = folder.path().join("src/Cargo.toml");
    let read = format!(
        "cargo metadata --locked --offline --format-version 1 --manifest-path {}",
        manifest.display()
    );
    engine.must(&read, &[]).await;
}
