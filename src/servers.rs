//! Which server a name means.
//!
//! A Kea server has a name of its own, or stands for another in a map: the
//! environment variable DHCPCTL_SERVERS (the map itself, or the name of a file
//! with it), otherwise the file /etc/dhcpctl/servers.conf. So a program that
//! always connects to 127.0.0.1 port 7911 can manage a Kea server without a
//! change.

#[cfg(feature = "kea")]
mod map;

use engine::Destination;
use engine::net;
use omapi::status::Status;
use std::ffi::OsStr;

#[cfg(feature = "kea")]
use ::kea::Target;
#[cfg(feature = "kea")]
use map::Map;
#[cfg(feature = "kea")]
use rustix::fs::{Mode, OFlags};
#[cfg(feature = "kea")]
use std::{
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};
#[cfg(feature = "kea")]
use zeroize::Zeroizing;

/// Largest map.
#[cfg(feature = "kea")]
const MAX_MAP: usize = 1 << 20;

/// The variable with the map, or with the name of its file.
#[cfg(feature = "kea")]
const VARIABLE: &str = "DHCPCTL_SERVERS";

/// What a server name means.
///
/// # Errors
/// `DHCP_R_HOSTUNKNOWN`, or `DHCP_R_INVALIDARG` for a name of a Kea server that
/// is malformed. For a map that is there and cannot be read, `ISC_R_NOPERM` and
/// other codes of reading; for one that was named and is not there,
/// `ISC_R_FILENOTFOUND`; for one that is no regular file, is too large or has a
/// mistake in any line, `DHCP_R_INVALIDARG`.
pub(crate) fn find(host: impl AsRef<OsStr>, port: u16) -> Result<Destination, Status> {
    let host = host.as_ref();
    #[cfg(feature = "kea")]
    if let Some(target) = kea(host, port)? {
        return Ok(Destination::Kea(target));
    }
    // No name that is not Unicode can be looked up.
    let host = host.to_str().ok_or(Status::HOST_UNKNOWN)?;
    Ok(Destination::Omapi(net::resolve(host, port)?))
}

/// What is wrong with the map, for people: its place, with the number of the
/// line if it is the text. `None` if nothing is.
#[must_use]
pub(crate) fn complaint() -> Option<String> {
    #[cfg(feature = "kea")]
    return Source::present().complaint();
    #[cfg(not(feature = "kea"))]
    None
}

#[cfg(feature = "kea")]
fn kea(host: &OsStr, port: u16) -> Result<Option<Target>, Status> {
    if let Some(target) = Target::parse(host)? {
        return Ok(Some(target));
    }
    let text = Source::present().read()?;
    let map = Map::parse(&text).map_err(|_| Status::INVALID_ARGUMENT)?;
    Ok(map.find(host, port).cloned())
}

/// Where the map is.
#[cfg(feature = "kea")]
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// In the variable itself.
    Variable(Zeroizing<Vec<u8>>),
    /// In a file that the variable names.
    Named(PathBuf),
    /// In the usual file, if it is there.
    Usual(PathBuf),
}

#[cfg(feature = "kea")]
impl Source {
    fn present() -> Self {
        const FILE: &str = "/etc/dhcpctl/servers.conf";
        Self::of(crate::environment::variable(VARIABLE), Path::new(FILE))
    }

    /// What a map begins with is a name; so what begins with a slash names a
    /// file, and so does what has no equals sign. Nothing at all is an empty
    /// map.
    fn of(variable: Option<OsString>, usual: &Path) -> Self {
        match variable.map(|v| Zeroizing::new(v.into_vec())) {
            Some(v) if v.is_empty() || (v.contains(&b'=') && v[0] != b'/') => Self::Variable(v),
            Some(v) => Self::Named(Path::new(OsStr::from_bytes(&v)).to_owned()),
            None => Self::Usual(usual.to_owned()),
        }
    }

    fn read(self) -> Result<Zeroizing<Vec<u8>>, Status> {
        match self {
            Self::Variable(map) => Ok(map),
            Self::Named(file) => read(&file)?.ok_or(Status::FILE_NOT_FOUND),
            Self::Usual(file) => Ok(read(&file)?.unwrap_or_default()),
        }
    }

    fn complaint(self) -> Option<String> {
        let place = match &self {
            Self::Variable(_) => VARIABLE.to_owned(),
            Self::Named(file) | Self::Usual(file) => file.display().to_string(),
        };
        match self.read() {
            Ok(text) => {
                let mistake = Map::parse(&text).err()?;
                Some(format!("{place}, line {}: {}", mistake.line, mistake.why))
            }
            Err(Status::INVALID_ARGUMENT) => Some(format!(
                "{place} is no regular file, or too large for a map"
            )),
            Err(status) => Some(format!("{place}: {status}")),
        }
    }
}

