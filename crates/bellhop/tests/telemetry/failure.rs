//! A collector that is down, slow, or comes back.

use std::time::Duration;

use bellhop::telemetry::{ServerCall, Telemetry, Unflushed};
use http::HeaderMap;
use tokio::net::TcpListener;
use tonic::Code;

use crate::support::{Collector, Gate, PATIENCE, PROTOCOLS, member, within};

/// Far beyond any test: what waits for an export hangs.
const NEVER: &str = "3600000";

fn serve(telemetry: &Telemetry, calls: usize) {
    for _ in 0..calls {
        let call = ServerCall {
            path: "/geo.Geo/Nearby",
            peer: None,
        };
        let span = telemetry.server(&HeaderMap::new(), call);
        assert!(span.is_recording());
        span.end_grpc(Code::Ok);
    }
}

#[tokio::test]
async fn a_collector_that_is_down_costs_spans_and_nothing_else() {
    for protocol in PROTOCOLS {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let more = [("OTEL_BSP_SCHEDULE_DELAY", "1")];
        let geo = member("geo", &url, protocol, &more);
        serve(&geo, 10_000);
        let bound = Duration::from_millis(500);
        let ended = within("the shutdown", geo.shutdown(bound)).await;
        assert_eq!(ended, Err(Unflushed { bound }), "{protocol}");
    }
}

#[tokio::test]
async fn a_collector_that_never_answers_does_not_hold_the_shutdown() {
    for protocol in PROTOCOLS {
        let collector = Collector::behind(Gate::shut()).await;
        let more = [
            ("OTEL_EXPORTER_OTLP_TIMEOUT", NEVER),
            ("OTEL_BSP_EXPORT_TIMEOUT", NEVER),
        ];
        let geo = member("geo", &collector.url(), protocol, &more);
        serve(&geo, 1);
        let bound = Duration::from_millis(100);
        let ended = within("the shutdown", geo.shutdown(bound)).await;
        assert_eq!(ended, Err(Unflushed { bound }), "{protocol}");
    }
}

#[tokio::test]
async fn a_full_queue_drops_and_never_blocks() {
    for protocol in PROTOCOLS {
        let gate = Gate::shut();
        let mut collector = Collector::behind(gate.clone()).await;
        let more = [
            ("OTEL_EXPORTER_OTLP_TIMEOUT", NEVER),
            ("OTEL_BSP_EXPORT_TIMEOUT", NEVER),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4"),
        ];
        let geo = member("geo", &collector.url(), protocol, &more);
        // On the collector's own thread: one that blocked here would never be let go.
        serve(&geo, 10_000);
        gate.open();
        geo.shutdown(PATIENCE).await.unwrap();
        let sent = collector.rest().len();
        // What the queue held, and the one batch that was on its way.
        assert!((8..=12).contains(&sent), "{protocol}: {sent}");
    }
}

#[tokio::test]
async fn a_collector_that_comes_back_gets_spans_again() {
    for protocol in PROTOCOLS {
        let mut collector = Collector::start().await;
        let more = [("OTEL_BSP_SCHEDULE_DELAY", "10")];
        let geo = member("geo", &collector.url(), protocol, &more);
        serve(&geo, 1);
        assert_eq!(collector.next(1).await.len(), 1);

        let mut collector = collector.restart().await;
        serve(&geo, 1);
        assert_eq!(collector.next(1).await.len(), 1, "{protocol}");
        geo.shutdown(PATIENCE).await.unwrap();
    }
}
