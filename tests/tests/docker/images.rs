//! Images of tests: the last stage of the Dockerfile around our program, and stand-ins for the official ones around their programs,
//! for no registry is asked.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use tempfile::TempDir;

use crate::engine::{Engine, root};

/// As in docker-compose.yml.
const USER_OF_CONSUL: &str = "100:1000";

/// The largest that the program's image may be.
const LARGEST: u64 = 25 * 1024 * 1024;

pub(crate) async fn build(engine: &Engine) {
    let folder = TempDir::new().unwrap();
    for part in [
        "hotels/image",
        "consul/image",
        "jaeger/image/bin",
        "prometheus/image/bin",
    ] {
        fs::create_dir_all(folder.path().join(part)).unwrap();
    }
    hotels(engine, &folder.path().join("hotels")).await;
    consul(engine, &folder.path().join("consul")).await;
    // This one is a Jaeger 1, which knows no options of Jaeger 2: what is after the shell's command goes unread.
    let file = "USER 10001\nENTRYPOINT [\"/bin/busybox\", \"sh\", \"-c\", \"exec /bin/jaeger\"]\n";
    watcher(engine, &folder.path().join("jaeger"), &engine.jaeger, file).await;
    let file = "USER 65534:65534\nWORKDIR /prometheus\nENTRYPOINT [\"/bin/prometheus\"]\n";
    let prometheus = folder.path().join("prometheus");
    watcher(engine, &prometheus, &engine.prometheus, file).await;
}

/// One that is asked by BusyBox whether it is well, as that in the official image.
async fn watcher(engine: &Engine, folder: &Path, program: &Path, file: &str) {
    let (bin, name) = (folder.join("image/bin"), folder.file_name().unwrap());
    fs::copy(program, bin.join(name)).unwrap();
    fs::copy(&engine.busybox, bin.join("busybox")).unwrap();
    symlink("busybox", bin.join("wget")).unwrap();
    let file = format!("FROM scratch\nCOPY image /\n{file}");
    let tag = format!("-t bellhop-test/{}", name.display());
    put_together(engine, folder, &file, &tag).await;
}

/// Two versions, which differ in their label alone.
async fn hotels(engine: &Engine, folder: &Path) {
    let program = folder.join("image/hotels");
    fs::copy(&engine.hotels, &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let file = fs::read_to_string(root().join("Dockerfile")).unwrap();
    let (_, last) = file.split_once("\nFROM scratch\n").unwrap();
    let last = last.replace("COPY --from=build /image /", "COPY image /");
    let last = format!("FROM scratch\n{last}");
    assert!(last.contains("COPY image /") && last.contains("HEALTHCHECK"));
    for version in ["v1", "v2"] {
        let options = format!("--build-arg VERSION={version} -t bellhop-test/hotels:{version}");
        put_together(engine, folder, &last, &options).await;
    }
    let size = engine
        .must("docker inspect -f '{{.Size}}' bellhop-test/hotels:v1", &[])
        .await;
    let size: u64 = size.trim().parse().unwrap();
    assert!(size < LARGEST, "{size} bytes");
}

/// Consul, the libraries that this one is linked with, and a shell as the official image has one.
async fn consul(engine: &Engine, folder: &Path) {
    let image = folder.join("image");
    for part in ["bin", "consul/data", "consul/config", "tmp"] {
        fs::create_dir_all(image.join(part)).unwrap();
    }
    fs::set_permissions(image.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    fs::copy(&engine.consul, image.join("bin/consul")).unwrap();
    fs::copy(&engine.busybox, image.join("bin/busybox")).unwrap();
    for name in [
        "sh", "awk", "basename", "cat", "chmod", "chown", "grep", "mv", "rm", "sleep",
    ] {
        symlink("busybox", image.join("bin").join(name)).unwrap();
    }
    let libraries = format!("ldd {} || true", engine.consul.display());
    let libraries = engine.must(&libraries, &[]).await;
    let paths = libraries
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    for path in paths {
        let to = image.join(path.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
    let file = format!(
        "FROM scratch\nCOPY --chown={USER_OF_CONSUL} image /\nENV PATH=/bin\nENTRYPOINT [\"/bin/consul\"]\n"
    );
    put_together(engine, folder, &file, "-t bellhop-test/consul").await;
}

async fn put_together(engine: &Engine, folder: &Path, file: &str, options: &str) {
    fs::write(folder.join("Dockerfile"), file).unwrap();
    let build = format!("docker build --quiet {options} {}", folder.display());
    engine.must(&build, &[]).await;
}
