//! What real watchers see of Hotels: Jaeger, the OpenTelemetry Collector with our configuration, Prometheus, Loki.

mod calls;
mod collector;
mod dashboard;
mod events;
mod hung;
mod jaeger;
mod loki;
mod prometheus;
mod pushed;
mod stage;
mod trace;
