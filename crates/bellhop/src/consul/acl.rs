//! What a token may see.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::{Consul, Error, target::Target};

/// Whether a registry that names nobody may be hiding somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sight {
    /// There is nothing that the token may not see.
    #[default]
    Clear,
    /// The token may not see the service, or not the nodes that it runs on.
    Denied,
    /// It cannot be told.
    Unsure,
}

/// A question to `/v1/internal/acl/authorize`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question<'a> {
    resource: &'a str,
    segment: &'a str,
    access: &'a str,
}

/// The answer to one; they come in the order of the questions.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Verdict {
    allow: bool,
}

impl Consul {
    /// Whether the token in use may see instances of a service.
    ///
    /// Consul leaves out of its answers what a token may not read. Up to 1.11 it does not say so, and later not where it answers
    /// out of a stream, as it does a query that waits. This asks what its own pages ask (1.8 and later); what an older one has
    /// instead is [`Sight::Unsure`].
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn sight(&self, service: &str) -> Result<Sight, Error> {
        let target = self.global(Target::new("/v1/internal/acl/authorize"));
        // An instance is shown to those who may read it and its node. Which nodes there are is what is not known here: a
        // token that may read the one without a name may read all.
        let questions = [("service", service), ("node", "")].map(|(resource, segment)| Question {
            resource,
            segment,
            access: "read",
        });
        let body = serde_json::to_vec(&questions).expect("texts are JSON");
        let answer = self
            .transport
            .send(Method::POST, target, body.into(), Duration::ZERO)
            .await?;
        match answer.status {
            // "ACL support disabled".
            StatusCode::UNAUTHORIZED => return Ok(Sight::Clear),
            StatusCode::FORBIDDEN => return Ok(Sight::Denied),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => return Ok(Sight::Unsure),
            _ => {}
        }
        let verdicts: Vec<Verdict> = answer.success()?.json()?;
        Ok(match verdicts.as_slice() {
            [service, _] if !service.allow => Sight::Denied,
            [_, node] if node.allow => Sight::Clear,
            _ => Sight::Unsure,
        })
    }
}
