//! Asks for greetings, each from the greeter whose turn it is.

use std::{env, error::Error};

use bellhop::Mesh;
use greeter::proto::{GreetRequest, greeter_client::GreeterClient};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mesh = Mesh::from_env("greeter-client")?;
    let mut client = GreeterClient::new(mesh.channel("greeter"));
    for name in env::args().skip(1) {
        let reply = client.greet(GreetRequest { name }).await?;
        println!("{}", reply.into_inner().greeting);
    }
    Ok(())
}
