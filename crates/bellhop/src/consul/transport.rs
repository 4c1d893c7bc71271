//! One call over HTTP: bounded in time and in size.

use std::{error::Error as StdError, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    config::Config,
    credentials::{Credentials, Held},
    error::{Call, Error},
    target::Target,
    tls::Tls,
};

/// How soon the kernel asks a silent peer whether it is still there, and how often: an agent that vanished without a word,
/// or came back without memory at the same address, breaks a waiting query within seconds.
const KEEPALIVE: Duration = Duration::from_secs(1);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// Connections to one agent.
pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Sends calls to one agent.
pub(crate) struct Transport {
    pub(crate) credentials: Credentials,
    pub(crate) config: Config,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) call: Call,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Transport {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            credentials: Credentials::new(&config),
            config,
        }
    }

    pub(crate) fn address(&self) -> String {
        self.config.address.to_string()
    }

    /// Sends a call; `patience` is what it may take longer than others.
    ///
    /// One that is refused is sent once more where the token is another one by now.
    pub(crate) async fn send(
        &self,
        method: Method,
        target: Target,
        body: Bytes,
        patience: Duration,
    ) -> Result<Answer, Error> {
        let call = Call {
            method: method.clone(),
            path: target.path().to_owned(),
        };
        let held = self.credentials.held().await;
        let answer = self
            .attempt(&held, &call, &target, body.clone(), patience)
            .await?;
        if answer.status == StatusCode::FORBIDDEN
            && let Some(held) = self.credentials.instead_of(&held).await
        {
            return self.attempt(&held, &call, &target, body, patience).await;
        }
        Ok(answer)
    }

    async fn attempt(
        &self,
        held: &Held,
        call: &Call,
        target: &Target,
        body: Bytes,
        patience: Duration,
    ) -> Result<Answer, Error> {
        let after = self.config.timeout.saturating_add(patience);
        let exchange = self.exchange(held, call, target, body);
        let timeout = |_| Error::Timeout {
            call: call.clone(),
            after,
        };
        tokio::time::timeout(after, exchange)
            .await
            .map_err(timeout)?
    }

    async fn exchange(
        &self,
        held: &Held,
        call: &Call,
        target: &Target,
        body: Bytes,
    ) -> Result<Answer, Error> {
        let request = self
            .request(held, call, target, body)
            .map_err(|error| self.connect_error(call, error.into()))?;
        let response = held.client.request(request).await.map_err(|error| {
            if error.is_connect() {
                self.connect_error(call, error.into())
            } else {
                broken(call, error.into())
            }
        })?;
        let (head, body) = response.into_parts();
        Ok(Answer {
            call: call.clone(),
            status: head.status,
            headers: head.headers,
            body: self.read(call, body).await?,
        })
    }

    /// Reads a body to its end, which must come before the limit.
    async fn read(&self, call: &Call, body: Incoming) -> Result<Bytes, Error> {
        let limit = self.config.body_max;
        let too_large = || Error::TooLarge {
            call: call.clone(),
            limit,
        };
        // What says that it is too large is believed before it is read.
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large());
        }
        match Limited::new(body, limit).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
            Err(error) => Err(broken(call, error)),
        }
    }

    fn request(
        &self,
        held: &Held,
        call: &Call,
        target: &Target,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(self.config.address.uri(&target.path_and_query())?)
            .header(
                header::USER_AGENT,
                concat!("bellhop/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(token) = &held.token {
            request = request.header("x-consul-token", token);
        }
        if let Some(basic) = &self.config.basic {
            request = request.header(header::AUTHORIZATION, basic);
        }
        request.body(Full::new(body))
    }

    fn connect_error(&self, call: &Call, source: Box<dyn StdError + Send + Sync>) -> Error {
        Error::Connect {
            call: call.clone(),
            address: self.address(),
            source,
        }
    }
}

impl Answer {
    /// The answer where it is a success.
    pub(crate) fn success(self) -> Result<Self, Error> {
        if self.status.is_success() {
            Ok(self)
        } else {
            Err(Error::status(self.call, self.status, &self.body))
        }
    }

    /// `X-Consul-Index`, where it is a number.
    pub(crate) fn index(&self) -> Option<u64> {
        self.header("x-consul-index")?.parse().ok()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(HeaderValue::to_str)?
            .ok()
            .map(str::trim)
    }
}

fn broken(call: &Call, source: Box<dyn StdError + Send + Sync>) -> Error {
    Error::Broken {
        call: call.clone(),
        source,
    }
}

/// Connects as the settings say.
pub(crate) fn client(config: &Config) -> HttpClient {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector(config))
}

fn connector(config: &Config) -> HttpsConnector<HttpConnector> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(config.timeout));
    http.set_keepalive(Some(KEEPALIVE));
    http.set_keepalive_interval(Some(KEEPALIVE));
    http.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    http.set_tcp_user_timeout(Some(config.timeout));

    let tls = config.tls.as_ref();
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(tls.map_or_else(Tls::nobody, |tls| tls.config.clone()))
        .https_or_http();
    match tls.and_then(|tls| tls.server_name.clone()) {
        Some(name) => builder
            .with_server_name_resolver(FixedServerNameResolver::new(name))
            .enable_http1()
            .wrap_connector(http),
        None => builder.enable_http1().wrap_connector(http),
    }
}