/// A file's text; `None` if there is none. One that is there and cannot be
/// read is an error: without the map, the program would change another server.
/// Others than regular files may have no end, or make the program wait for one
/// who writes.
#[cfg(feature = "kea")]
fn read(file: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Status> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut file = match rustix::fs::open(file, flags, Mode::empty()).map_err(std::io::Error::from)
    {
        Ok(fd) => File::from(fd),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        // A socket, or a device that is not there.
        Err(e) if rustix::io::Errno::from_io_error(&e) == Some(rustix::io::Errno::NXIO) => {
            return Err(Status::INVALID_ARGUMENT);
        }
        Err(e) => return Err(engine::status_of(e)),
    };
    let about = file.metadata().map_err(engine::status_of)?;
    if !about.is_file() {
        return Err(Status::INVALID_ARGUMENT);
    }
    // With room for all of it from the start, no copies are left behind: there
    // may be passwords.
    let size = usize::try_from(about.len()).map_or(MAX_MAP, |size| size.min(MAX_MAP));
    let mut text = Zeroizing::new(Vec::with_capacity(size + 1));
    let limit = MAX_MAP as u64 + 1;
    let read = file.by_ref().take(limit).read_to_end(&mut text);
    read.map_err(engine::status_of)?;
    if text.len() > MAX_MAP {
        return Err(Status::INVALID_ARGUMENT);
    }
    Ok(Some(text))
}

#[cfg(all(test, feature = "kea"))]
mod tests {
    use super::*;

    const INVALID: Result<&str, Status> = Err(Status::INVALID_ARGUMENT);

    /// What is in the variable, of which kind the file is.
    #[test]
    fn sources() {
        let folder = std::env::temp_dir().join(format!("dhcpctl-map-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &[u8]| folder.join(OsStr::from_bytes(name));
        let write = |name: &[u8], text: &[u8]| std::fs::write(file(name), text).unwrap();
        let missing = Source::of(None, &file(b"usual")).read();
        write(b"usual", b"a = /u\n");
        write(b"other", b"a = /o\n");
        write(b"with=sign", b"a = /s\n");
        write(b"latin-\xe9", b"a = /l\n");
        write(b"large", &vec![b'\n'; MAX_MAP + 1]);
        write(b"full", &vec![b'\n'; MAX_MAP]);
        let fifo = rustix::fs::mknodat;
        let kind = rustix::fs::FileType::Fifo;
        fifo(
            rustix::fs::CWD,
            file(b"fifo"),
            kind,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        let listener = std::os::unix::net::UnixListener::bind(file(b"socket")).unwrap();
        let named = |name: &[u8]| Some(file(name).into_os_string());
        let said = |text: &[u8]| Some(OsStr::from_bytes(text).to_owned());
        let full = "\n".repeat(MAX_MAP);
        let table = [
            (None, Ok("a = /u\n")),
            (named(b"other"), Ok("a = /o\n")),
            (named(b"with=sign"), Ok("a = /s\n")),
            (named(b"latin-\xe9"), Ok("a = /l\n")),
            (named(b"full"), Ok(&full[..])),
            (named(b"none"), Err(Status::FILE_NOT_FOUND)),
            (named(b"none=/x"), Err(Status::FILE_NOT_FOUND)),
            (named(b"usual/below"), Err(Status::FILE_NOT_FOUND)),
            (said(b"a = /v"), Ok("a = /v")),
            (said(b""), Ok("")),
            (said(b"a /v"), Err(Status::FILE_NOT_FOUND)),
            (said(b"\xe9"), Err(Status::FILE_NOT_FOUND)),
            (named(b"fifo"), INVALID),
            (named(b"socket"), INVALID),
            (named(b""), INVALID),
            (named(b"large"), INVALID),
            (said(b"/dev/null"), INVALID),
            (said(b"/dev/tty"), INVALID),
        ];
        let found = table.map(|(variable, expected)| {
            let read = Source::of(variable.clone(), &file(b"usual")).read();
            let read = read.map(|text| String::from_utf8(text.to_vec()).unwrap());
            (variable, read, expected.map(str::to_owned))
        });
        // The usual file may not be there, but what is there must be right.
        let usual = [&b"fifo"[..], b"", b"usual/below"].map(|n| Source::of(None, &file(n)).read());
        drop(listener);
        std::fs::remove_dir_all(&folder).unwrap();
        for (variable, read, expected) in found {
            assert_eq!(read, expected, "{variable:?}");
        }
        assert_eq!(missing.unwrap().len(), 0);
        assert!(usual[0].is_err() && usual[1].is_err() && usual[2].is_ok());
        // Not Unicode: a map all the same.
        let latin1 = Source::of(said(b"a = /\xe9"), &folder);
        assert_eq!(
            latin1,
            Source::Variable(Zeroizing::new(b"a = /\xe9".to_vec()))
        );
    }

    #[test]
    fn complaints() {
        let folder = std::env::temp_dir().join(format!("dhcpctl-said-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("map");
        std::fs::write(&file, "a = /a\nkea+http://u:sesame@h/\n").unwrap();
        let of = |text: &OsStr| Source::of(Some(text.to_owned()), &folder).complaint();
        let found = [
            of(file.as_os_str()),
            of(folder.as_os_str()),
            of(OsStr::new("/nowhere/at/all")),
            of(OsStr::new("a = /a;b = kea+http://u:sesame@")),
            of(OsStr::new("a = /a")),
        ];
        std::fs::remove_dir_all(&folder).unwrap();
        let (file, folder) = (file.display(), folder.display());
        let expected = [
            Some(format!("{file}, line 2: no equals sign")),
            Some(format!("{folder} is no regular file, or too large for a map")),
            Some("/nowhere/at/all: file not found".to_owned()),
            Some("DHCPCTL_SERVERS, line 1: right of the equals sign belongs the name of a Kea server".to_owned()),
            None,
        ];
        assert_eq!(found, expected);
    }
}
