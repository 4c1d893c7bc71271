//! Checks: registering, hearing of them, expiry and what follows when they stay critical.

use std::sync::Arc;
use std::time::Instant;

use super::model::{Check, CheckDefinition, Driver, Status};
use super::{State, StateError};
use crate::probe::Probe;

/// The longest output kept of a check, in bytes, as in Consul.
const MAX_OUTPUT: usize = 4096;

impl State {
    /// Adds a check to an instance, or to the node where `service_id` is empty.
    pub(crate) fn register_check(
        &mut self,
        definition: CheckDefinition,
        service_id: &str,
        now: Instant,
    ) -> Result<(), StateError> {
        let known = self
            .services
            .get(service_id)
            .is_some_and(|service| service.local);
        if !service_id.is_empty() && !known {
            return Err(StateError::CheckOfUnknown(service_id.to_owned()));
        }
        self.put_check(definition, service_id, now);
        Ok(())
    }

    /// Removes a check. One that is not there is no error.
    pub(crate) fn deregister_check(&mut self, id: &str) {
        self.remove_checks(|check| check.id == id);
    }

    /// Hears from the caller of a TTL check, which lives on for another TTL.
    pub(crate) fn update_ttl(
        &mut self,
        id: &str,
        status: Status,
        output: &str,
        now: Instant,
    ) -> Result<(), StateError> {
        let ttl = match self.checks.get(id).map(|check| &check.driver) {
            Some(Driver::Ttl(ttl)) => *ttl,
            _ => return Err(StateError::NotTtl(id.to_owned())),
        };
        self.set_status(id, status, output, now);
        let before = self
            .checks
            .get_mut(id)
            .and_then(|check| check.expires.replace(now + ttl));
        if before.is_none() {
            // Nothing was to expire here, so the clock has to be told that it is again.
            self.touch();
        }
        Ok(())
    }

    /// Hears from a probe, unless its check has been registered anew since it began.
    ///
    /// Consul counts in a row: a check turns passing (or warning) with the nth success, critical
    /// with the nth failure, and until then nothing is said of it.
    pub(crate) fn report(
        &mut self,
        id: &str,
        generation: u64,
        status: Status,
        output: &str,
        now: Instant,
    ) {
        let Some(check) = self
            .checks
            .get_mut(id)
            .filter(|check| check.generation == generation)
        else {
            return;
        };
        let heard = if status == Status::Critical {
            check.failures += 1;
            check.successes = 0;
            check.failures >= check.failures_before_critical
        } else {
            check.successes += 1;
            check.failures = 0;
            check.successes >= check.success_before_passing
        };
        if heard {
            self.set_status(id, status, output, now);
        }
    }

    /// Turns TTL checks critical that nobody spoke for in time.
    pub(crate) fn expire(&mut self, now: Instant) {
        let late = |check: &&Check| check.expires.is_some_and(|expires| expires <= now);
        let expired: Vec<_> = self
            .checks
            .values()
            .filter(late)
            .map(|check| (check.id.clone(), check.output.clone()))
            .collect();
        for (id, last) in expired {
            let output = match last.as_str() {
                "" => "TTL expired".to_owned(),
                last => format!("TTL expired (last output before timeout follows): {last}"),
            };
            self.set_status(&id, Status::Critical, &output, now);
            if let Some(check) = self.checks.get_mut(&id) {
                check.expires = None;
            }
        }
    }

