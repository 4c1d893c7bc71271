//! Whatever answers on Consul's port, a call ends with an error that names it.

use std::{net::TcpListener, time::Duration};

use bellhop::consul::{Config, Consul, Error, HealthState, Query};

use crate::support::{
    fake::{Fake, Reply},
    wait::soon,
};

/// Asks for the health of a service whose answer is this one.
async fn health(reply: Reply) -> Error {
    let fake = Fake::start(move |_| reply.clone()).await;
    let config = fake
        .config()
        .timeout(Duration::from_millis(500))
        .body_max(64 << 10);
    let call = Consul::new(config);
    let error = soon("an end", call.health_service("geo", Query::NOW))
        .await
        .expect_err("no such answer is taken");
    let text = error.to_string();
    assert!(text.starts_with("GET /v1/health/service/geo: "), "{text}");
    assert!(text.len() < 1024, "{}", text.len());
    error
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_named_by_their_field() {
    let geo = r#"{"Node": {"Node": "n", "Address": "a"}, "Service": {"ID": "geo-1", "Port": 1}, "Checks": []}"#;
    for (body, field, reason) in [
        (String::new(), "", "EOF"),
        ("null".to_owned(), "", "invalid type: null"),
        ("{}".to_owned(), "", "invalid type: map"),
        (format!("[{geo}"), "", "EOF"),
        (format!("[{geo}] x"), "", "trailing characters"),
        (geo[..40].to_owned(), "", "invalid type: map"),
        (format!("[{}", &geo[..40]), "[0]", "EOF"),
        (
            r#"[{"Node": {}}]"#.to_owned(),
            "[0].Node",
            "missing field `Node`",
        ),
        (
            format!("[{}]", geo.replace("\"Port\": 1", "\"Port\": \"x\"")),
            "[0].Service.Port",
            "invalid type: string",
        ),
        (
            format!("[{}]", geo.replace("\"geo-1\"", "7")),
            "[0].Service.ID",
            "invalid type: integer",
        ),
        (
            format!("[{}]", geo.replace("[]", "[{}]")),
            "[0].Checks[0]",
            "missing field `CheckID`",
        ),
        (format!(r#"[{{"X": {}"#, "[".repeat(10_000)), "[0]", "EOF"),
    ] {
        match health(Reply::Json(1, body.clone())).await {
            Error::Body {
                field: at,
                reason: why,
                ..
            } => {
                assert!(at.starts_with(field), "{body}: {at}");
                assert!(why.contains(reason), "{body}: {why}");
            }
            error => panic!("{body}: {error}"),
        }
    }
}

#[tokio::test]
async fn what_breaks_off_hangs_or_has_no_end_is_an_error_in_time() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[".to_vec();
    assert!(matches!(
        health(Reply::Raw(cut)).await,
        Error::Broken { .. }
    ));
    assert!(matches!(
        health(Reply::Raw(Vec::new())).await,
        Error::Broken { .. }
    ));
    let stranger = b"SSH-2.0-OpenSSH_9.2\r\n".to_vec();
    assert!(matches!(
        health(Reply::Raw(stranger)).await,
        Error::Broken { .. }
    ));
    assert!(matches!(health(Reply::Hang).await, Error::Timeout { .. }));
    let large = Reply::Json(1, " ".repeat(100 << 10));
    assert!(matches!(
        health(large).await,
        Error::TooLarge { limit: 65_536, .. }
    ));
}

#[tokio::test]
async fn a_status_is_an_error_with_what_was_said() {
    for status in [301, 400, 403, 404, 429, 500, 503] {
        let error = health(Reply::Status(status, "No cluster leader\n".to_owned())).await;
        let Error::Status {
            status: found,
            said,
            ..
        } = error
        else {
            panic!("{status}: {error}");
        };
        assert_eq!(
            (found.as_u16(), said.as_str()),
            (status, "No cluster leader")
        );
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let consul = Consul::new(Config::at(&address.to_string()).unwrap());
    let error = soon("refusal", consul.leader()).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&format!("cannot connect to http://{address}")),
        "{text}"
    );
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn an_index_that_is_no_number_is_none() {
    let raw = "HTTP/1.1 200 OK\r\nX-Consul-Index: soon\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
    let fake = Fake::start(|_| Reply::Raw(raw.into())).await;
    let answer = fake
        .consul()
        .health_service("geo", Query::NOW)
        .await
        .unwrap();
    assert_eq!(answer.index, None);
}

#[tokio::test]
async fn other_calls_mistrust_their_answers_too() {
    let nonsense = Fake::start(|_| {
        Reply::Json(
            1,
            r#"[{"Key": "a", "ModifyIndex": 1, "Value": "§"}]"#.to_owned(),
        )
    })
    .await;
    let consul = nonsense.consul();
    let value = consul.kv_get("a", Query::NOW).await.unwrap_err();
    assert!(value.to_string().contains("[0].Value"), "{value}");
    assert!(matches!(
        consul.kv_put("a", "", None).await,
        Err(Error::Body { .. })
    ));
    assert!(matches!(consul.leader().await, Err(Error::Body { .. })));
    assert!(matches!(
        consul.agent_service("a", None).await,
        Err(Error::Body { .. })
    ));

    let empty = Fake::start(|_| Reply::Json(1, "[]".to_owned())).await;
    let none = empty.consul().kv_get("a", Query::NOW).await;
    assert!(matches!(none, Err(Error::Body { .. })));

    let refuses = Fake::start(|_| Reply::Status(500, "no TTL".to_owned())).await;
    let update = refuses
        .consul()
        .update_check("c", HealthState::Passing, "")
        .await;
    assert!(matches!(update, Err(Error::Status { .. })));
}
