//! What to send to a frontend.

use fastrand::Rng;
use malform::{SEED, malformed_text};

use super::{Expect, Input};

/// Queries that are well.
const QUERIES: [&str; 3] = [
    "inDate=2015-04-09&outDate=2015-04-10",
    "inDate=2015-04-09&outDate=2015-04-12&lat=37.7854&lon=-122.4005&radius=3",
    "inDate=2015-04-10&outDate=2015-04-11&locale=de&limit=2",
];
/// How many of them are changed in each round.
const FUZZED: usize = 200;
const MIB: usize = 1 << 20;

/// All inputs of a round.
pub(super) fn all(round: usize) -> Vec<Input> {
    let groups = [
        queries(),
        heads(),
        methods(),
        paths(),
        strangers(),
        smuggling(),
        bodies(),
        fuzzed(round),
    ];
    groups.into_iter().flatten().collect()
}

fn input(name: &str, expect: Expect, bytes: impl Into<Vec<u8>>) -> Input {
    Input {
        name: name.to_owned(),
        bytes: bytes.into(),
        expect,
    }
}

fn get(path: &[u8]) -> Vec<u8> {
    [b"GET ", path, b" HTTP/1.1\r\nHost: hotels\r\n\r\n"].concat()
}

/// A good request with more headers.
fn with_headers(headers: &str) -> String {
    let query = QUERIES[0];
    format!("GET /hotels?{query} HTTP/1.1\r\nHost: hotels\r\n{headers}\r\n")
}

fn queries() -> Vec<Input> {
    let bad = [
        "",
        "inDate=2015-04-09",
        "inDate=%ff&outDate=%fe",
        "inDate=%zz&outDate=2015-04-10",
        "inDate=2015-04-09%00&outDate=2015-04-10",
        "inDate=2015-04-10&outDate=2015-04-09",
        "inDate=0000-00-00&outDate=9999-99-99",
        "inDate=-9999999999-01-01&outDate=2015-04-10",
        "inDate=2015-04-09&outDate=2015-04-10&limit=18446744073709551616",
        "inDate=2015-04-09&outDate=2015-04-10&lat=1e400&lon=NaN",
        "inDate=2015-04-09&outDate=2015-04-10&inDate=2015-04-09",
        "inDate=2015-04-09&outDate=2015-04-10&locale=../../etc/passwd",
    ];
    let long = format!("{}&utm={}", QUERIES[0], "x".repeat(4000));
    let bad = bad.into_iter().chain([long.as_str()]);
    let path = |query: &str| get(format!("/hotels?{query}").as_bytes());
    bad.map(|query| {
        input(
            &format!("query {query:.60}"),
            Expect::Fault(400),
            path(query),
        )
    })
    .collect()
}

fn heads() -> Vec<Input> {
    let huge = with_headers(&format!("X-Huge: {}\r\n", "x".repeat(MIB)));
    let many = with_headers(&"X-Many: more\r\n".repeat(10_000));
    let (long_name, no_colon) = ("x".repeat(MIB), "no colon at all");
    let refused = [
        ("1 MiB of header", huge),
        ("10,000 headers", many),
        (
            "a header's name of 1 MiB",
            with_headers(&format!("{long_name}: x\r\n")),
        ),
        (
            "a header without a colon",
            with_headers(&format!("{no_colon}\r\n")),
        ),
        ("a header without a name", with_headers(": nobody\r\n")),
        ("a zero byte in a header", with_headers("X-Zero: a\0b\r\n")),
        ("a folded header", with_headers("X-Folded: a\r\n b\r\n")),
    ];
    let refused = refused.map(|(name, bytes)| input(name, Expect::Refused, bytes));
    let judged = [
        "Host: another\r\n",
        "traceparent: 00-zz-zz-zz\r\ntracestate: =,=\r\n",
        "X-Request-Id: \u{e9}\u{202e}\r\n",
        "X-Request-Id: \"><script>\r\n",
        "X-Forwarded-For: ,,,999.1.1.1, ::::\r\n",
        "X-Bellhop-Explain: yes please\r\n",
        "Accept-Encoding: *;q=NaN\r\nRange: bytes=-9-\r\nIf-None-Match: *\r\n",
        "Expect: the unexpected\r\n",
        "Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: !!\r\n",
    ];
    let name = |headers: &str| format!("headers {}", headers.escape_debug());
    let judged = judged.map(|headers| input(&name(headers), Expect::Judged, with_headers(headers)));
    refused.into_iter().chain(judged).collect()
}

fn methods() -> Vec<Input> {
    let request = |method: &str| {
        let query = QUERIES[0];
        format!("{method} /hotels?{query} HTTP/1.1\r\nHost: hotels\r\nContent-Length: 0\r\n\r\n")
    };
    let wrong = [
        "POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND", "get",
    ];
    let wrong = wrong.map(|method| input(method, Expect::Fault(405), request(method)));
    let none = ["G\u{c9}T", "G(T", "", "CONNECT"];
    let none = none.map(|method| {
        input(
            &format!("method {method:?}"),
            Expect::Refused,
            request(method),
        )
    });
    let long = input(
        "a method of 1 MiB",
        Expect::Refused,
        request(&"M".repeat(MIB)),
    );
    wrong.into_iter().chain(none).chain([long]).collect()
}

