//! Every metric that there is. What is not in this list cannot be recorded; `docs/observability.md` tells of it to operators.

use opentelemetry_semantic_conventions::{
    attribute::{
        CPU_MODE, ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE,
        RPC_METHOD, RPC_RESPONSE_STATUS_CODE, RPC_SYSTEM_NAME, SERVER_ADDRESS, URL_SCHEME,
    },
    metric::{
        HTTP_SERVER_REQUEST_DURATION, PROCESS_CPU_TIME, PROCESS_MEMORY_USAGE, PROCESS_THREAD_COUNT,
        PROCESS_UNIX_FILE_DESCRIPTOR_COUNT, PROCESS_UPTIME, RPC_CLIENT_CALL_DURATION,
        RPC_SERVER_CALL_DURATION,
    },
};

/// What kind of attempt it was.
pub(crate) const ATTEMPT: &str = "bellhop.attempt";
/// How an instance stands.
pub(crate) const ENDPOINT_STATE: &str = "bellhop.endpoint.state";
/// How a breaker stands.
pub(crate) const BREAKER_STATE: &str = "bellhop.breaker.state";
/// An instance, by its id in the registry.
pub(crate) const INSTANCE: &str = "bellhop.instance";
/// A version of a service, as the registry has it.
pub(crate) const VERSION: &str = "bellhop.version";
/// Which limit refused.
pub(crate) const LIMITER: &str = "bellhop.limiter";
/// How the registration stands.
pub(crate) const REGISTRATION: &str = "bellhop.registration.state";
/// Which runtime of the process.
pub(crate) const SHARD: &str = "bellhop.shard";

/// What is measured.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As UCUM writes it; braces hold what is counted.
    pub(crate) unit: &'static str,
    /// All attributes that it may have.
    pub(crate) attributes: &'static [&'static str],
    pub(crate) help: &'static str,
}

/// How values of a metric go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only grows.
    Counter,
    /// A number of things there are, which adds up over processes.
    Amount,
    /// A state or a measure.
    Gauge,
    /// How values spread.
    Histogram,
}

macro_rules! catalogue {
    ($($id:ident = $kind:ident, $name:expr, $unit:literal, [$($attribute:expr),*], $help:literal;)*) => {
        $(pub(crate) static $id: Metric = Metric {
            name: $name,
            kind: Kind::$kind,
            unit: $unit,
            attributes: &[$($attribute),*],
            help: $help,
        };)*

        /// All of them.
        #[cfg(test)]
        pub(crate) static ALL: &[&Metric] = &[$(&$id),*];
    };
}

