//! What an earlier process has left registered where an instance is now.

use std::net::IpAddr;

use crate::consul::{AgentService, Consul, Definition, Error};

/// Takes off the agent who was killed and can never answer again: at its address is another, whose health would pass for its own.
pub(crate) async fn clear(consul: &Consul, ours: &Definition) -> Result<(), Error> {
    let known = consul.agent_services(&ours.name).await?;
    for gone in known.iter().filter(|known| remains(ours, known)) {
        consul.deregister(&gone.id).await?;
        tracing::info!(
            id = ours.id,
            gone = gone.id,
            "deregistered who was at this address before"
        );
    }
    Ok(())
}

/// Whether a service of the agent is of an earlier process. Behind one name there may be several hosts, at an address there is one.
fn remains(ours: &Definition, known: &AgentService) -> bool {
    known.id != ours.id
        && known.name == ours.name
        && known.address == ours.address
        && known.port == Some(ours.port)
        && ours.address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::same::tests::{definition, service};

    #[test]
    fn who_has_another_id_at_the_same_address_has_gone() {
        let (ours, known) = (definition(), service());
        assert!(!remains(&ours, &known), "this one itself");
        let gone = AgentService {
            id: "geo-2".to_owned(),
            ..known
        };
        assert!(remains(&ours, &gone));
        let changes: [fn(&mut AgentService); 3] = [
            |it| it.name = "rate".to_owned(),
            |it| it.address = "10.0.0.2".to_owned(),
            |it| it.port = Some(2),
        ];
        for change in changes {
            let mut other = gone.clone();
            change(&mut other);
            assert!(!remains(&ours, &other), "{other:?}");
        }
    }

    #[test]
    fn behind_a_name_there_may_be_several() {
        let (mut ours, mut known) = (definition(), service());
        ours.address = "geo.internal".to_owned();
        known.address = "geo.internal".to_owned();
        known.id = "geo-2".to_owned();
        assert!(!remains(&ours, &known));
    }
}
