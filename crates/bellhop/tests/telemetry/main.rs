//! Telemetry at a real OTLP receiver, over both protocols.

mod application;
mod export;
mod failure;
mod hops;
mod metrics;
mod sampling;
mod support;
mod tls;
