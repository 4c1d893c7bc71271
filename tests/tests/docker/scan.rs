//! What containers may do, as the engine and the kernel say it.

use serde_json::Value;

use crate::project::Project;

/// File systems of the kernel's own, which keep nothing.
const OF_THE_KERNEL: [&str; 5] = ["proc", "devpts", "mqueue", "sysfs", "cgroup"];

/// Where a container of anybody has some memory that goes with it.
const IN_MEMORY: [&str; 2] = ["/dev", "/dev/shm"];

/// Looks at all containers that run; `kept` are the volumes that may be written to.
pub(crate) async fn all(project: &Project, kept: &[&str]) -> usize {
    let containers = project.containers("").await;
    for container in &containers {
        bounded(container);
        harmless(container);
        let pid = &container["State"]["Pid"];
        let status = project.must(&format!("cat /proc/{pid}/status")).await;
        of_no_use(&status);
        written(project, container, kept).await;
    }
    containers.len()
}

/// Looks at where a container may write.
pub(crate) async fn written(project: &Project, container: &Value, kept: &[&str]) {
    let pid = &container["State"]["Pid"];
    let mounts = format!("as_root cat /proc/{pid}/mountinfo");
    let mounts = project.must(&mounts).await;
    only_in_memory(container, &mounts, kept);
}

fn bounded(container: &Value) {
    let host = &container["HostConfig"];
    for limit in ["Memory", "NanoCpus", "PidsLimit"] {
        assert!(
            host[limit].as_u64().is_some_and(|limit| limit > 0),
            "{limit}: {container}"
        );
    }
    let log = &host["LogConfig"];
    assert_eq!(log["Config"]["max-size"], "10m", "{log}");
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped");
}

fn harmless(container: &Value) {
    let host = &container["HostConfig"];
    assert_eq!(host["ReadonlyRootfs"], true);
    assert_eq!(host["Privileged"], false);
    assert_eq!(host["CapDrop"][0], "ALL");
    assert!(host["CapAdd"].is_null(), "{host}");
    assert_eq!(host["SecurityOpt"][0], "no-new-privileges:true");
}

/// To who would take it over: no root, no capabilities, and none to be had.
fn of_no_use(status: &str) {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("{name} {status}"));
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for users in [field("Uid:"), field("Gid:")] {
        assert!(users.iter().all(|user| user != "0"), "{users:?}");
    }
    for capabilities in ["CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        let found = u64::from_str_radix(&field(capabilities)[0], 16);
        assert_eq!(found, Ok(0), "{capabilities}");
    }
    assert_eq!(field("NoNewPrivs:"), ["1"]);
    // By a filter of system calls.
    assert_eq!(field("Seccomp:"), ["2"]);
}

/// All that can be written to is in memory, and of a size that was asked for.
fn only_in_memory(container: &Value, mounts: &str, kept: &[&str]) {
    for mount in mounts.lines() {
        let (place, kind) = mount.split_once(" - ").unwrap();
        let place: Vec<_> = place.split(' ').collect();
        let (at, options) = (place[4], place[5]);
        let kind = kind.split(' ').next().unwrap();
        let written = options.split(',').any(|option| option == "rw");
        if !written || OF_THE_KERNEL.contains(&kind) || kept.contains(&at) {
            continue;
        }
        let name = &container["Name"];
        assert_eq!(kind, "tmpfs", "{name}: {mount}");
        let size = super_options(mount).any(|it| it.starts_with("size="));
        // Those over parts of /proc hide these, and what is root's alone is nobody's here.
        let hidden = at.starts_with("/proc/") || of_root(mount);
        let known = IN_MEMORY.contains(&at) || hidden;
        assert!(size || known, "{name}: {mount}");
    }
}

/// Whether root alone may write to it.
fn of_root(mount: &str) -> bool {
    let mode = super_options(mount).any(|option| option == "mode=755");
    mode && !super_options(mount).any(|option| option.starts_with("uid="))
}

/// The options of a file system, not those of where it is mounted.
fn super_options(mount: &str) -> impl Iterator<Item = &str> {
    mount.rsplit(' ').next().unwrap().split(',')
}
