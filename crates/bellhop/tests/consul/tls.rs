//! TLS by the settings of Consul's own clients.

use std::collections::BTreeMap;

use bellhop::{
    config::Reader,
    consul::{Config, Consul, Error},
};

use crate::support::{
    agent::Agent,
    fake::{Fake, Reply},
    pki::Pki,
    wait::soon,
};

/// A client with these settings.
pub(crate) fn consul(settings: &[(&str, String)]) -> Consul {
    let source: BTreeMap<String, String> = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let mut reader = Reader::new(&source);
    let consul = Consul::new(Config::read(&mut reader));
    reader.finish().unwrap();
    consul
}

/// The leader that such a client is told of.
async fn leader(settings: &[(&str, String)]) -> Result<Option<String>, Error> {
    soon("an end", consul(settings).leader()).await
}

pub(crate) async fn server(pki: &Pki, strict: bool) -> (Fake, String) {
    let reply = Reply::Json(1, "\"10.0.0.1:8300\"".to_owned());
    let fake = Fake::start_tls(pki.server("server", strict), move |_| reply.clone()).await;
    let address = format!("localhost:{}", fake.address().port());
    (fake, address)
}

fn pki() -> Pki {
    let pki = Pki::new();
    pki.sign("server", &["localhost", "consul.example"]);
    pki.sign("client", &["client.example"]);
    pki
}

#[tokio::test]
async fn an_authority_that_is_named_is_trusted_and_no_other() {
    let (pki, stranger) = (pki(), Pki::new());
    let (_fake, address) = server(&pki, false).await;
    for address in [format!("https://{address}"), address.clone()] {
        let trusted = [
            ("CONSUL_HTTP_ADDR", address.clone()),
            ("CONSUL_HTTP_SSL", "true".to_owned()),
            ("CONSUL_CACERT", pki.setting("ca.pem")),
        ];
        assert_eq!(leader(&trusted).await.unwrap().unwrap(), "10.0.0.1:8300");
    }
    let error = leader(&[
        ("CONSUL_HTTP_ADDR", format!("https://{address}")),
        ("CONSUL_CACERT", stranger.setting("ca.pem")),
    ])
    .await
    .unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn verification_can_be_turned_off() {
    let pki = pki();
    let (_fake, address) = server(&pki, false).await;
    let unverified = [
        (
            "CONSUL_HTTP_ADDR",
            format!("https://{}", address.replace("localhost", "127.0.0.1")),
        ),
        ("CONSUL_HTTP_SSL_VERIFY", "false".to_owned()),
    ];
    assert!(leader(&unverified).await.is_ok());
}

#[tokio::test]
async fn the_name_in_the_certificate_counts() {
    let pki = pki();
    let (_fake, address) = server(&pki, false).await;
    let by_number = [
        (
            "CONSUL_HTTP_ADDR",
            format!("https://{}", address.replace("localhost", "127.0.0.1")),
        ),
        ("CONSUL_CACERT", pki.setting("ca.pem")),
    ];
    let error = leader(&by_number).await.unwrap_err();
    assert!(error.to_string().contains("not valid for name"), "{error}");

    let [address, ca] = by_number;
    let named = [
        address,
        ca,
        ("CONSUL_TLS_SERVER_NAME", "consul.example".to_owned()),
    ];
    assert!(leader(&named).await.is_ok());
}

#[tokio::test]
async fn a_server_that_asks_who_we_are_is_told() {
    let pki = pki();
    let (_fake, address) = server(&pki, true).await;
    let mut settings = vec![
        ("CONSUL_HTTP_ADDR", format!("https://{address}")),
        ("CONSUL_CACERT", pki.setting("ca.pem")),
    ];
    assert!(leader(&settings).await.is_err());
    settings.push(("CONSUL_CLIENT_CERT", pki.setting("client.pem")));
    settings.push(("CONSUL_CLIENT_KEY", pki.setting("client.key")));
    assert!(leader(&settings).await.is_ok());
}

#[tokio::test]
async fn a_real_consul_is_spoken_to_over_tls_with_certificates_on_both_sides() {
    let pki = pki();
    let hcl = format!(
        "ca_file = {:?} cert_file = {:?} key_file = {:?} verify_incoming_https = true",
        pki.path("ca.pem"),
        pki.path("server.pem"),
        pki.path("server.key"),
    );
    let Some(agent) = Agent::start_with(&["-hcl".to_owned(), hcl]).await else {
        return;
    };
    let mut settings = vec![
        ("CONSUL_HTTP_ADDR", agent.tls_address()),
        ("CONSUL_CACERT", pki.setting("ca.pem")),
    ];
    assert!(leader(&settings).await.is_err());
    settings.push(("CONSUL_CLIENT_CERT", pki.setting("client.pem")));
    settings.push(("CONSUL_CLIENT_KEY", pki.setting("client.key")));
    assert!(leader(&settings).await.unwrap().is_some());
}
