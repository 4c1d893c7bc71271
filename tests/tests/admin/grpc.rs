//! Health, reflection and channelz, looked at with grpcurl, the tool that people use.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use bellhop::Serving;
use e2e::Registry;
use serde_json::Value;
use tokio::process::Command;

use crate::stage::{calls_itself, mesh, nobody, serve};

/// grpcurl, where there is one. Says so where there is none, unless `BELLHOP_REQUIRE_GRPCURL` demands it.
fn grpcurl() -> Option<PathBuf> {
    let named = env::var_os("GRPCURL_BIN").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = env::split_paths(&path).map(|folder| folder.join("grpcurl"));
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.servers/grpcurl/grpcurl");
    let mut all = named.into_iter().chain(in_path).chain([ours]);
    let found = all.find(|path| path.is_file());
    if found.is_none() {
        let demanded = env::var_os("BELLHOP_REQUIRE_GRPCURL").is_some();
        assert!(!demanded, "there is no grpcurl");
        eprintln!("passed over: there is no grpcurl (scripts/get-grpcurl.sh gets one)");
    }
    found
}

/// What grpcurl is used on.
struct Target {
    tool: PathBuf,
    address: SocketAddr,
}

impl Target {
    /// What it prints; an error where it fails.
    async fn run(&self, data: &str, what: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.tool);
        command.args(["-plaintext", "-max-time", "30"]);
        if !data.is_empty() {
            command.args(["-d", data]);
        }
        command.arg(self.address.to_string()).args(what);
        let output = command.output().await.expect("grpcurl");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(text(&output.stderr)),
        }
    }

    async fn ask(&self, data: &str, method: &str) -> Value {
        let said = self.run(data, &[method]).await.unwrap();
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    async fn channelz(&self, data: &str, method: &str) -> Value {
        let method = format!("grpc.channelz.v1.Channelz/{method}");
        self.ask(data, &method).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tools_of_grpc_look_inside_a_member() {
    let Some(tool) = grpcurl() else { return };
    let registry = Registry::mini().await;
    let serving = calls_itself(&registry).await;
    // On the port of calls, and on that of whoever looks after the member.
    for address in [serving.address(), serving.admin_address().unwrap()] {
        let tool = tool.clone();
        let target = Target { tool, address };
        let services = target.run("", &["list"]).await.unwrap();
        for service in ["grpc.channelz.v1.Channelz", "grpc.health.v1.Health"] {
            assert!(services.contains(service), "{services}");
        }
        let health = target.ask("", "grpc.health.v1.Health/Check").await;
        assert_eq!(health["status"], "SERVING");
        channels(&target).await;
        servers(&target, &serving).await;
    }
}

async fn channels(target: &Target) {
    let top = target.channelz("", "GetTopChannels").await;
    assert_eq!(top["end"], true);
    let channel = &top["channel"][0];
    assert_eq!(channel["ref"]["name"], "geo");
    assert_eq!(channel["data"]["state"]["state"], "READY");
    assert_eq!(channel["data"]["callsFailed"], "1");
    let id = &channel["ref"]["channelId"];
    let again = target
        .channelz(&format!(r#"{{"channel_id": {id}}}"#), "GetChannel")
        .await;
    assert_eq!(again["channel"]["ref"], channel["ref"]);

    let id = &channel["subchannelRef"][0]["subchannelId"];
    let ask = format!(r#"{{"subchannel_id": {id}}}"#);
    let subchannel = target.channelz(&ask, "GetSubchannel").await["subchannel"].take();
    assert_eq!(subchannel["data"]["state"]["state"], "READY");
    let id = &subchannel["socketRef"][0]["socketId"];
    let ask = format!(r#"{{"socket_id": {id}}}"#);
    let socket = target.channelz(&ask, "GetSocket").await["socket"].take();
    assert_eq!(socket["data"]["streamsFailed"], "1");
    // 127.0.0.1, as JSON has bytes.
    assert_eq!(socket["remote"]["tcpipAddress"]["ipAddress"], "fwAAAQ==");

    let ask = r#"{"socket_id": 4711}"#;
    let error = target
        .run(ask, &["grpc.channelz.v1.Channelz/GetSocket"])
        .await;
    assert!(error.unwrap_err().contains("NotFound"));
}

async fn servers(target: &Target, serving: &Serving) {
    let servers = target.channelz("", "GetServers").await;
    let server = &servers["server"][0];
    assert_eq!(server["ref"]["name"], "geo");
    assert_eq!(server["data"]["callsFailed"], "1");
    let id = &server["listenSocket"][0]["socketId"];
    let ask = format!(r#"{{"socket_id": {id}}}"#);
    let socket = target.channelz(&ask, "GetSocket").await["socket"].take();
    let port = socket["local"]["tcpipAddress"]["port"].as_u64();
    assert_eq!(port, Some(u64::from(serving.address().port())));

    let id = &server["ref"]["serverId"];
    let ask = format!(r#"{{"server_id": {id}}}"#);
    let again = target.channelz(&ask, "GetServer").await;
    assert_eq!(again["server"]["ref"], server["ref"]);
    let ask = format!(r#"{{"server_id": {id}, "max_results": 1}}"#);
    let sockets = target.channelz(&ask, "GetServerSockets").await;
    let id = &sockets["socketRef"][0]["socketId"];
    let ask = format!(r#"{{"socket_id": {id}}}"#);
    let socket = target.channelz(&ask, "GetSocket").await["socket"].take();
    assert!(
        socket["remote"]["tcpipAddress"]["port"].is_u64(),
        "{socket}"
    );
}

/// What grpcdebug reads without a look at whether it is there: without one of these it crashes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missing_that_grpcdebug_takes_for_granted() {
    let Some(tool) = grpcurl() else { return };
    let registry = Registry::mini().await;
    let serving = calls_itself(&registry).await;
    let address = serving.address();
    let target = Target { tool, address };
    let is_there = |value: &Value, fields: &[&str]| {
        for field in fields {
            let pointer = format!("/data/{field}");
            assert!(value.pointer(&pointer).is_some(), "{field}: {value}");
        }
    };
    let top = target.channelz("", "GetTopChannels").await;
    let channel = &top["channel"][0];
    is_there(
        channel,
        &["target", "state/state", "trace/creationTimestamp"],
    );
    let id = &channel["subchannelRef"][0]["subchannelId"];
    let ask = format!(r#"{{"subchannel_id": {id}}}"#);
    let subchannel = target.channelz(&ask, "GetSubchannel").await["subchannel"].take();
    is_there(
        &subchannel,
        &["target", "state/state", "trace/creationTimestamp"],
    );

    let servers = target.channelz("", "GetServers").await;
    let server = &servers["server"][0];
    is_there(server, &["lastCallStartedTimestamp"]);
    let ask = format!(r#"{{"server_id": {}}}"#, server["ref"]["serverId"]);
    let callers = target.channelz(&ask, "GetServerSockets").await;
    let sockets = [&subchannel, &callers].map(|of| of["socketRef"][0]["socketId"].clone());
    for id in sockets {
        let ask = format!(r#"{{"socket_id": {id}}}"#);
        let socket = target.channelz(&ask, "GetSocket").await["socket"].take();
        let times = [
            "lastLocalStreamCreatedTimestamp",
            "lastRemoteStreamCreatedTimestamp",
            "lastMessageSentTimestamp",
            "lastMessageReceivedTimestamp",
        ];
        is_there(&socket, &times);
        is_there(
            &socket,
            &["localFlowControlWindow", "remoteFlowControlWindow"],
        );
        for end in ["local", "remote"] {
            assert!(socket[end]["tcpipAddress"]["port"].is_u64(), "{socket}");
        }
    }
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_do_not_look_inside_where_they_may_not() {
    let Some(tool) = grpcurl() else { return };
    let closed = mesh(nobody(), &[("BELLHOP_CHANNELZ", "off")]);
    let serving = serve(&closed).await.unwrap();
    let top = ["grpc.channelz.v1.Channelz/GetTopChannels"];
    let address = serving.address();
    let public = Target {
        tool: tool.clone(),
        address,
    };
    assert!(public.run("", &top).await.is_err());
    let address = serving.admin_address().unwrap();
    let own = Target { tool, address };
    own.run("", &top).await.unwrap();
}
