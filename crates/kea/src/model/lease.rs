//! A lease as Kea describes it.

use super::answer::KeaError;
use crate::json::{self, Map, Value};
use omapi::status::Status;
use std::net::Ipv4Addr;

/// Values of the attribute `state`.
pub(crate) mod state {
    /// Nobody's.
    pub(crate) const FREE: u32 = 1;
    /// A client's.
    pub(crate) const ACTIVE: u32 = 2;
    /// Its time is over.
    pub(crate) const EXPIRED: u32 = 3;
    /// Given back.
    pub(crate) const RELEASED: u32 = 4;
    /// Declined: the address is used without a lease.
    pub(crate) const ABANDONED: u32 = 5;
    /// To be free.
    pub(crate) const RESET: u32 = 6;
    /// The failover partner's.
    pub(crate) const BACKUP: u32 = 7;
}

/// A lifetime without end, for Kea; a time without end, for OMAPI.
pub(crate) const INFINITE: u64 = u32::MAX as u64;

/// A lease as Kea describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lease(pub Map);

impl Lease {
    pub(crate) fn new(value: Value) -> Result<Self, KeaError> {
        match value {
            Value::Object(map) => {
                let lease = Self(map);
                lease.address().ok_or(Status::PROTOCOL_ERROR)?;
                Ok(lease)
            }
            _ => Err(Status::PROTOCOL_ERROR.into()),
        }
    }

    /// Its address.
    #[must_use]
    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        json::string(&self.0, "ip-address")?.parse().ok()
    }

    fn identifier(&self, key: &str) -> Vec<u8> {
        json::string(&self.0, key)
            .and_then(json::identifier)
            .unwrap_or_default()
    }

    /// The hardware address, empty when there is none.
    #[must_use]
    pub(crate) fn hardware(&self) -> Vec<u8> {
        self.identifier("hw-address")
    }

    /// The client identifier, empty when there is none.
    #[must_use]
    pub(crate) fn client_id(&self) -> Vec<u8> {
        self.identifier("client-id")
    }

    /// Seconds since 1970 of the last transaction.
    #[must_use]
    pub(crate) fn cltt(&self) -> u64 {
        json::number(&self.0, "cltt").unwrap_or(0)
    }

    /// Seconds from then that it is valid.
    #[must_use]
    pub(crate) fn lifetime(&self) -> u64 {
        json::number(&self.0, "valid-lft").unwrap_or(0)
    }

    /// When it ends, in seconds since 1970.
    #[must_use]
    pub(crate) fn ends(&self) -> u64 {
        self.fields().ends()
    }

    /// Its state in OMAPI's numbers.
    #[must_use]
    pub(crate) fn state(&self, now: u64) -> u32 {
        self.fields().state(now)
    }

    /// All that it says.
    pub(crate) fn fields(&self) -> LeaseFields {
        let hostname = json::string(&self.0, "hostname");
        LeaseFields {
            address: self.address().unwrap_or(Ipv4Addr::UNSPECIFIED),
            hardware: self.hardware(),
            client_id: self.client_id(),
            hostname: hostname.map(json::bytes).unwrap_or_default(),
            cltt: self.cltt(),
            lifetime: self.lifetime(),
            state: json::number(&self.0, "state").unwrap_or(0),
            subnet: self.subnet(),
        }
    }

    /// The variables that this library keeps with the lease.
    pub(crate) fn bindings(&self) -> Option<&Map> {
        self.0
            .get("user-context")
            .and_then(|c| json::at(c, &["omapi", "bindings"]))?
            .as_object()
    }

    /// Its subnet-id.
    #[must_use]
    pub(crate) fn subnet(&self) -> Option<u32> {
        self.0
            .get("subnet-id")
            .and_then(Value::as_u64)
            .and_then(|n| u32::try_from(n).ok())
    }
}

/// What a lease says about itself, in fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseFields {
    /// Its address.
    pub address: Ipv4Addr,
    /// Bytes of the hardware address, none when it is not known.
    pub hardware: Vec<u8>,
    /// Bytes of the client identifier, none when there is none.
    pub client_id: Vec<u8>,
    /// The client's name, as Kea keeps it.
    pub hostname: Vec<u8>,
    /// Seconds since 1970 of the last transaction.
    pub cltt: u64,
    /// Seconds from then that it is valid.
    pub lifetime: u64,
    /// Its state in Kea's numbers.
    pub state: u64,
    /// Its subnet-id.
    pub subnet: Option<u32>,
}

impl LeaseFields {
    /// When it ends, in seconds since 1970.
    #[must_use]
    pub(crate) fn ends(&self) -> u64 {
        match self.lifetime {
            INFINITE => INFINITE,
            lifetime => self.cltt.saturating_add(lifetime),
        }
    }

    /// Its state in OMAPI's numbers.
    #[must_use]
    pub(crate) fn state(&self, now: u64) -> u32 {
        match self.state {
            1 => state::ABANDONED,
            2 => state::FREE,
            3 => state::RELEASED,
            // A release on 2.4 and 2.6.
            0 if self.lifetime == 0 => state::RELEASED,
            0 if self.lifetime == INFINITE || self.ends() > now => state::ACTIVE,
            0 => state::EXPIRED,
            _ => state::ACTIVE,
        }
    }
}

/// Leases that were read ahead.
#[derive(Debug)]
pub(crate) struct Page {
    /// Behind this address; `None` from the start.
    pub after: Option<Ipv4Addr>,
    /// In the order of their addresses.
    pub leases: Vec<Lease>,
}

impl Page {
    /// The lease behind that address, if it was read ahead.
    #[must_use]
    pub(crate) fn behind(&self, after: Option<Ipv4Addr>) -> Option<&Lease> {
        if self.after == after {
            return self.leases.first();
        }
        let at = self
            .leases
            .binary_search_by_key(&after, Lease::address)
            .ok()?;
        self.leases.get(at + 1)
    }
}
