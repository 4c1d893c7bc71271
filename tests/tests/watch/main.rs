//! What real watchers see of Hotels: Jaeger, the OpenTelemetry Collector with our configuration, Prometheus.

mod calls;
mod collector;
mod dashboard;
mod events;
mod jaeger;
mod prometheus;
mod pushed;
mod stage;
mod trace;
