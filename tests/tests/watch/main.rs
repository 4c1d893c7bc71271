//! What real watchers see of Hotels: Jaeger, the OpenTelemetry Collector with our configuration, Prometheus.

mod jaeger;

mod stage;
mod trace;
