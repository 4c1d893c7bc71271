//! What real watchers see of Hotels: Jaeger, the OpenTelemetry Collector with our configuration, Prometheus.

mod collector;
mod jaeger;
mod prometheus;
mod stage;
mod trace;
