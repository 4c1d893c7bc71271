//! What a member knows, as channelz has it.

use std::{
    net::{IpAddr, SocketAddr},
    time::SystemTime,
};

use prost_types::Timestamp;

use super::{
    ids::Ids,
    proto::{
        Address, Channel, ChannelConnectivityState, ChannelData, ChannelRef, ChannelTrace, Server,
        ServerData, ServerRef, Socket, SocketData, SocketRef, Subchannel, SubchannelRef,
        address::{self, TcpIpAddress},
        channel_connectivity_state::State,
    },
};
use crate::{
    client::{
        CallsReport, ConnectionReport, InstanceReport, InstanceState, StreamsReport, UpstreamReport,
    },
    mesh::{Mesh, Served},
};

/// A time that nobody has noted.
const UNKNOWN: Timestamp = Timestamp {
    seconds: 0,
    nanos: 0,
};

/// All that there is, at one moment.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) channels: Vec<Channel>,
    pub(super) subchannels: Vec<Subchannel>,
    pub(super) servers: Vec<Server>,
    /// Connections to the server.
    pub(super) callers: Vec<SocketRef>,
    pub(super) sockets: Vec<Socket>,
}

impl View {
    /// That of a member.
    pub(super) fn of(mesh: &Mesh, ids: &mut Ids) -> Self {
        let mut view = Self::default();
        ids.begin();
        view.add_server(mesh.service(), &mesh.served(), ids);
        for upstream in mesh.report().upstreams {
            view.add_channel(&upstream, ids);
        }
        ids.end();
        view
    }

    fn add_server(&mut self, service: &str, served: &Served, ids: &mut Ids) {
        let Some(bound) = served.bound else {
            return;
        };
        // Servers count calls, not those of one connection.
        let untold = StreamsReport::default();
        let listening = self.add_socket(ids, format!("listen {bound}"), Some(bound), None, untold);
        for (number, ends) in &served.sockets {
            let name = format!("caller {number} {}", ends.remote);
            let remote = Some(ends.remote);
            let caller = self.add_socket(ids, name, ends.local, remote, untold);
            self.callers.push(caller);
        }
        self.servers.push(Server {
            r#ref: Some(ServerRef {
                server_id: ids.of("server".to_owned()),
                name: service.to_owned(),
            }),
            data: Some(ServerData {
                calls_started: served.begun as i64,
                calls_succeeded: served.ended.succeeded as i64,
                calls_failed: served.ended.failed as i64,
                last_call_started_timestamp: Some(served.last.map_or(UNKNOWN, timestamp)),
            }),
            listen_socket: vec![listening],
        });
    }

    fn add_channel(&mut self, upstream: &UpstreamReport, ids: &mut Ids) {
        let service = &upstream.service;
        let each = upstream.instances.iter();
        let subchannels = each
            .map(|instance| self.add_subchannel(service, instance, ids))
            .collect();
        self.channels.push(Channel {
            r#ref: Some(ChannelRef {
                channel_id: ids.of(format!("channel {service}")),
                name: service.clone(),
            }),
            data: Some(data(
                state_of(upstream),
                format!("consul:///{service}"),
                upstream.calls,
            )),
            subchannel_ref: subchannels,
            ..Channel::default()
        });
    }

    fn add_subchannel(
        &mut self,
        service: &str,
        instance: &InstanceReport,
        ids: &mut Ids,
    ) -> SubchannelRef {
        let id = &instance.id;
        let each = instance.connections.iter();
        let sockets = each
            .map(|connection| self.add_connection(service, instance, connection, ids))
            .collect();
        let reference = SubchannelRef {
            subchannel_id: ids.of(format!("subchannel {service} {id}")),
            name: id.clone(),
        };
        let state = match instance.state {
            InstanceState::Connected => State::Ready,
            InstanceState::Connecting if instance.connect_error.is_some() => {
                State::TransientFailure
            }
            InstanceState::Connecting => State::Connecting,
            InstanceState::Draining => State::Shutdown,
            InstanceState::Critical => State::Idle,
        };
        let target = instance.address.clone().unwrap_or_default();
        self.subchannels.push(Subchannel {
            r#ref: Some(reference.clone()),
            data: Some(data(state, target, instance.calls)),
            socket_ref: sockets,
            ..Subchannel::default()
        });
        reference
    }

    fn add_connection(
        &mut self,
        service: &str,
        instance: &InstanceReport,
        connection: &ConnectionReport,
        ids: &mut Ids,
    ) -> SocketRef {
        let ConnectionReport {
            shard,
            local,
            remote,
            streams,
            ..
        } = *connection;
        let from = local.map(|local| local.to_string()).unwrap_or_default();
        let name = format!("{service} {} {shard} {from}->{remote}", instance.id);
        self.add_socket(ids, name, local, Some(remote), streams)
    }

    fn add_socket(
        &mut self,
        ids: &mut Ids,
        name: String,
        local: Option<SocketAddr>,
        remote: Option<SocketAddr>,
        streams: StreamsReport,
    ) -> SocketRef {
        let reference = SocketRef {
            socket_id: ids.of(format!("socket {name}")),
            name,
        };
        self.sockets.push(Socket {
            r#ref: Some(reference.clone()),
            data: Some(socket_data(streams)),
            local: local.map(address),
            remote: remote.map(address),
            ..Socket::default()
        });
        reference
    }
}

/// gRPC knows no states between "somebody can be called" and "nobody can".
fn state_of(upstream: &UpstreamReport) -> State {
    let is = |state| {
        upstream
            .instances
            .iter()
            .any(|instance| instance.state == state)
    };
    if is(InstanceState::Connected) {
        State::Ready
    } else if upstream
        .instances
        .iter()
        .any(|instance| instance.connect_error.is_some())
    {
        State::TransientFailure
    } else if is(InstanceState::Connecting) || is(InstanceState::Draining) {
        State::Connecting
    } else {
        State::Idle
    }
}

fn data(state: State, target: String, calls: CallsReport) -> ChannelData {
    ChannelData {
        state: Some(ChannelConnectivityState {
            state: state.into(),
        }),
        target,
        trace: Some(ChannelTrace {
            num_events_logged: 0,
            creation_timestamp: Some(UNKNOWN),
        }),
        calls_started: calls.begun as i64,
        calls_succeeded: calls.succeeded() as i64,
        calls_failed: calls.failed as i64,
        last_call_started_timestamp: calls.last.map(timestamp),
    }
}

fn socket_data(streams: StreamsReport) -> SocketData {
    SocketData {
        streams_started: streams.begun as i64,
        streams_succeeded: streams.succeeded() as i64,
        streams_failed: streams.failed as i64,
        last_local_stream_created_timestamp: Some(UNKNOWN),
        last_remote_stream_created_timestamp: Some(UNKNOWN),
        last_message_sent_timestamp: Some(UNKNOWN),
        last_message_received_timestamp: Some(UNKNOWN),
        local_flow_control_window: Some(0),
        remote_flow_control_window: Some(0),
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::from(time)
}

fn address(address: SocketAddr) -> Address {
    let ip_address = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let tcp = TcpIpAddress {
        ip_address,
        port: i32::from(address.port()),
    };
    Address {
        address: Some(address::Address::TcpipAddress(tcp)),
    }
}
