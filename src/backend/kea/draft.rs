//! Changes of reservations and classes, and a configuration that they are made
//! in.

use super::Failure;
use super::config::{self, Config};
use super::handles::HostKey;
use super::json::{self, Map, Value};
use super::lookup::{self, Source};
use super::reservation::{self, Entry, Reservation};
use super::target::Options;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A new reservation.
    Add(Reservation),
    /// In place of the one with that key, which stays the same.
    Replace(HostKey, Reservation),
    /// No more.
    Remove(HostKey),
    /// A new class.
    AddClass(Map),
    /// No more.
    RemoveClass(String),
}

/// A configuration that is being changed.
#[derive(Clone, Debug)]
pub struct Draft {
    arguments: Value,
    entries: Vec<Entry>,
}

impl Draft {
    /// Starts with a copy.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            arguments: config.arguments.clone(),
            entries: config.entries().to_vec(),
        }
    }

    /// `Dhcp4`. Removed reservations are `null` in it.
    ///
    /// # Errors
    /// Not for what `Config` accepts.
    pub fn dhcp4(&self) -> Result<&Map, Failure> {
        let dhcp4 = self.arguments.get("Dhcp4").and_then(Value::as_object);
        dhcp4.ok_or(Status::PROTOCOL_ERROR.into())
    }

    /// For lookups.
    ///
    /// # Errors
    /// As [`dhcp4`](Self::dhcp4).
    pub fn source(&self) -> Result<Source<'_>, Failure> {
        Ok(Source::Snapshot(self.dhcp4()?, &self.entries))
    }

    /// Makes a change.
    ///
    /// # Errors
    /// What it is about is not there.
    pub fn apply(&mut self, edit: Edit) -> Result<(), Failure> {
        let dhcp4 = self
            .arguments
            .get_mut("Dhcp4")
            .and_then(Value::as_object_mut)
            .ok_or(Status::PROTOCOL_ERROR)?;
        match edit {
            Edit::Add(new) => {
                let place = reservation::places(dhcp4)
                    .find(|(_, subnet)| *subnet == new.subnet)
                    .map(|(place, _)| place)
                    .ok_or(Status::INVALID_ARGUMENT)?;
                let list = reservation::list_mut(dhcp4, place).ok_or(Status::PROTOCOL_ERROR)?;
                let entry = reservation::entry(place, list.len(), new.subnet, &new.map);
                self.entries.push(entry.ok_or(Status::INVALID_ARGUMENT)?);
                list.push(Value::Object(new.map));
            }
            Edit::Replace(key, new) => {
                let entry = self.entries.iter_mut().find(|e| e.key == key);
                let entry = entry.ok_or(Status::NOT_FOUND)?;
                let slot = reservation::list_mut(dhcp4, entry.place)
                    .and_then(|list| list.get_mut(entry.at))
                    .ok_or(Status::NOT_FOUND)?;
                let changed = reservation::entry(entry.place, entry.at, key.subnet, &new.map);
                *entry = changed.ok_or(Status::INVALID_ARGUMENT)?;
                *slot = Value::Object(new.map);
            }
            Edit::Remove(key) => {
                let at = self.entries.iter().position(|e| e.key == key);
                let entry = self.entries.remove(at.ok_or(Status::NOT_FOUND)?);
                let slot = reservation::list_mut(dhcp4, entry.place)
                    .and_then(|list| list.get_mut(entry.at))
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
    /// As [`dhcp4`](Self::dhcp4).
    pub fn finish(mut self) -> Result<Value, Failure> {
        let places: Vec<_> = reservation::places(self.dhcp4()?).collect();
        let dhcp4 = self
            .arguments
            .get_mut("Dhcp4")
            .and_then(Value::as_object_mut);
        let dhcp4 = dhcp4.ok_or(Status::PROTOCOL_ERROR)?;
        for (place, _) in places {
            if reservation::list(dhcp4, place).iter().any(Value::is_null)
                && let Some(list) = reservation::list_mut(dhcp4, place)
            {
                list.retain(|r| !r.is_null());
            }
        }
        Ok(self.arguments)
    }
}

/// True if the change is there.
#[must_use]
pub fn is_made(edit: &Edit, config: &Config) -> bool {
    let dhcp4 = config.dhcp4();
    let entry = |key: &HostKey| config.entries().iter().find(|e| e.key == *key);
    match edit {
        Edit::Add(new) | Edit::Replace(_, new) => new
            .key()
            .and_then(|key| lookup::reservation(dhcp4, entry(&key)?))
            .is_some_and(|there| is_same(&there, new)),
        Edit::Remove(key) => entry(key).is_none(),
        Edit::AddClass(new) => json::string(new, "name")
            .and_then(|name| class(dhcp4, name))
            .is_some_and(|there| reservation::omapi(there) == reservation::omapi(new)),
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

fn classes_mut(dhcp4: &mut Map) -> Result<&mut Vec<Value>, Failure> {
    let classes = dhcp4
        .entry("client-classes")
        .or_insert_with(|| Value::Array(Vec::new()));
    classes.as_array_mut().ok_or(Status::PROTOCOL_ERROR.into())
}

fn class_name(class: &Value) -> Option<&str> {
    class.get("name")?.as_str()
}

/// The class of that name.
#[must_use]
pub fn class<'d>(dhcp4: &'d Map, name: &str) -> Option<&'d Map> {
    let mut classes = json::list(dhcp4, "client-classes").iter();
    classes.find(|c| class_name(c) == Some(name))?.as_object()
}

/// True if there is a class of that name.
#[must_use]
pub fn has_class(dhcp4: &Map, name: &str) -> bool {
    class(dhcp4, name).is_some()
}

/// The subnet-ids of where a reservation belongs: the subnet of its address;
/// without address the global list if Kea looks there, or the only subnet, or
/// if that is allowed all of them. Where Kea does not look in a subnet, the
/// global list is the place for it.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when there is no such place.
pub fn homes(
    dhcp4: &Map,
    address: Option<Ipv4Addr>,
    options: &Options,
) -> Result<Vec<u32>, Failure> {
    let none = |why| Err(Failure::because(Status::INVALID_ARGUMENT, why));
    let globally = config::looks_globally(dhcp4);
    let mut subnets = config::subnets(dhcp4)
        .filter_map(|(place, subnet)| Some((place, subnet, config::subnet_id(subnet)?)));
    if let Some(address) = address {
        let home = subnets.find(|(_, subnet, _)| config::contains(subnet, address));
        return match home {
            None => none("no subnet has this address"),
            Some((place, subnet, id)) if config::looks_in_subnet(dhcp4, place, subnet) => {
                Ok(vec![id])
            }
            Some(_) if globally => Ok(vec![0]),
            Some(_) => none("Kea does not look for reservations of this subnet"),
        };
    }
    if globally {
        return Ok(vec![0]);
    }
    let all: Vec<u32> = subnets
        .filter(|(place, subnet, _)| config::looks_in_subnet(dhcp4, *place, subnet))
        .map(|(.., id)| id)
        .collect();
    match all.len() {
        0 => none("Kea has no subnet that it looks for reservations of"),
        1 if config::subnets(dhcp4).count() == 1 => Ok(all),
        _ if options.replicate => Ok(all),
        _ => none("without an address Kea needs reservations-global"),
    }
}

/// True if two reservations may not have the same address.
#[must_use]
pub fn unique_addresses(dhcp4: &Map) -> bool {
    dhcp4.get("ip-reservations-unique").and_then(Value::as_bool) != Some(false)
}

/// True if some option 43 would be lost when this configuration is written or
/// set: Kea 2.6 and 3.0 show raw bytes of it as empty.
#[must_use]
pub fn loses_option_43(value: &Value) -> bool {
    match value {
        Value::Object(map) if map.text().is_some_and(|t| !t.contains("\"code\"")) => false,
        Value::Object(map) => {
            let is_43 = map.get("code").and_then(Value::as_u64) == Some(43);
            let raw = map.get("csv-format").and_then(Value::as_bool) == Some(false);
            let empty = map.get("data").and_then(Value::as_str) == Some("");
            (is_43 && raw && empty) || map.values().any(loses_option_43)
        }
        Value::Array(list) => list.iter().any(loses_option_43),
        _ => false,
    }
}
