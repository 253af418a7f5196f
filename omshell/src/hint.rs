//! What is wrong when a Kea server cannot be connected to. Result codes are
//! few; the file system tells more. Passwords in names are not repeated.

use crate::lexer::latin;
use omapi::status::Status;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Whether a server's name is one of a Kea server.
pub(crate) fn is_kea(name: &[u8]) -> bool {
    ["/", "kea:", "kea+"]
        .iter()
        .any(|s| name.starts_with(s.as_bytes()))
}

/// More about a connection to a Kea server that failed with `status`.
pub(crate) fn hint(name: &[u8], status: Status) -> Option<String> {
    const FORMS: &str = "a name is /PATH, kea:/PATH?OPTION=VALUE&..., or \
                         kea+http://USER:PASSWORD@HOST:PORT/?OPTION=VALUE&...";
    if status == Status::INVALID_ARGUMENT {
        return Some(FORMS.into());
    }
    let path = match name.strip_prefix(b"kea:") {
        Some(rest) => rest.split(|&b| b == b'?').next(),
        None => name.starts_with(b"/").then_some(name),
    };
    let Some(path) = path.map(|p| Path::new(OsStr::from_bytes(p))) else {
        return (status == Status::NO_PERMISSION).then(|| "wrong user or password".into());
    };
    if status != Status::CONNECTION_REFUSED {
        return None;
    }
    let with_options = name.starts_with(b"/") && name.contains(&b'?');
    let shown = latin(path.as_os_str().as_bytes());
    Some(match std::fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound && with_options => {
            format!("there is no {shown}; options need kea: in front")
        }
        Err(e) if e.kind() == ErrorKind::NotFound => format!("there is no {shown}"),
        Err(e) => format!("{shown}: {e}"),
        Ok(file) if file.file_type().is_socket() => "nobody listens there".into(),
        Ok(_) => format!("{shown} is not a socket"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints() {
        let folder = std::env::temp_dir().join(format!("omshell-hint-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("s");
        // The socket's file stays when nobody listens any more.
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        let (f, s) = (folder.display(), socket.display());
        let hint = |name: &str, status| hint(name.as_bytes(), status);
        let refused = Status::CONNECTION_REFUSED;
        let found = [
            hint(&format!("{s}"), refused),
            hint(&format!("kea:{s}?write=no"), refused),
            hint(&format!("{s}?write=no"), refused),
            hint(&format!("kea:{f}/none?write=no"), refused),
            hint(&format!("{f}"), refused),
            hint(&format!("{s}"), Status::NO_PERMISSION),
        ];
        std::fs::remove_dir_all(&folder).unwrap();
        let some = |text: String| Some(text);
        let expected = [
            some("nobody listens there".into()),
            some("nobody listens there".into()),
            some(format!(
                "there is no {s}?write=no; options need kea: in front"
            )),
            some(format!("there is no {f}/none")),
            some(format!("{f} is not a socket")),
            None,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn secrets_stay() {
        let name = b"kea+http://u:sesame@127.0.0.1:1/?wrte=no";
        for status in [
            Status::INVALID_ARGUMENT,
            Status::NO_PERMISSION,
            Status::CONNECTION_REFUSED,
        ] {
            assert!(!hint(name, status).unwrap_or_default().contains("sesame"));
        }
        assert!(hint(name, Status::NO_PERMISSION).is_some());
    }
}
