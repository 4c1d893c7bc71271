//! Why Hotels cannot run.

use std::{error::Error as StdError, io, net::SocketAddr};

use hotel_proto::data::DataError;

use crate::healthcheck::NotWell;

/// Why Hotels cannot run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "{address} is taken: another program listens there. Choose another address with {option} ADDR"
    )]
    Taken {
        address: SocketAddr,
        option: &'static str,
    },
    #[error("a Consul answers on {address} already. Start this one elsewhere with --registry ADDR")]
    RegistryIsThere { address: SocketAddr },
    #[error(
        "a Consul answers on {address} already. Use it with --consul http://{address}, or start the embedded registry \
         elsewhere with --registry ADDR"
    )]
    ConsulIsThere { address: SocketAddr },
    #[error("the embedded registry cannot start")]
    Registry(#[from] mini_consul::Error),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("{service} cannot start")]
    Member {
        service: &'static str,
        source: bellhop::Error,
    },
    #[error("not well")]
    NotWell(#[from] NotWell),
    #[error("stopped at once, calls in flight are lost")]
    Interrupted,
    #[error("the system refuses a thread, a runtime or a signal")]
    System(#[from] io::Error),
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        // Some errors tell their cause themselves.
        if !text.ends_with(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    text
}

/// Whether it is that somebody has the address already that `option` sets, or that of the admin endpoint.
pub(crate) fn taken(error: &bellhop::Error, option: &'static str) -> Option<Error> {
    let (address, source, option) = match error {
        bellhop::Error::Listen { address, source } => (*address, source, option),
        bellhop::Error::Admin { address, source } => (*address, source, "--admin"),
        _ => return None,
    };
    (source.kind() == io::ErrorKind::AddrInUse).then_some(Error::Taken { address, option })
}
