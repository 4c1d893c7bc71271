//! The service.

use std::sync::{Arc, Mutex, PoisonError};

use tonic::{Request, Response, Status};

use super::{
    ids::Ids,
    page::page,
    proto::{
        GetChannelRequest, GetChannelResponse, GetServerRequest, GetServerResponse,
        GetServerSocketsRequest, GetServerSocketsResponse, GetServersRequest, GetServersResponse,
        GetSocketRequest, GetSocketResponse, GetSubchannelRequest, GetSubchannelResponse,
        GetTopChannelsRequest, GetTopChannelsResponse, Server, channelz_server,
    },
    view::View,
};
use crate::mesh::Mesh;

/// Looks inside a member. Clones give the same things the same numbers.
#[derive(Clone, Debug)]
pub(crate) struct Channelz {
    mesh: Mesh,
    ids: Arc<Mutex<Ids>>,
}

type Answer<T> = Result<Response<T>, Status>;

impl Channelz {
    /// Looks inside this member.
    pub(crate) fn new(mesh: Mesh) -> Self {
        Self {
            mesh,
            ids: Arc::default(),
        }
    }

    /// The service that gRPC servers offer.
    pub(crate) fn server(&self) -> channelz_server::ChannelzServer<Self> {
        channelz_server::ChannelzServer::new(self.clone())
    }

    fn view(&self) -> View {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        View::of(&self.mesh, &mut ids)
    }

    fn server_of(&self, asked: i64) -> Result<(Server, View), Status> {
        let view = self.view();
        let id = |server: &Server| server.r#ref.as_ref().map(|found| found.server_id);
        let server = view.servers.iter().find(|server| id(server) == Some(asked));
        let server = server.cloned().ok_or_else(|| none("server", asked))?;
        Ok((server, view))
    }
}

#[tonic::async_trait]
impl channelz_server::Channelz for Channelz {
    async fn get_top_channels(
        &self,
        request: Request<GetTopChannelsRequest>,
    ) -> Answer<GetTopChannelsResponse> {
        let asked = request.into_inner();
        let (start, max) = (asked.start_channel_id, asked.max_results);
        let id = |channel: &super::proto::Channel| {
            channel.r#ref.as_ref().map_or(0, |found| found.channel_id)
        };
        let (channel, end) = page(self.view().channels, id, start, max);
        Ok(Response::new(GetTopChannelsResponse { channel, end }))
    }

    async fn get_servers(&self, request: Request<GetServersRequest>) -> Answer<GetServersResponse> {
        let asked = request.into_inner();
        let (start, max) = (asked.start_server_id, asked.max_results);
        let id = |server: &Server| server.r#ref.as_ref().map_or(0, |found| found.server_id);
        let (server, end) = page(self.view().servers, id, start, max);
        Ok(Response::new(GetServersResponse { server, end }))
    }

    async fn get_server(&self, request: Request<GetServerRequest>) -> Answer<GetServerResponse> {
        let (server, _) = self.server_of(request.into_inner().server_id)?;
        let server = Some(server);
        Ok(Response::new(GetServerResponse { server }))
    }

    async fn get_server_sockets(
        &self,
        request: Request<GetServerSocketsRequest>,
    ) -> Answer<GetServerSocketsResponse> {
        let asked = request.into_inner();
        let (_, view) = self.server_of(asked.server_id)?;
        let (start, max) = (asked.start_socket_id, asked.max_results);
        let (socket_ref, end) = page(view.callers, |socket| socket.socket_id, start, max);
        Ok(Response::new(GetServerSocketsResponse { socket_ref, end }))
    }

    async fn get_channel(&self, request: Request<GetChannelRequest>) -> Answer<GetChannelResponse> {
        let asked = request.into_inner().channel_id;
        let mut channels = self.view().channels.into_iter();
        let channel = channels.find(|channel| {
            let found = channel.r#ref.as_ref();
            found.is_some_and(|found| found.channel_id == asked)
        });
        let channel = Some(channel.ok_or_else(|| none("channel", asked))?);
        Ok(Response::new(GetChannelResponse { channel }))
    }

    async fn get_subchannel(
        &self,
        request: Request<GetSubchannelRequest>,
    ) -> Answer<GetSubchannelResponse> {
        let asked = request.into_inner().subchannel_id;
        let mut subchannels = self.view().subchannels.into_iter();
        let subchannel = subchannels.find(|subchannel| {
            let found = subchannel.r#ref.as_ref();
            found.is_some_and(|found| found.subchannel_id == asked)
        });
        let subchannel = Some(subchannel.ok_or_else(|| none("subchannel", asked))?);
        Ok(Response::new(GetSubchannelResponse { subchannel }))
    }

    async fn get_socket(&self, request: Request<GetSocketRequest>) -> Answer<GetSocketResponse> {
        let asked = request.into_inner().socket_id;
        let mut sockets = self.view().sockets.into_iter();
        let socket = sockets.find(|socket| {
            let found = socket.r#ref.as_ref();
            found.is_some_and(|found| found.socket_id == asked)
        });
        let socket = Some(socket.ok_or_else(|| none("socket", asked))?);
        Ok(Response::new(GetSocketResponse { socket }))
    }
}

fn none(what: &str, id: i64) -> Status {
    Status::not_found(format!("no {what} has the number {id}"))
}
