//! Object handles. Kea has none, so they are made here: a lease's is its
//! address, a subnet's its subnet-id with a prefix that no unicast address
//! has, and all others are numbers from a table below the first address.
//!
//! There is one table for all connections of a process, because programs may
//! use an object with another connection than the one that found it. It grows
//! by one entry for each host, group ... that was ever found.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::Ipv4Addr;

/// What a handle stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// The lease of an address.
    Lease(Ipv4Addr),
    /// A host.
    Host(HostKey),
    /// The group of that name.
    Group(Vec<u8>),
    /// The client class of that name.
    Class(Vec<u8>),
    /// The server itself.
    Control,
    /// The failover state with that partner.
    Failover(Vec<u8>),
    /// The subnet with that subnet-id.
    Subnet(u32),
    /// The pool with that range, in the subnet with that subnet-id.
    Pool(u32, String),
}

/// What finds a reservation again: Kea identifies it by one identifier in a
/// subnet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HostKey {
    /// subnet-id, 0 for a global reservation.
    pub subnet: u32,
    /// `hw-address`, `client-id`, `duid` ...
    pub kind: &'static str,
    /// The identifier's bytes.
    pub id: Vec<u8>,
}

const FIRST_ADDRESS: u32 = 0x0100_0000;
const LAST_ADDRESS: u32 = 0xdfff_ffff;
const CONTROL: u32 = 0xe000_0001;
const SUBNET: u32 = 0xf000_0000;

/// The handles of a process, for the objects of all its servers.
#[derive(Debug, Default)]
pub(crate) struct Handles(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    entries: Vec<(String, Identity)>,
    numbers: HashMap<(String, Identity), u32>,
}

impl Handles {
    /// The handle of an object of `server`; 0 when there is none.
    #[must_use]
    pub(crate) fn handle(&self, server: &str, identity: Identity) -> u32 {
        match identity {
            Identity::Lease(address) => match u32::from(address) {
                n @ FIRST_ADDRESS..=LAST_ADDRESS => n,
                _ => 0,
            },
            Identity::Control => CONTROL,
            Identity::Subnet(id) if id < !SUBNET => SUBNET | id,
            Identity::Subnet(_) => 0,
            other => {
                let mut table = self.0.lock();
                let entry = (server.to_owned(), other);
                if let Some(&n) = table.numbers.get(&entry) {
                    return n;
                }
                match u32::try_from(table.entries.len() + 1) {
                    Ok(n) if n < FIRST_ADDRESS => {
                        table.entries.push(entry.clone());
                        table.numbers.insert(entry, n);
                        n
                    }
                    _ => 0,
                }
            }
        }
    }

    /// Handles of `old` stand for `new` from now on.
    pub(crate) fn replace(&self, server: &str, old: Identity, new: Identity) {
        let mut table = self.0.lock();
        let Some(n) = table.numbers.remove(&(server.to_owned(), old)) else {
            return;
        };
        let entry = (server.to_owned(), new);
        if let Some(slot) = table.entries.get_mut(n as usize - 1) {
            *slot = entry.clone();
        }
        table.numbers.entry(entry).or_insert(n);
    }

    /// What a handle stands for at `server`.
    #[must_use]
    pub(crate) fn identity(&self, server: &str, handle: u32) -> Option<Identity> {
        match handle {
            0 => None,
            CONTROL => Some(Identity::Control),
            FIRST_ADDRESS..=LAST_ADDRESS => Some(Identity::Lease(handle.into())),
            SUBNET.. => Some(Identity::Subnet(handle & !SUBNET)),
            _ => {
                let table = self.0.lock();
                let (at, identity) = table.entries.get(handle as usize - 1)?;
                (at == server).then(|| identity.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_own() {
        let handles = Handles::default();
        let group = Identity::Group(b"g".to_vec());
        let a = handles.handle("a", group.clone());
        assert_eq!(handles.handle("a", group.clone()), a);
        assert_ne!(handles.handle("b", group.clone()), a);
        assert_eq!(handles.identity("a", a), Some(group.clone()));
        assert_eq!(handles.identity("b", a), None);
        let lease = Identity::Lease(Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(handles.handle("a", lease.clone()), 0x0a00_0001);
        assert_eq!(handles.identity("b", 0x0a00_0001), Some(lease));
        assert_eq!(
            handles.identity("a", handles.handle("a", Identity::Subnet(7))),
            Some(Identity::Subnet(7))
        );
        assert_eq!(handles.identity("a", 0xe000_0002), None);
        let other = Identity::Group(b"other".to_vec());
        handles.replace("a", group.clone(), other.clone());
        assert_eq!(handles.identity("a", a), Some(other.clone()));
        assert_eq!(handles.handle("a", other), a);
        assert_ne!(handles.handle("a", group), a);
    }
}
