//! What real watchers see of Hotels: Jaeger, the OpenTelemetry Collector with our configuration, Prometheus.

mod collector;
mod dashboard;
mod jaeger;
mod prometheus;
mod stage;
mod trace;