    /// When [`State::expire`] next has something to do.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.checks.values().filter_map(|check| check.expires).min()
    }

    /// Takes out the instances of which a check has been critical for longer than it may; returns
    /// their ids.
    pub(crate) fn reap(&mut self, now: Instant) -> Vec<String> {
        let overdue = |check: &&Check| match (check.critical_since, check.deregister_after) {
            (Some(since), Some(after)) => {
                now.duration_since(since) > after && !check.service_id.is_empty()
            }
            _ => false,
        };
        let mut gone: Vec<_> = self
            .checks
            .values()
            .filter(overdue)
            .map(|check| check.service_id.clone())
            .collect();
        gone.dedup();
        for id in &gone {
            self.deregister_service(id);
        }
        gone
    }

    /// Every check that wants probing, with the generation to report under.
    pub(crate) fn probes(&self) -> impl Iterator<Item = (&str, u64, &Arc<Probe>)> {
        self.checks
            .values()
            .filter_map(|check| match &check.driver {
                Driver::Probe(probe) => Some((check.id.as_str(), check.generation, probe)),
                Driver::Fixed | Driver::Ttl(_) => None,
            })
    }

    /// Stores a check; one that is known keeps its state.
    pub(super) fn put_check(
        &mut self,
        definition: CheckDefinition,
        service_id: &str,
        now: Instant,
    ) {
        self.generation += 1;
        // Probes and expiry look again at every change of the revision, and both have changed here.
        self.touch();
        let mut check = self.build_check(definition, service_id, now);
        if let Some(known) = self.checks.get(&check.id) {
            check.status = known.status;
            check.output.clone_from(&known.output);
            check.catalog_output.clone_from(&known.catalog_output);
            check.critical_since = known.critical_since;
            (check.create_index, check.modify_index) = (known.create_index, known.modify_index);
        }
        let known = self.checks.get(&check.id);
        let same = known.is_some_and(|known| known.catalog_view("") == check.catalog_view(""));
        if same {
            self.checks.insert(check.id.clone(), check);
            return;
        }
        // One write to the log carries an instance and its checks.
        let fresh = self
            .services
            .get(service_id)
            .filter(|service| service.modify_index == self.index);
        let index = if fresh.is_some() {
            self.index
        } else {
            self.next_index()
        };
        if check.create_index == 0 {
            check.create_index = index;
        }
        check.modify_index = index;
        self.checks.insert(check.id.clone(), check);
        self.checks_changed(service_id, index);
    }

    fn build_check(&self, definition: CheckDefinition, service_id: &str, now: Instant) -> Check {
        let status = definition.status.unwrap_or(Status::Critical);
        let mut check = self.fixed_check(&definition.id, &definition.name, status, 0);
        check.notes = definition.notes;
        if let Some(service) = self.services.get(service_id) {
            check.service_id = service_id.to_owned();
            check.service_name.clone_from(&service.definition.name);
            check.service_tags.clone_from(&service.definition.tags);
        }
        if check.name.is_empty() {
            check.name = format!("Service '{}' check", check.service_name);
        }
        check.kind = match &definition.driver {
            Driver::Fixed => "",
            Driver::Ttl(_) => "ttl",
            Driver::Probe(probe) => probe.kind(),
        };
        if let Driver::Ttl(ttl) = definition.driver {
            check.expires = Some(now + ttl);
        }
        check.driver = definition.driver;
        check.critical_since = (status == Status::Critical).then_some(now);
        check.deregister_after = definition
            .deregister_after
            .map(|after| after.max(self.min_deregister_after));
        check.success_before_passing = definition.success_before_passing;
        check.failures_before_critical = definition.failures_before_critical;
        check
    }

    /// Sets how a check stands. An output alone changes only what the agent shows.
    fn set_status(&mut self, id: &str, status: Status, output: &str, now: Instant) {
        let Some(check) = self.checks.get_mut(id) else {
            return;
        };
        check.output = shorten(output).to_owned();
        match status {
            Status::Critical => drop(check.critical_since.get_or_insert(now)),
            Status::Passing | Status::Warning => check.critical_since = None,
        }
        if check.status == status {
            return;
        }
        let index = self.next_index();
        let Some(check) = self.checks.get_mut(id) else {
            return;
        };
        check.status = status;
        check.catalog_output.clone_from(&check.output);
        check.modify_index = index;
        let service_id = check.service_id.clone();
        self.checks_changed(&service_id, index);
    }

    pub(super) fn remove_checks(&mut self, gone: impl Fn(&Check) -> bool) {
        let ids: Vec<_> = self
            .checks
            .values()
            .filter(|check| check.local && gone(check))
            .map(|check| (check.id.clone(), check.service_id.clone()))
            .collect();
        for (id, service_id) in ids {
            let index = self.next_index();
            self.checks.remove(&id);
            self.checks_changed(&service_id, index);
        }
    }

    /// A check of the node counts for every instance on it.
    pub(super) fn checks_changed(&mut self, service_id: &str, index: u64) {
        self.checks_index = index;
        if let Some(service) = self.services.get(service_id) {
            self.service_indices
                .insert(service.definition.name.to_ascii_lowercase(), index);
        } else {
            self.service_indices
                .values_mut()
                .for_each(|known| *known = index);
        }
    }
}

fn shorten(output: &str) -> &str {
    let end = (0..=output.len().min(MAX_OUTPUT))
        .rev()
        .find(|end| output.is_char_boundary(*end));
    &output[..end.unwrap_or(0)]
}
