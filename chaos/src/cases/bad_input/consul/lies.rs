//! What a registry may answer that is no answer.

/// A kilobyte of white space, as a chunk.
const SPACE: &[u8; KIB + 7] = &chunk();
const KIB: usize = 1 << 10;

/// One way not to answer.
pub(super) struct Lie {
    pub(super) name: &'static str,
    /// What is said instead of what is real.
    pub(super) tell: fn(&Real) -> Vec<u8>,
    /// What is said after it, until nobody listens.
    pub(super) again: &'static [u8],
}

/// What the registry did answer.
pub(super) struct Real {
    body: String,
}

impl Real {
    pub(super) fn new(answer: &[u8]) -> Self {
        let text = String::from_utf8_lossy(answer);
        let (_, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        Self {
            body: body.to_owned(),
        }
    }

    /// The body with something in the place of something else, everywhere.
    fn with(&self, from: &str, to: &str) -> Vec<u8> {
        json(&self.body.replace(from, to))
    }

    /// The real body, at an index that is none.
    fn at(&self, index: &str) -> Vec<u8> {
        answer(
            &format!(
                "X-Consul-Index: {index}\r\nContent-Length: {}\r\n",
                self.body.len()
            ),
            &self.body,
        )
    }
}

const fn lie(name: &'static str, tell: fn(&Real) -> Vec<u8>) -> Lie {
    Lie {
        name,
        tell,
        again: &[],
    }
}

/// All of them.
pub(super) const LIES: &[Lie] = &[
    lie("no body", |_| json("")),
    lie("a map", |_| json("{}")),
    lie("a number", |_| json("7")),
    lie("a list of numbers", |_| json("[1, 2, 3]")),
    lie("a list of lists", |_| json("[[[]]]")),
    lie("nothing in the place of instances", |_| {
        json("[null, null]")
    }),
    lie("ids that are numbers", |real| {
        real.with("\"ID\":", "\"ID\":7,\"Was\":")
    }),
    lie("ports that are texts", |real| {
        real.with("\"Port\":", "\"Port\":\"x\",\"Was\":")
    }),
    lie("no ids", |real| real.with("\"ID\":", "\"Id\":")),
    lie("no services", |real| {
        real.with("\"Service\":", "\"Served\":")
    }),
    lie("everything twice", |real| {
        real.with("\"Service\":", "\"Service\": null, \"Service\":")
    }),
    lie("half of the body", |real| {
        json(&real.body[..real.body.len() / 2])
    }),
    lie("more after the body", |real| {
        json(&format!("{}]", real.body))
    }),
    lie("a length that is too large", |real| {
        answer("Content-Length: 99999\r\n", &real.body)
    }),
    lie("a length that is too small", |real| {
        answer("Content-Length: 9\r\n", &real.body)
    }),
    lie("a length that is none", |real| {
        answer("Content-Length: some\r\n", &real.body)
    }),
    lie("two lengths", |real| {
        answer("Content-Length: 2\r\nContent-Length: 3\r\n", &real.body)
    }),
    lie("a terabyte", |real| {
        answer("Content-Length: 1099511627776\r\n", &real.body)
    }),
    lie("chunks that are none", |_| {
        answer("Transfer-Encoding: chunked\r\n", "zz\r\n[]\r\n")
    }),
    Lie {
        name: "a body without an end",
        tell: |_| answer("Transfer-Encoding: chunked\r\n", ""),
        again: SPACE,
    },
    Lie {
        name: "a head without an end",
        tell: |_| b"HTTP/1.1 200 OK\r\n".to_vec(),
        again: b"X-More: of the same\r\n",
    },
    lie("a page", |_| json("<!doctype html><title>Log in</title>")),
    lie("a text that is not UTF-8", |_| {
        [
            json("[\"12\"]").strip_suffix(b"12\"]").unwrap_or_default(),
            b"\xff\xfe\"]",
        ]
        .concat()
    }),
    lie("lists all the way down", |_| json(&"[".repeat(100_000))),
    lie("a number that nobody can hold", |real| {
        real.with("\"Port\":", "\"Port\":1e999,\"Was\":")
    }),
    lie("no index", |real| real.at("")),
    lie("an index in words", |real| real.at("banana")),
    lie("an index below zero", |real| real.at("-1")),
    lie("an index beyond all bounds", |real| {
        real.at("99999999999999999999")
    }),
    lie("the last index of all", |real| {
        real.at("18446744073709551615")
    }),
    lie("index zero", |real| real.at("0")),
    lie("another protocol", |_| b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
    lie("nothing", |_| Vec::new()),
    lie("HTTP/9.9", |_| b"HTTP/9.9 200 OK\r\n\r\n[]".to_vec()),
    lie("somewhere else", |_| {
        b"HTTP/1.1 301 Moved\r\nLocation: /v1/loop\r\nContent-Length: 0\r\n\r\n".to_vec()
    }),
    lie("another protocol from here on", |_| {
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n".to_vec()
    }),
    lie("more to come", |_| {
        b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)
    }),
    lie("no content", |_| b"HTTP/1.1 204 None\r\n\r\n".to_vec()),
    lie("not for you", |_| {
        status("403 Forbidden", "Permission denied")
    }),
    lie("too many", |_| {
        status("429 Too Many", "Your request rate limit is exceeded")
    }),
    lie("bad gateway", |_| {
        status("502 Bad Gateway", &"<p>".repeat(10_000))
    }),
];

fn answer(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n{body}").into_bytes()
}

fn json(body: &str) -> Vec<u8> {
    let length = body.len();
    answer(
        &format!("X-Consul-Index: 15\r\nContent-Length: {length}\r\n"),
        body,
    )
}

fn status(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

const fn chunk() -> [u8; KIB + 7] {
    let mut chunk = [b' '; KIB + 7];
    let (head, end) = (*b"400\r\n", *b"\r\n");
    let mut at = 0;
    while at < head.len() {
        chunk[at] = head[at];
        at += 1;
    }
    (chunk[KIB + 5], chunk[KIB + 6]) = (end[0], end[1]);
    chunk
}
