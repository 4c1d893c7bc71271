//! Asks the instance beside this process whether it is well, for a container that holds this program and nothing else.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use clap::Args;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, runtime::Builder, time::timeout};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{error::Error, readyz};

/// How long an answer may take: longer than a frontend waits for those whom it asks.
const PATIENCE: Duration = Duration::from_secs(4);

/// Where `hotels` listens that is told nothing.
const UP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);

/// Whom to ask. The settings are those of the instance: in its container they need not be said again.
#[derive(Args, Debug)]
pub(crate) struct Ask {
    /// Where a frontend listens, which is asked for /readyz [default: 127.0.0.1:5000 where no --listen is known]
    #[arg(long, value_name = "ADDR", env = "HOTELS_HTTP")]
    http: Option<SocketAddr>,

    /// Where a gRPC service listens, which is asked for its health; --http goes before it
    #[arg(long, value_name = "ADDR", env = "HOTELS_LISTEN")]
    listen: Option<SocketAddr>,
}

/// Why an instance is not well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWell {
    #[error("{address} cannot be reached")]
    Unreachable {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("{address} does not speak HTTP/2")]
    Http2 {
        address: SocketAddr,
        source: hyper::Error,
    },
    #[error("{address} refuses to tell its health: {}", .status.message())]
    Refused {
        address: SocketAddr,
        status: tonic::Status,
    },
    #[error("{address} says {}", .status.as_str_name())]
    NotServing {
        address: SocketAddr,
        status: ServingStatus,
    },
    #[error("{address} is not ready: {answer}")]
    NotReady { address: SocketAddr, answer: String },
    #[error("{address} says nothing within {PATIENCE:?}")]
    Silent { address: SocketAddr },
    #[error("{address} is at port 0, which is any: say which one with {option} ADDR")]
    AnyPort {
        address: SocketAddr,
        option: &'static str,
    },
}

/// Who is asked, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Frontend(SocketAddr),
    Service(SocketAddr),
}

impl Ask {
    fn asked(&self) -> Result<Asked, NotWell> {
        let (asked, address, option): (fn(_) -> _, _, _) = match (self.http, self.listen) {
            (Some(http), _) => (Asked::Frontend, http, "--http"),
            (None, Some(listen)) => (Asked::Service, listen, "--listen"),
            (None, None) => (Asked::Frontend, UP, "--http"),
        };
        match address.port() {
            0 => Err(NotWell::AnyPort { address, option }),
            _ => Ok(asked(here(address))),
        }
    }
}

/// Who listens at all addresses is asked at the one that is always there.
fn here(mut address: SocketAddr) -> SocketAddr {
    address.set_ip(match address.ip() {
        IpAddr::V4(all) if all.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(all) if all.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        one => one,
    });
    address
}

/// Returns once the instance has said that it is well.
pub(crate) fn healthcheck(ask: &Ask) -> Result<(), Error> {
    let asked = ask.asked()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (Asked::Frontend(address) | Asked::Service(address)) = asked;
    let answer = async {
        match asked {
            Asked::Frontend(address) => frontend(address).await,
            Asked::Service(address) => service(address).await,
        }
    };
    let answer = runtime.block_on(async { timeout(PATIENCE, answer).await });
    Ok(answer.unwrap_or(Err(NotWell::Silent { address }))?)
}

async fn frontend(address: SocketAddr) -> Result<(), NotWell> {
    let answer = readyz::ask(address).await;
    let answer = answer.map_err(|source| NotWell::Unreachable { address, source })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(NotWell::NotReady {
            address,
            answer: format!("{status} {body}").trim().to_owned(),
        }),
    }
}

async fn service(address: SocketAddr) -> Result<(), NotWell> {
    let unreachable = |source| NotWell::Unreachable { address, source };
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    let http2 = |source| NotWell::Http2 { address, source };
    let opened = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (sender, connection) = opened.map_err(http2)?;
    let driver = tokio::spawn(connection);
    let call = tower::service_fn(move |request| sender.clone().send_request(request));
    let origin = format!("http://{address}").parse();
    let mut client = HealthClient::with_origin(call, origin.expect("an address is an authority"));
    let answer = client.check(HealthCheckRequest::default()).await;
    driver.abort();
    let answer = answer.map_err(|status| NotWell::Refused { address, status })?;
    match answer.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        status => Err(NotWell::NotServing { address, status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(http: Option<&str>, listen: Option<&str>) -> Result<Asked, String> {
        let address = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let ask = Ask {
            http: address(http),
            listen: address(listen),
        };
        ask.asked().map_err(|error| error.to_string())
    }

    #[test]
    fn the_settings_of_an_instance_say_whom_to_ask() {
        let at = |text: &str| text.parse().unwrap();
        let (http, listen) = (Some("0.0.0.0:5000"), Some("[::]:8080"));
        let frontend = Ok(Asked::Frontend(at("127.0.0.1:5000")));
        assert_eq!(asked(http, listen), frontend);
        assert_eq!(asked(http, None), frontend);
        assert_eq!(asked(None, None), frontend);
        let service = Ok(Asked::Service(at("[::1]:8080")));
        assert_eq!(asked(None, listen), service);
        let own = Ok(Asked::Service(at("192.0.2.1:7")));
        assert_eq!(asked(None, Some("192.0.2.1:7")), own);
        let any = asked(None, Some("127.0.0.1:0")).unwrap_err();
        assert!(any.contains("--listen ADDR"), "{any}");
    }
}