fn paths() -> Vec<Input> {
    let absent = [
        "/nothing",
        "//",
        "/..",
        "/../../etc/passwd",
        "/%00",
        "/hotels/",
        "/hotels%3f",
        "/HOTELS",
        "/%ff",
    ];
    let absent = absent.map(|path| input(path, Expect::Fault(404), get(path.as_bytes())));
    let long = format!("/{}", "x".repeat(60_000));
    let deep = "/a".repeat(20_000);
    let refused: [(&str, &[u8]); 6] = [
        ("a path of 60,000", long.as_bytes()),
        ("a path of 20,000 parts", deep.as_bytes()),
        ("a path that is not UTF-8", b"/hotels?\xff\xfe"),
        ("a path with a space", b"/hotels ?x"),
        ("no path", b""),
        ("another host's path", b"http://["),
    ];
    let refused = refused.map(|(name, path)| input(name, Expect::Refused, get(path)));
    absent.into_iter().chain(refused).collect()
}

/// Those who speak something else.
fn strangers() -> Vec<Input> {
    let strangers: [(&str, &[u8]); 7] = [
        ("HTTP/0.9", b"GET /hotels\r\n\r\n"),
        ("HTTP/9.9", b"GET /hotels HTTP/9.9\r\n\r\n"),
        (
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello, and more of it\r\n\r\n",
        ),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        ("SMTP", b"EHLO mail.example\r\n\r\n"),
        ("zeros", &[0; 4096]),
        ("noise", &[0xff; 4096]),
    ];
    let strangers = strangers.map(|(name, bytes)| input(name, Expect::Refused, bytes));
    strangers.into_iter().collect()
}

/// Requests that two servers in a row could take for different ones: none of them is answered as if all were well, and what
/// stands in their bodies is never answered.
fn smuggling() -> Vec<Input> {
    let shapes = [
        "Content-Length: 6\r\nContent-Length: 5\r\n",
        "Content-Length: 6, 5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +6\r\n",
        "Content-Length: 0x6\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length : 6\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    ];
    let inner = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: hotels\r\n\r\n";
    let request =
        |headers| format!("POST /hotels HTTP/1.1\r\nHost: hotels\r\n{headers}\r\n{inner}");
    let name = |headers: &str| format!("smuggling by {}", headers.escape_debug());
    let shapes = shapes.map(|headers| input(&name(headers), Expect::Refused, request(headers)));
    shapes.into_iter().collect()
}

fn bodies() -> Vec<Input> {
    let post = "POST /hotels HTTP/1.1\r\nHost: hotels\r\n";
    let chunked = format!("{post}Transfer-Encoding: chunked\r\n\r\n");
    let bodies = [
        (
            "a body of 8 MiB",
            format!(
                "{post}Content-Length: {}\r\n\r\n{}",
                8 * MIB,
                "x".repeat(8 * MIB)
            ),
        ),
        (
            "a body of a terabyte that does not come",
            format!("{post}Content-Length: 1000000000000\r\n\r\n"),
        ),
        ("a chunk of no size", format!("{chunked}zz\r\n")),
        (
            "a chunk of all sizes",
            format!("{chunked}fffffffffffffffff\r\n"),
        ),
        (
            "a chunk of 8 MiB",
            format!("{chunked}800000\r\n{}\r\n0\r\n\r\n", "x".repeat(8 * MIB)),
        ),
        (
            "a chunk with much to say",
            format!("{chunked}1;{}\r\nx\r\n0\r\n\r\n", "x".repeat(MIB)),
        ),
        (
            "endless trailers",
            format!("{chunked}0\r\n{}", "X-More: x\r\n".repeat(20_000)),
        ),
    ];
    bodies
        .map(|(name, bytes)| input(name, Expect::Refused, bytes))
        .into_iter()
        .collect()
}

/// Good queries, changed; others in each round.
fn fuzzed(round: usize) -> Vec<Input> {
    let mut rng = Rng::with_seed(SEED + round as u64);
    let mut fuzz = |_| {
        let (query, other) = (rng.choice(QUERIES), rng.choice(QUERIES));
        let (query, other) = (query.unwrap_or_default(), other.unwrap_or_default());
        let query = malformed_text(&mut rng, query.as_bytes(), other.as_bytes());
        // What breaks the line is another request, and belongs to the other groups.
        let query: Vec<u8> = query
            .into_iter()
            .filter(|byte| !b" \r\n".contains(byte))
            .collect();
        let name = format!("fuzzed {}", query[..query.len().min(200)].escape_ascii());
        input(
            &name,
            Expect::Judged,
            get(&[b"/hotels?", &query[..]].concat()),
        )
    };
    (0..FUZZED).map(&mut fuzz).collect()
}