catalogue! {
    SERVER_CALLS = Histogram, RPC_SERVER_CALL_DURATION, "s",
        [RPC_SYSTEM_NAME, RPC_METHOD, RPC_RESPONSE_STATUS_CODE, ERROR_TYPE],
        "gRPC calls that came in, to the end of their streams";
    CLIENT_CALLS = Histogram, RPC_CLIENT_CALL_DURATION, "s",
        [RPC_SYSTEM_NAME, RPC_METHOD, RPC_RESPONSE_STATUS_CODE, ERROR_TYPE, SERVER_ADDRESS],
        "gRPC calls that went out, with all their attempts, to the end of their streams";
    HTTP_REQUESTS = Histogram, HTTP_SERVER_REQUEST_DURATION, "s",
        [HTTP_REQUEST_METHOD, HTTP_ROUTE, HTTP_RESPONSE_STATUS_CODE, URL_SCHEME, ERROR_TYPE],
        "HTTP requests that came in, to the head of their answers";
    SERVER_ACTIVE = Amount, "bellhop.server.active_calls", "{call}", [],
        "Calls and requests that are being answered";
    CLIENT_ACTIVE = Amount, "bellhop.client.active_calls", "{call}", [SERVER_ADDRESS],
        "Calls that wait for their answer or read it";
    ATTEMPTS = Counter, "bellhop.client.attempts", "{attempt}", [SERVER_ADDRESS, ATTEMPT],
        "Attempts that calls have made";
    RETRY_BUDGET = Amount, "bellhop.client.retry.budget", "{attempt}", [SERVER_ADDRESS],
        "Further attempts that could be afforded now";
    ENDPOINTS = Amount, "bellhop.client.endpoints", "{endpoint}", [SERVER_ADDRESS, ENDPOINT_STATE],
        "Instances of the service called, by how they stand";
    BREAKERS = Amount, "bellhop.client.breakers", "{breaker}", [SERVER_ADDRESS, BREAKER_STATE],
        "Breakers of the instances called, by how they stand";
    BREAKER_OPEN = Gauge, "bellhop.breaker.open", "{breaker}", [SERVER_ADDRESS, INSTANCE],
        "Whether the breaker of an instance is not closed";
    SPLIT_SHARE = Gauge, "bellhop.split.share", "1", [SERVER_ADDRESS, VERSION],
        "Share of a version in the calls, where they are split; all together have 1";
    SPLIT_SERVING = Gauge, "bellhop.split.serving", "{version}", [SERVER_ADDRESS, VERSION],
        "Whether somebody of a version can serve; where nobody can, the others have its share";
    REFUSALS = Counter, "bellhop.refusals", "{call}", [LIMITER],
        "Calls and requests refused for being too many";
    DISCOVERY_AGE = Gauge, "bellhop.discovery.age", "s", [SERVER_ADDRESS],
        "Time since the registry last confirmed who is there";
    DISCOVERY_ERRORS = Counter, "bellhop.discovery.errors", "{error}", [SERVER_ADDRESS],
        "Questions that the registry did not answer";
    REGISTERED = Gauge, "bellhop.registration.state", "{instance}", [REGISTRATION],
        "Whether the registration of this instance stands so";
    DROPPED = Counter, "bellhop.telemetry.dropped", "{span}", [ERROR_TYPE],
        "Spans that never reached the collector";
    CPU_TIME = Counter, PROCESS_CPU_TIME, "s", [CPU_MODE],
        "Processor time of the process";
    MEMORY = Amount, PROCESS_MEMORY_USAGE, "By", [],
        "Physical memory in use by the process";
    THREADS = Amount, PROCESS_THREAD_COUNT, "{thread}", [],
        "Threads of the process";
    FILES = Amount, PROCESS_UNIX_FILE_DESCRIPTOR_COUNT, "{file_descriptor}", [],
        "Open file descriptors of the process";
    UPTIME = Gauge, PROCESS_UPTIME, "s", [],
        "Time since the process began";
    WORKERS = Amount, "tokio.runtime.workers", "{thread}", [SHARD],
        "Threads of the runtime";
    TASKS = Amount, "tokio.runtime.alive_tasks", "{task}", [SHARD],
        "Tasks of the runtime";
    QUEUE = Amount, "tokio.runtime.global_queue_depth", "{task}", [SHARD],
        "Tasks that wait in the runtime's common queue";
    BUSY = Counter, "tokio.runtime.busy.time", "s", [SHARD],
        "Time for which threads of the runtime had work";
    PARKS = Counter, "tokio.runtime.parks", "{park}", [SHARD],
        "How often threads of the runtime had nothing left to do";
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../../../../docs/observability.md");

    /// The rows of the table below a heading, without its head: the cells, without the marks of code.
    fn rows(heading: &str) -> Vec<Vec<String>> {
        let (_, section) = DOCUMENT.split_once(heading).expect(heading);
        let lines = section.lines().skip_while(|line| !line.starts_with('|'));
        let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
        let cells = |row: &str| {
            let cells = row.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().replace('`', "")).collect()
        };
        rows.map(cells).collect()
    }

    #[test]
    fn the_document_has_all_of_them_and_no_others() {
        let expected: Vec<_> = ALL
            .iter()
            .map(|metric| {
                let kind = format!("{:?}", metric.kind).to_lowercase();
                let attributes = metric.attributes.join(", ");
                let cells = [metric.name, &kind, metric.unit, &attributes, metric.help];
                cells.map(str::to_owned).to_vec()
            })
            .collect();
        assert_eq!(rows("## The list"), expected);
    }

    #[test]
    fn the_document_explains_all_attributes_and_no_others() {
        let mut explained: Vec<_> = rows("## The attributes");
        let mut explained: Vec<_> = explained.iter_mut().map(|row| row.swap_remove(0)).collect();
        let mut used: Vec<_> = ALL.iter().flat_map(|metric| metric.attributes).collect();
        explained.sort_unstable();
        used.sort_unstable();
        used.dedup();
        assert_eq!(explained.iter().collect::<Vec<_>>(), used);
    }

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<_> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
