//! Instances: registering, removing, maintenance.

use std::net::IpAddr;
use std::time::Instant;

use super::model::{Check, Driver, Service, Status};
use super::{CheckDefinition, ServiceDefinition, State, StateError};

const NODE_MAINTENANCE: &str = "_node_maintenance";
const SERVICE_MAINTENANCE: &str = "_service_maintenance";

impl State {
    /// Adds an instance or brings a known one up to date.
    ///
    /// A check that the instance has already keeps its state, whatever `status` says: only a check
    /// that is new starts with it. `replace` takes away the checks that are not named again.
    pub(crate) fn register_service(
        &mut self,
        mut definition: ServiceDefinition,
        checks: Vec<CheckDefinition>,
        replace: bool,
        now: Instant,
    ) {
        add_family_addresses(&mut definition);
        let id = definition.id.clone();
        let same = self
            .services
            .get(&id)
            .is_some_and(|known| known.definition == definition);
        if !same {
            self.put_service(definition);
        }
        let many = checks.len() > 1;
        let mut kept = Vec::with_capacity(checks.len());
        for (number, mut check) in (1..).zip(checks) {
            if check.id.is_empty() {
                check.id = if many {
                    format!("service:{id}:{number}")
                } else {
                    format!("service:{id}")
                };
            }
            kept.push(check.id.clone());
            self.put_check(check, &id, now);
        }
        if replace {
            self.remove_checks(|check| check.service_id == id && !kept.contains(&check.id));
        }
    }

    /// Removes an instance with its checks. One that is not there is no error.
    pub(crate) fn deregister_service(&mut self, id: &str) {
        if self.services.get(id).is_none_or(|service| !service.local) {
            return;
        }
        let index = self.next_index();
        if let Some(service) = self.services.remove(id) {
            self.services_index = index;
            self.forget_name(&service.definition.name, index);
        }
        let before = self.checks.len();
        self.checks.retain(|_, check| check.service_id != id);
        if self.checks.len() != before {
            self.checks_index = index;
        }
    }

    /// Takes an instance out of service, or back in, by a check of its own.
    pub(crate) fn service_maintenance(
        &mut self,
        id: &str,
        enable: bool,
        reason: &str,
        now: Instant,
    ) -> Result<(), StateError> {
        let Some(service) = self.services.get(id).filter(|service| service.local) else {
            return Err(StateError::UnknownService(id.to_owned()));
        };
        let (name, tags) = (
            service.definition.name.clone(),
            service.definition.tags.clone(),
        );
        let check_id = format!("{SERVICE_MAINTENANCE}:{id}");
        if !enable {
            self.remove_checks(|check| check.id == check_id);
        } else if !self.checks.contains_key(&check_id) {
            let index = self.next_index();
            let mut check = self.fixed_check(
                &check_id,
                "Service Maintenance Mode",
                Status::Critical,
                index,
            );
            check.notes = reason_or_default(reason, "service");
            check.service_id = id.to_owned();
            check.service_name = name;
            check.service_tags = tags;
            self.enter_maintenance(check, now);
        }
        Ok(())
    }

    /// Takes the whole node out of service, or back in.
    pub(crate) fn node_maintenance(&mut self, enable: bool, reason: &str, now: Instant) {
        if !enable {
            self.remove_checks(|check| check.id == NODE_MAINTENANCE);
        } else if !self.checks.contains_key(NODE_MAINTENANCE) {
            let index = self.next_index();
            let mut check = self.fixed_check(
                NODE_MAINTENANCE,
                "Node Maintenance Mode",
                Status::Critical,
                index,
            );
            check.notes = reason_or_default(reason, "node");
            self.enter_maintenance(check, now);
        }
    }

    fn enter_maintenance(&mut self, mut check: Check, now: Instant) {
        check.kind = "maintenance";
        check.critical_since = Some(now);
        let (service_id, index) = (check.service_id.clone(), check.modify_index);
        self.checks.insert(check.id.clone(), check);
        self.checks_changed(&service_id, index);
    }

    /// A check of the agent's own, without a driver and not yet stored.
    pub(super) fn fixed_check(&self, id: &str, name: &str, status: Status, index: u64) -> Check {
        Check {
            id: id.to_owned(),
            name: name.to_owned(),
            notes: String::new(),
            kind: "",
            status,
            output: String::new(),
            catalog_output: String::new(),
            service_id: String::new(),
            service_name: String::new(),
            service_tags: Vec::new(),
            local: true,
            driver: Driver::Fixed,
            generation: self.generation,
            expires: None,
            critical_since: None,
            deregister_after: None,
            success_before_passing: 0,
            failures_before_critical: 0,
            successes: 0,
            failures: 0,
            create_index: index,
            modify_index: index,
        }
    }

    fn put_service(&mut self, definition: ServiceDefinition) {
        let index = self.next_index();
        let name = definition.name.clone();
        let id = definition.id.clone();
        let create_index = self
            .services
            .get(&id)
            .map_or(index, |known| known.create_index);
        let service = Service {
            definition,
            local: true,
            create_index,
            modify_index: index,
        };
        let before = self.services.insert(id, service);
        self.services_index = index;
        if let Some(before) =
            before.filter(|before| !before.definition.name.eq_ignore_ascii_case(&name))
        {
            self.forget_name(&before.definition.name, index);
        }
        self.service_indices
            .insert(name.to_ascii_lowercase(), index);
    }

    /// An instance of `name` went: the name itself may be gone with it.
    fn forget_name(&mut self, name: &str, index: u64) {
        let key = name.to_ascii_lowercase();
        if self.instances(name).next().is_some() {
            self.service_indices.insert(key, index);
        } else {
            self.service_indices.remove(&key);
            self.last_extinction = index;
        }
    }
}

/// Consul lists an address that is an IP under its family too, unless told otherwise.
fn add_family_addresses(definition: &mut ServiceDefinition) {
    let Ok(ip) = definition.address.parse::<IpAddr>() else {
        return;
    };
    let family = if ip.is_ipv4() { "ipv4" } else { "ipv6" };
    for side in ["lan", "wan"] {
        let own = (definition.address.clone(), definition.port);
        definition
            .tagged_addresses
            .entry(format!("{side}_{family}"))
            .or_insert(own);
    }
}

fn reason_or_default(reason: &str, what: &str) -> String {
    if !reason.is_empty() {
        return reason.to_owned();
    }
    format!(
        "Maintenance mode is enabled for this {what}, but no reason was provided. This is a default message."
    )
}
