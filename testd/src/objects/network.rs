//! Subnets and pools: what the addresses of leases belong to.

use super::ObjectRef;
use crate::database::Database;
use crate::text::conf::Conf;
use crate::text::leases::State;
use omapi::wire::{Encoder, Value, WireError};
use std::net::Ipv4Addr;

/// Where an address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) subnet: usize,
    pub(crate) pool: usize,
    /// In one of the pool's ranges, and thus a lease even if never used.
    pub(crate) in_range: bool,
}

type Range = (Ipv4Addr, Ipv4Addr);

/// The subnets and pools of the configuration, and behind each a last one for
/// the addresses that belong to none: ranges of the command line, and leases
/// of the file that dhcpd would not serve.
#[derive(Debug, Default)]
pub(crate) struct Network {
    subnets: Vec<(Ipv4Addr, Ipv4Addr)>,
    pools: Vec<Vec<Range>>,
}

impl Network {
    pub(crate) fn new(conf: &Conf, ranges: &[Range]) -> Self {
        let mut pools = conf.pools.clone();
        pools.push(ranges.to_vec());
        Self {
            subnets: conf.subnets.clone(),
            pools,
        }
    }

    pub(crate) fn place(&self, ip: u32) -> Place {
        let address = Ipv4Addr::from(ip);
        let subnet = self
            .subnets
            .iter()
            .position(|(net, mask)| address & *mask == *net & *mask);
        let pool = self.pools.iter().position(|ranges| {
            ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&address))
        });
        Place {
            subnet: subnet.unwrap_or(self.subnets.len()),
            pool: pool.unwrap_or(self.pools.len() - 1),
            in_range: pool.is_some(),
        }
    }
}

/// Counts of a pool. Never-used addresses are not stored, so the free ones
/// are those of the ranges less the leases in use.
pub(super) fn publish_pool(
    db: &Database,
    pool: usize,
    out: &mut Encoder<'_>,
) -> Result<(), WireError> {
    let ranges = db.network.pools.get(pool).map_or(&[][..], Vec::as_slice);
    let mut count: u64 = ranges
        .iter()
        .map(|(first, last)| u64::from(u32::from(*last) - u32::from(*first)) + 1)
        .sum();
    let (mut used, mut backup) = (0, 0);
    for (ip, lease) in db.leases.iter() {
        let place = db.network.place(ip);
        if place.pool != pool {
            continue;
        }
        count += u64::from(!place.in_range);
        used += u64::from(lease.state != State::Free);
        backup += u64::from(lease.state == State::Backup);
    }
    let int = |n: u64| Value::Int(u32::try_from(n).unwrap_or(u32::MAX));
    out.value(b"lease-count", int(count))?;
    out.value(b"free-leases", int(count.saturating_sub(used)))?;
    out.value(b"backup-leases", int(backup))
}

/// The objects of a place, in the order in which a lease mentions them.
pub(super) fn objects(place: Place) -> [ObjectRef; 2] {
    [ObjectRef::Subnet(place.subnet), ObjectRef::Pool(place.pool)]
}
