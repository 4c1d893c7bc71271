//! Somebody whom containers are not to reach.

use serde_json::Value;

use crate::{engine::Engine, project::Project};

/// Far from the networks of engines, of ours and of others.
const ADDRESS: &str = "10.213.92.2";

const GONE: &str = "for one in $(as_root ip netns pids bellhop-out 2>/dev/null || true); do as_root kill $one || true; done
    as_root ip netns del bellhop-out 2>/dev/null || true";

/// Another host by a namespace, which like others knows no way to networks of an engine, with a port that takes whoever comes: it is open when the last command is back.
const THERE: &str = "as_root ip netns add bellhop-out
    as_root ip link add bellhop-out0 type veth peer name bellhop-out1 netns bellhop-out
    as_root ip addr add 10.213.92.1/24 dev bellhop-out0
    as_root ip link set bellhop-out0 up
    as_root ip -n bellhop-out addr add 10.213.92.2/24 dev bellhop-out1
    as_root ip -n bellhop-out link set bellhop-out1 up
    as_root ip netns exec bellhop-out \"$BUSYBOX\" httpd -p 7 -h /proc/self";

/// Which of these containers reach somebody outside, by a label's value.
pub(crate) async fn reached(project: &Project, containers: &[Value], label: &str) -> Vec<String> {
    let outside = Outside::start(&project.engine).await;
    let mut reached = Vec::new();
    for container in containers {
        let pid = &container["State"]["Pid"];
        let attempt = format!(
            "as_root nsenter -t {pid} -n timeout 1 bash -c 'exec 3<>/dev/tcp/{ADDRESS}/7' 2>/dev/null && echo reached || true"
        );
        if project.must(&attempt).await.contains("reached") {
            let service = &container["Config"]["Labels"][label];
            reached.push(service.as_str().unwrap().to_owned());
        }
    }
    drop(outside);
    reached
}

struct Outside<'a>(&'a Engine);

impl<'a> Outside<'a> {
    async fn start(engine: &'a Engine) -> Self {
        let outside = Self(engine);
        let busybox = engine.busybox.display();
        engine.must(GONE, &[]).await;
        engine
            .must(&format!("BUSYBOX={busybox}; {THERE}"), &[])
            .await;
        outside
    }
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        let _ = self.0.shell(GONE).status();
    }
}
