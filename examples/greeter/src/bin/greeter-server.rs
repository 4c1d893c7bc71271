//! Greets, as a member of the mesh. Start as many as you like.

use bellhop::{Mesh, Services};
use greeter::proto::{
    GreetReply, GreetRequest,
    greeter_server::{Greeter, GreeterServer},
};
use tonic::{Request, Response, Status};

struct Polite;

#[tonic::async_trait]
impl Greeter for Polite {
    async fn greet(&self, request: Request<GreetRequest>) -> Result<Response<GreetReply>, Status> {
        let greeting = format!("Hello, {}!", request.into_inner().name);
        Ok(Response::new(GreetReply { greeting }))
    }
}

fn main() -> Result<(), bellhop::Error> {
    Mesh::from_env("greeter")?.run(|_mesh| Services::new().with(GreeterServer::new(Polite)))
}
