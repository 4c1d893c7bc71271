//! A client that keeps a transcript of what it was told.

use std::cell::RefCell;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::PATIENCE;

const COMPARED_HEADERS: [&str; 5] = [
    "content-type",
    "allow",
    "location",
    "x-consul-knownleader",
    "x-consul-effective-consistency",
];
const GO_PAGE: &str = "text/html; charset=utf-8";

/// What a registry answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The index it stands at.
    pub(crate) fn index(&self) -> u64 {
        self.header("x-consul-index")
            .and_then(|index| index.parse().ok())
            .expect("an X-Consul-Index")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// The same field of each record of a list.
    pub(crate) fn each(&self, pointer: &str) -> Vec<Value> {
        let list = self.json();
        let list = list
            .as_array()
            .unwrap_or_else(|| panic!("no list: {}", self.text));
        list.iter()
            .map(|item| item.pointer(pointer).cloned().unwrap_or(Value::Null))
            .collect()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// One registry, and all that it has said on the record.
#[derive(Debug)]
pub(crate) struct Api {
    address: SocketAddr,
    node: String,
    node_id: String,
    transcript: RefCell<Vec<String>>,
}

impl Api {
    pub(crate) async fn new(address: SocketAddr) -> Self {
        let mut api = Self {
            address,
            node: String::new(),
            node_id: String::new(),
            transcript: RefCell::default(),
        };
        let config = api
            .quiet(Method::GET, "/v1/agent/self", "")
            .await
            .expect(200)
            .json()["Config"]
            .clone();
        api.node = config["NodeName"].as_str().expect("a node name").to_owned();
        api.node_id = config["NodeID"].as_str().expect("a node id").to_owned();
        api
    }

    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    pub(crate) fn transcript(&self) -> Vec<String> {
        self.transcript.borrow().clone()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    pub(crate) async fn put(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "").await
    }

    /// Registers a service, waits until the catalog has it, and deletes nothing.
    pub(crate) async fn register(&self, service: Value) {
        self.put("/v1/agent/service/register", service.to_string())
            .await
            .expect(200);
        let (name, id) = (
            service["Name"].clone(),
            service.get("ID").unwrap_or(&service["Name"]).clone(),
        );
        self.settle(name.as_str().expect("a name"), |instances| {
            instances.iter().any(|one| one["Service"]["ID"] == id)
        })
        .await;
    }

    /// Waits, by blocking queries, until the health of a service is as wanted.
    ///
    /// The agent of a real Consul tells its catalog of a change a moment after it has answered.
    pub(crate) async fn settle(&self, service: &str, wanted: impl Fn(&[Value]) -> bool) -> u64 {
        let mut index = 0;
        let waiting = async {
            loop {
                let path = format!("/v1/health/service/{service}?index={index}&wait=10s");
                let answer = self.quiet(Method::GET, &path, "").await.expect(200);
                index = answer.index();
                if answer
                    .json()
                    .as_array()
                    .is_some_and(|instances| wanted(instances))
                {
                    return index;
                }
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("{service} never became as wanted"))
    }

    /// Asks on the record.
    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        let answer = self.quiet(method.clone(), path, body).await;
        let text = match serde_json::from_str(&answer.text) {
            Ok(value) => format!("{:#}", mask(value)),
            Err(_) => mask_text(&answer.text),
        };
        let text = self.mask_node(&text);
        let path = self.mask_node(path);
        let headers = COMPARED_HEADERS
            .map(|name| answer.header(name).unwrap_or("-"))
            .join(" ");
        // Go adds a page to a redirect, for browsers of old.
        let headers = if answer.status == 301 {
            headers.replace(GO_PAGE, "-")
        } else {
            headers
        };
        let indexed = answer.header("x-consul-index").is_some();
        self.transcript.borrow_mut().push(format!(
            "{method} {path}\n{} {headers} indexed={indexed}\n{text}",
            answer.status
        ));
        answer
    }

    /// Asks off the record.
    pub(crate) async fn quiet(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        timeout(PATIENCE, self.ask(method, path, body.into()))
            .await
            .unwrap_or_else(|_| panic!("no answer to {path}"))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Answer, Box<dyn std::error::Error>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .body(Full::new(body))?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let text = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            text,
        })
    }

    fn mask_node(&self, text: &str) -> String {
        text.replace(&self.node_id, "NODE-ID")
            .replace(&format!("\"{}\"", self.node), "\"NODE\"")
    }
}

/// Hides what may differ from one registry to the next.
fn mask(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(mask).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| mask_field(key, value))
            .collect(),
        other => other,
    }
}

fn mask_field(key: String, value: Value) -> (String, Value) {
    let hidden = match (key.as_str(), &value) {
        // An index of 0 is one that is not kept, and says so in both.
        ("CreateIndex" | "ModifyIndex", index) if *index != 0 => json!("INDEX"),
        ("ContentHash", Value::String(_)) => json!("HASH"),
        // Who cannot be reached is worded by the operating system and by Go.
        ("Output", Value::String(text)) if text.contains("refused") => json!("REFUSED"),
        _ => mask(value),
    };
    (key, hidden)
}

/// Of a filter that cannot be read, the place is compared but not the list of what could follow;
/// of a page that only sends elsewhere, where it sends stands in the headers.
fn mask_text(text: &str) -> String {
    let text = text.trim();
    if text.starts_with("<a href=") {
        return String::new();
    }
    match text.split_once(": no match found") {
        Some((head, _)) => head.to_owned(),
        None => text.to_owned(),
    }
}
