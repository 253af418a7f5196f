//! A configuration that is being changed, and whether a change is there.

use crate::config::{self, Config, ReservationEntry, class, class_name, classes_mut, has_class};
use crate::hosts::{Edit, Reservation, Source};
use crate::json::{self, Map, Value};
use crate::model::{HostKey, KeaError};
use omapi::status::Status;

/// A configuration that is being changed.
#[derive(Clone, Debug)]
pub(super) struct CandidateConfig {
    arguments: Value,
    entries: Vec<ReservationEntry>,
}

impl CandidateConfig {
    /// Starts with a copy.
    #[must_use]
    pub(super) fn new(config: &Config) -> Self {
        Self {
            arguments: config.arguments.clone(),
            entries: config.entries().to_vec(),
        }
    }

    /// `Dhcp4`. Removed reservations are `null` in it.
    ///
    /// # Errors
    /// `DHCP_R_PROTOCOLERROR` without one, which no [`Config`] is.
    pub(super) fn dhcp4(&self) -> Result<&Map, KeaError> {
        let dhcp4 = self.arguments.get("Dhcp4").and_then(Value::as_object);
        dhcp4.ok_or(Status::PROTOCOL_ERROR.into())
    }

    /// For lookups.
    ///
    /// # Errors
    /// `DHCP_R_PROTOCOLERROR` without a `Dhcp4`.
    pub(super) fn source(&self) -> Result<Source<'_>, KeaError> {
        Ok(Source::Snapshot(self.dhcp4()?, &self.entries))
    }

    /// Makes a change.
    ///
    /// # Errors
    /// `ISC_R_NOTFOUND` when what it is about is not there, `DHCP_R_INVALIDARG`
    /// for a reservation without identifier or in an unknown subnet.
    pub(super) fn apply(&mut self, edit: Edit) -> Result<(), KeaError> {
        let dhcp4 = self
            .arguments
            .get_mut("Dhcp4")
            .and_then(Value::as_object_mut)
            .ok_or(Status::PROTOCOL_ERROR)?;
        match edit {
            Edit::Add(new) => {
                let list = config::reservation_lists(dhcp4)
                    .find(|(_, subnet)| *subnet == new.subnet)
                    .map(|(list, _)| list)
                    .ok_or(Status::INVALID_ARGUMENT)?;
                let all = config::reservations_mut(dhcp4, list).ok_or(Status::PROTOCOL_ERROR)?;
                let entry = ReservationEntry::new(list, all.len(), new.subnet, &new.map);
                self.entries.push(entry.ok_or(Status::INVALID_ARGUMENT)?);
                all.push(Value::Object(new.map));
            }
            Edit::Replace(key, new) => {
                let entry = self.entries.iter_mut().find(|e| e.key == key);
                let entry = entry.ok_or(Status::NOT_FOUND)?;
                let slot = config::reservations_mut(dhcp4, entry.list)
                    .and_then(|all| all.get_mut(entry.at))
                    .ok_or(Status::NOT_FOUND)?;
                let changed = ReservationEntry::new(entry.list, entry.at, key.subnet, &new.map);
                *entry = changed.ok_or(Status::INVALID_ARGUMENT)?;
                *slot = Value::Object(new.map);
            }
            Edit::Remove(key) => {
                let at = self.entries.iter().position(|e| e.key == key);
                let entry = self.entries.remove(at.ok_or(Status::NOT_FOUND)?);
                let slot = config::reservations_mut(dhcp4, entry.list)
                    .and_then(|all| all.get_mut(entry.at))
                    .ok_or(Status::NOT_FOUND)?;
                // The others keep their index.
                *slot = Value::Null;
            }
            Edit::AddClass(class) => classes_mut(dhcp4)?.push(Value::Object(class)),
            Edit::RemoveClass(name) => classes_mut(dhcp4)?.retain(|c| class_name(c) != Some(&name)),
        }
        Ok(())
    }

    /// The arguments of config-set.
    ///
    /// # Errors
    /// `DHCP_R_PROTOCOLERROR` without a `Dhcp4`.
    pub(super) fn finish(mut self) -> Result<Value, KeaError> {
        let lists: Vec<_> = config::reservation_lists(self.dhcp4()?).collect();
        let dhcp4 = self
            .arguments
            .get_mut("Dhcp4")
            .and_then(Value::as_object_mut);
        let dhcp4 = dhcp4.ok_or(Status::PROTOCOL_ERROR)?;
        for (list, _) in lists {
            if config::reservations(dhcp4, list).iter().any(Value::is_null)
                && let Some(all) = config::reservations_mut(dhcp4, list)
            {
                all.retain(|r| !r.is_null());
            }
        }
        Ok(self.arguments)
    }
}

/// True if the change is there.
#[must_use]
pub(super) fn is_made(edit: &Edit, config: &Config) -> bool {
    let dhcp4 = config.dhcp4();
    let entry = |key: &HostKey| config.entries().iter().find(|e| e.key == *key);
    match edit {
        Edit::Add(new) | Edit::Replace(_, new) => new
            .key()
            .and_then(|key| Reservation::of_entry(dhcp4, entry(&key)?))
            .is_some_and(|there| is_same(&there, new)),
        Edit::Remove(key) => entry(key).is_none(),
        Edit::AddClass(new) => json::string(new, "name")
            .and_then(|name| class(dhcp4, name))
            .is_some_and(|there| config::omapi(there) == config::omapi(new)),
        Edit::RemoveClass(name) => !has_class(dhcp4, name),
    }
}

/// True if Kea shows what was sent. It adds fields, and writes options in
/// another way; what they were made of is in our part of the context.
fn is_same(there: &Reservation, sent: &Reservation) -> bool {
    let classes = |r: &Reservation| {
        let list = json::list(&r.map, "client-classes").iter();
        let mut list: Vec<String> = list.filter_map(|c| Some(c.as_str()?.to_owned())).collect();
        list.sort_unstable();
        list
    };
    there.address() == sent.address()
        && there.omapi() == sent.omapi()
        && classes(there) == classes(sent)
}
