//! Which server a name means.
//!
//! A Kea server has a name of its own, or stands for another in a map: the
//! environment variable DHCPCTL_SERVERS (the map itself, or the name of a file
//! with it), otherwise the file /etc/dhcpctl/servers.conf. So a program that
//! always connects to 127.0.0.1 port 7911 can manage a Kea without a change.

use engine::Destination;
use engine::net;
use omapi::status::Status;

#[cfg(feature = "kea")]
use ::kea::target::{Target, mapped};
#[cfg(feature = "kea")]
use std::{io::ErrorKind, path::Path};

/// What a server name means.
///
/// # Errors
/// `DHCP_R_HOSTUNKNOWN`, or `DHCP_R_INVALIDARG` for a name of a Kea that is
/// malformed. For a map that is there and cannot be read, `ISC_R_NOPERM` and
/// other codes of reading; for one that was named and is not there,
/// `ISC_R_FILENOTFOUND`.
pub fn find(host: &str, port: u16) -> Result<Destination, Status> {
    #[cfg(feature = "kea")]
    if let Some(target) = kea(host, port)? {
        return Ok(Destination::Kea(target));
    }
    Ok(Destination::Omapi(net::resolve(host, port)?))
}

#[cfg(feature = "kea")]
fn kea(host: &str, port: u16) -> Result<Option<Target>, Status> {
    const FILE: &str = "/etc/dhcpctl/servers.conf";
    if let Some(target) = Target::parse(host)? {
        return Ok(Some(target));
    }
    let variable = crate::capi::environment::variable("DHCPCTL_SERVERS");
    let map = map(variable, Path::new(FILE))?;
    match mapped(&map, host, port) {
        Some(name) => match Target::parse(name)? {
            Some(target) => Ok(Some(target)),
            None => Err(Status::INVALID_ARGUMENT),
        },
        None => Ok(None),
    }
}

/// The map: what the variable holds or names, else the usual file. An empty
/// variable is an empty map.
#[cfg(feature = "kea")]
fn map(variable: Option<String>, usual: &Path) -> Result<String, Status> {
    match variable {
        // The map itself has an equals sign; a file is looked at else.
        Some(map) if map.contains('=') || map.is_empty() => Ok(map),
        Some(file) => read(Path::new(&file))?.ok_or(Status::FILE_NOT_FOUND),
        None => Ok(read(usual)?.unwrap_or_default()),
    }
}

/// A file's text; `None` if there is none. One that is there and cannot be
/// read is an error: without the map, the program would change another server.
#[cfg(feature = "kea")]
fn read(file: &Path) -> Result<Option<String>, Status> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

#[cfg(all(test, feature = "kea"))]
mod tests {
    use super::*;

    #[test]
    fn maps() {
        let folder = std::env::temp_dir().join(format!("dhcpctl-map-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (usual, other) = (folder.join("usual"), folder.join("other"));
        let named = |file: &Path| Some(file.to_str().unwrap().to_owned());
        let missing = map(None, &usual);
        std::fs::write(&usual, "a = /u\n").unwrap();
        std::fs::write(&other, "a = /o\n").unwrap();
        let found = [
            missing,
            map(None, &usual),
            map(named(&other), &usual),
            map(Some("a = /v".into()), &usual),
            map(Some(String::new()), &usual),
            map(None, &usual.join("below")),
            map(named(&folder.join("none")), &usual),
            map(Some("a /v".into()), &usual),
        ];
        // What is there and cannot be read, also for root.
        let (unreadable, unreadable_too) = (map(None, &folder), map(named(&folder), &usual));
        std::fs::remove_dir_all(&folder).unwrap();
        let none = || Err(Status::FILE_NOT_FOUND);
        let ok = |text: &str| Ok(text.to_owned());
        let expected = [
            ok(""),
            ok("a = /u\n"),
            ok("a = /o\n"),
            ok("a = /v"),
            ok(""),
            ok(""),
            none(),
            none(),
        ];
        assert_eq!(found, expected);
        assert!(unreadable.is_err() && unreadable_too.is_err());
    }
}
