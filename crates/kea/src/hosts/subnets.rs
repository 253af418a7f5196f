//! Where a reservation belongs.

use crate::config;
use crate::json::Map;
use crate::model::KeaError;
use crate::protocol::Options;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// The subnet-ids of where a reservation belongs: the subnet of its address;
/// without address the global list if Kea looks there, or the only subnet, or
/// if that is allowed all of them. Where Kea does not look in a subnet, the
/// global list is the place for it.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when there is no such place.
pub(super) fn target_subnets(
    dhcp4: &Map,
    address: Option<Ipv4Addr>,
    options: &Options,
) -> Result<Vec<u32>, KeaError> {
    let none = |why| Err(KeaError::because(Status::INVALID_ARGUMENT, why));
    let globally = config::looks_globally(dhcp4);
    let mut subnets = config::subnets(dhcp4)
        .filter_map(|(list, subnet)| Some((list, subnet, config::subnet_id(subnet)?)));
    if let Some(address) = address {
        let own = subnets.find(|(_, subnet, _)| config::contains(subnet, address));
        return match own {
            None => none("no subnet has this address"),
            Some((list, subnet, id)) if config::looks_in_subnet(dhcp4, list, subnet) => {
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
        .filter(|(list, subnet, _)| config::looks_in_subnet(dhcp4, *list, subnet))
        .map(|(.., id)| id)
        .collect();
    match all.len() {
        0 => none("Kea has no subnet that it looks for reservations of"),
        1 if config::subnets(dhcp4).count() == 1 => Ok(all),
        _ if options.replicate => Ok(all),
        _ => none("without an address Kea needs reservations-global"),
    }
}
