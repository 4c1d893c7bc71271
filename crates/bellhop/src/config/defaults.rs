//! What holds where nothing is set, for those who ask what a member was told.
//!
//! Who reads a setting has its default as a constant of its type. This list repeats it as people write it, and a test holds it
//! against what is read.

/// Settings by name, with what holds where they are not set; those that are not here have no default of one word.
const DEFAULTS: &[(&str, &str)] = &[
    ("BELLHOP_ACCESS_LOG", "http"),
    ("BELLHOP_ADMIN", "127.0.0.1:0"),
    ("BELLHOP_ALLOW_FAULTS", "off"),
    ("BELLHOP_BREAKER", "on"),
    ("BELLHOP_BREAKER_FAILURES", "5"),
    ("BELLHOP_BREAKER_MIN_CALLS", "20"),
    ("BELLHOP_BREAKER_OPEN_MAX", "30s"),
    ("BELLHOP_BREAKER_OPEN_MIN", "500ms"),
    ("BELLHOP_BREAKER_RATE", "50%"),
    ("BELLHOP_BREAKER_SLOW", "off"),
    ("BELLHOP_BREAKER_WINDOW", "10s"),
    ("BELLHOP_CHANNELZ", "on"),
    ("BELLHOP_CHECK_INTERVAL", "1s"),
    ("BELLHOP_CHECK_TIMEOUT", "2s"),
    ("BELLHOP_CHECK_TTL", "10s"),
    ("BELLHOP_CLIENT_LIMIT", "off"),
    ("BELLHOP_CONNECTION_AGE", "10m"),
    ("BELLHOP_CONNECTION_AGE_GRACE", "30s"),
    ("BELLHOP_CONNECT_TIMEOUT", "1s"),
    ("BELLHOP_CONSUL_TIMEOUT", "5s"),
    ("BELLHOP_DEREGISTER_AFTER", "1m"),
    ("BELLHOP_DISCOVERY_CACHE", "off"),
    ("BELLHOP_DISCOVERY_CACHE_AGE", "24h"),
    ("BELLHOP_DISCOVERY_HOLD", "3m"),
    ("BELLHOP_DISCOVERY_WAIT", "1m"),
    ("BELLHOP_DRAIN_QUIET", "250ms"),
    ("BELLHOP_DRAIN_TIMEOUT", "10s"),
    ("BELLHOP_EXPLAIN", "false"),
    ("BELLHOP_FORCE_VERSION", "false"),
    ("BELLHOP_HEADER_TIMEOUT", "10s"),
    ("BELLHOP_HEDGE_AFTER", "250ms"),
    ("BELLHOP_IDLE_TIMEOUT", "75s"),
    ("BELLHOP_KEEPALIVE_INTERVAL", "5s"),
    ("BELLHOP_KEEPALIVE_TIMEOUT", "2s"),
    ("BELLHOP_KEEP_TRACES", "200"),
    ("BELLHOP_LIMIT", "off"),
    ("BELLHOP_LISTEN", "127.0.0.1:0"),
    ("BELLHOP_MAX_CONNECTIONS", "10000"),
    ("BELLHOP_METRICS", "on"),
    ("BELLHOP_RETRY_ATTEMPTS", "3"),
    ("BELLHOP_RETRY_BACKOFF_MAX", "1s"),
    ("BELLHOP_RETRY_BACKOFF_MIN", "10ms"),
    ("BELLHOP_RETRY_BUDGET", "20%"),
    ("BELLHOP_RETRY_FLOOR", "10"),
    ("BELLHOP_SHED", "on"),
    ("BELLHOP_SHED_MAX", "8192"),
    ("BELLHOP_SHED_MIN", "8"),
    ("BELLHOP_SLOW_START", "500ms"),
    ("BELLHOP_SPLIT", "on"),
    ("BELLHOP_STRANGERS", "false"),
    ("BELLHOP_SUBSET", "off"),
    ("BELLHOP_TIMEOUT", "10s"),
    ("BELLHOP_WAIT_FOR_ENDPOINT", "1s"),
    ("BELLHOP_WEIGHT", "1"),
    ("CONSUL_HTTP_ADDR", "127.0.0.1:8500"),
    ("CONSUL_HTTP_SSL", "false"),
    ("CONSUL_HTTP_SSL_VERIFY", "true"),
    ("OTEL_BSP_EXPORT_TIMEOUT", "30000"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "2048"),
    ("OTEL_BSP_SCHEDULE_DELAY", "5000"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "10000"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "60000"),
    ("OTEL_METRIC_EXPORT_TIMEOUT", "30000"),
    ("OTEL_PROPAGATORS", "tracecontext,baggage"),
    ("OTEL_SDK_DISABLED", "false"),
    ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
    ("OTEL_TRACES_SAMPLER_ARG", "1"),
];

/// What holds where a setting is not set.
pub(super) fn default_of(name: &str) -> Option<&'static str> {
    let found = DEFAULTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value)
}

/// All of them.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    DEFAULTS.iter().copied()
}
