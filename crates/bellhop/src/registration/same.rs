//! Whether the agent has what was registered.

use crate::consul::{AgentService, Definition};

/// Whether a service of the agent is the one that was registered. Checks are not compared: the agent does not tell.
pub(crate) fn same(definition: &Definition, service: &AgentService) -> bool {
    let sorted = |tags: &[String]| {
        let mut tags = tags.to_vec();
        tags.sort_unstable();
        tags
    };
    definition.id == service.id
        && definition.name == service.name
        && definition.address == service.address
        && Some(definition.port) == service.port
        && definition.meta == service.meta
        && definition.weights == service.weights
        && sorted(&definition.tags) == sorted(&service.tags)
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::consul::Weights;

    pub(crate) fn definition() -> Definition {
        Definition {
            id: "geo-1".to_owned(),
            name: "geo".to_owned(),
            address: "10.0.0.1".to_owned(),
            port: 1,
            tags: vec!["b".to_owned(), "a".to_owned()],
            meta: BTreeMap::from([("version".to_owned(), "1".to_owned())]),
            weights: Weights::default(),
            checks: Vec::new(),
        }
    }

    pub(crate) fn service() -> AgentService {
        let Definition {
            id,
            name,
            address,
            port,
            tags,
            meta,
            weights,
            ..
        } = definition();
        AgentService {
            id,
            name,
            address,
            port: Some(port),
            tags,
            meta,
            weights,
            hash: "x".to_owned(),
        }
    }

    #[test]
    fn the_order_of_tags_means_nothing() {
        let mut service = service();
        service.tags.reverse();
        assert!(same(&definition(), &service));
    }

    #[test]
    fn any_other_difference_counts() {
        let changes: [fn(&mut AgentService); 6] = [
            |service| service.name.push('x'),
            |service| service.address.push('x'),
            |service| service.port = None,
            |service| service.tags.clear(),
            |service| service.meta.clear(),
            |service| service.weights.passing = 9,
        ];
        for change in changes {
            let mut service = service();
            change(&mut service);
            assert!(!same(&definition(), &service), "{service:?}");
        }
    }
}
