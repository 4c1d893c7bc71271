//! One screen for a person: what runs where, and what to try.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use bellhop::config::Source;
use tokio::time::{sleep, timeout};

use crate::{members::Running, readyz, settings::Settings};

const ASK_EVERY: Duration = Duration::from_millis(5);

/// Returns once the frontend reaches everybody whom it needs; `false` where that takes longer than `within`.
pub(crate) async fn until_ready(frontend: SocketAddr, within: Duration) -> bool {
    let ready = async {
        while !is_ready(frontend).await.unwrap_or(false) {
            sleep(ASK_EVERY).await;
        }
    };
    timeout(within, ready).await.is_ok()
}

async fn is_ready(frontend: SocketAddr) -> std::io::Result<bool> {
    Ok(readyz::ask(frontend).await?.contains(r#"{"status":"ok""#))
}

/// Prints the screen.
pub(crate) fn show(
    running: &[Running],
    registry: Option<SocketAddr>,
    settings: &Settings,
    took: Duration,
    ready: bool,
) {
    println!("{}", screen(running, registry, settings, took, ready));
}

fn screen(
    running: &[Running],
    registry: Option<SocketAddr>,
    settings: &Settings,
    took: Duration,
    ready: bool,
) -> String {
    let mut text = String::new();
    let mut line = |parts: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{parts}");
    };
    let took = took.as_millis();
    if ready {
        line(format_args!(
            "\nHotels is ready, {took} ms after it began.\n"
        ));
    } else {
        line(format_args!(
            "\nHotels has begun, but is not ready after {took} ms. Ask /readyz why.\n"
        ));
    }
    match registry {
        Some(address) => line(format_args!(
            "  registry   http://{address}/ui/   (embedded)"
        )),
        None => {
            let consul = settings.get("CONSUL_HTTP_ADDR");
            let consul = consul.as_deref().unwrap_or("127.0.0.1:8500");
            line(format_args!("  registry   {consul}   (yours)"));
        }
    }
    for member in running {
        let (service, address) = (member.service, member.address());
        let scheme = if service == frontend::NAME {
            "http://"
        } else {
            "grpc://"
        };
        line(format_args!("  {service:<9}  {scheme}{address}"));
    }
    let Some(http) = running.last().map(Running::address) else {
        return text;
    };
    line(format_args!("\nOpen   http://{http}"));
    line(format_args!(
        "Ask    curl \"http://{http}/hotels?inDate=2015-04-09&outDate=2015-04-10\""
    ));
    if let Some(admin) = running.last().and_then(Running::admin) {
        line(format_args!(
            "Look   http://{admin}   (the frontend's admin endpoint)"
        ));
    }
    line(format_args!("Scale  hotels up --scale rate=3"));
    line(format_args!(
        "Trace  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 hotels up"
    ));
    line(format_args!("Stop   Ctrl-C"));
    text
}
