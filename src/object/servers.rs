//! Which server a name means.
//!
//! A Kea server has a name of its own, or stands for another in a map: the
//! environment variable DHCPCTL_SERVERS (the map itself, or the name of a file
//! with it), otherwise the file /etc/dhcpctl/servers.conf. So a program that
//! always connects to 127.0.0.1 port 7911 can manage a Kea without a change.

use crate::engine::Destination;
use crate::net;
use crate::status::Status;

/// What a server name means.
///
/// # Errors
/// `DHCP_R_HOSTUNKNOWN`, or `DHCP_R_INVALIDARG` for a name of a Kea that is
/// malformed.
pub fn find(host: &str, port: u16) -> Result<Destination, Status> {
    #[cfg(feature = "kea")]
    if let Some(target) = kea(host, port)? {
        return Ok(Destination::Kea(target));
    }
    Ok(Destination::Omapi(net::resolve(host, port)?))
}

#[cfg(feature = "kea")]
fn kea(host: &str, port: u16) -> Result<Option<crate::backend::kea::target::Target>, Status> {
    use crate::backend::kea::target::{Target, mapped};
    const FILE: &str = "/etc/dhcpctl/servers.conf";
    if let Some(target) = Target::parse(host)? {
        return Ok(Some(target));
    }
    let map = match crate::capi::environment::variable("DHCPCTL_SERVERS") {
        // The map itself has an equals sign; a file is looked at else.
        Some(map) if map.contains('=') => map,
        Some(file) => std::fs::read_to_string(file).map_err(Status::from)?,
        None => std::fs::read_to_string(FILE).unwrap_or_default(),
    };
    match mapped(&map, host, port) {
        Some(name) => match Target::parse(name)? {
            Some(target) => Ok(Some(target)),
            None => Err(Status::INVALID_ARGUMENT),
        },
        None => Ok(None),
    }
}
