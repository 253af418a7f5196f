//! The command line.

use base64::Engine as _;
use lexopt::{Arg, Parser, ValueExt as _};
use omapi::auth::Algorithm;
use omapi_testd::Config;
use omapi_testd::text::conf::{Conf, KeyConf};
use omapi_testd::text::leases::Leases;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};

pub(crate) const HELP: &str = "\
Usage: omapi-testd [OPTION]...

An OMAPI server for demonstrations and tests. It answers as ISC dhcpd does,
serves no DHCP, needs no privileges and writes nothing to disk. Once it serves
it prints one line: listening on ADDR:PORT

  --listen ADDR:PORT       where to listen (127.0.0.1 and the omapi-port of
                           --config, or 7911); port 0 takes any free port
  --leases FILE            a dhcpd.leases: leases, and hosts, groups and
                           subclasses recorded there
  --range FIRST-LAST       addresses that are free leases unless the file says
                           otherwise; may be repeated
  --key NAME:ALG:BASE64    the key that clients have to sign with; ALG is
                           hmac-md5, -sha1, -sha224, -sha256, -sha384, -sha512
  --key-optional           accept unsigned requests in spite of --key
  --config FILE            a dhcpd.conf; of it count: key, omapi-key,
                           omapi-port, shared-network, subnet, pool, range,
                           group, host, class, subclass, failover peer
  --interface NAME         a network interface that can be looked up; may be
                           repeated
  --now SECONDS            the present, in seconds since 1970: decides which
                           leases are over at the start
  --help, --version        print this, or the version, and exit
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Serve(Box<Config>),
    Help,
    Version,
}

/// Reads the arguments behind the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut config = Config::default();
    let (mut listen, mut keys, mut key_optional) = (None, Vec::new(), false);
    let mut parser = Parser::from_args(args);
    while let Some(arg) = parser.next().map_err(text)? {
        let Arg::Long(name) = arg else {
            return Err(text(arg.unexpected()));
        };
        let name = name.to_owned();
        match name.as_str() {
            "help" => return Ok(Command::Help),
            "version" => return Ok(Command::Version),
            "key-optional" => {
                key_optional = true;
                continue;
            }
            "listen" | "leases" | "range" | "key" | "config" | "interface" | "now" => {}
            _ => return Err(text(Arg::Long(&name).unexpected())),
        }
        let value = parser.value().map_err(text)?;
        if name == "leases" || name == "config" {
            let path = std::path::Path::new(&value);
            let named = |problem: String| format!("{}: {problem}", path.display());
            let bytes = std::fs::read(path).map_err(|e| named(e.to_string()))?;
            if name == "leases" {
                config.leases = Leases::parse(&bytes).map_err(|e| named(e.to_string()))?;
            } else {
                config.conf = Conf::parse(&bytes).map_err(|e| named(e.to_string()))?;
            }
            continue;
        }
        let value = value.string().map_err(text)?;
        let wrong = || format!("--{name} does not take '{value}'");
        match name.as_str() {
            "listen" => listen = Some(value.parse::<SocketAddr>().map_err(|_| wrong())?),
            "range" => config.ranges.push(range(&value).ok_or_else(wrong)?),
            // The value is not repeated: it has a secret in it.
            "key" => keys.push(key(&value).ok_or("--key takes NAME:ALG:BASE64")?),
            "now" => config.now = Some(value.parse().map_err(|_| wrong())?),
            _ => config.interfaces.push(value),
        }
    }
    if !key_optional && let Some(last) = keys.last() {
        config.conf.omapi_key = Some(last.name.clone());
    }
    config.conf.keys.extend(keys);
    if let Some(listen) = listen {
        config.listen = listen;
    } else if let Some(port) = config.conf.omapi_port {
        config.listen.set_port(port);
    }
    Ok(Command::Serve(Box::new(config)))
}

fn text(error: lexopt::Error) -> String {
    error.to_string()
}

fn range(value: &str) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}

fn key(value: &str) -> Option<KeyConf> {
    let mut parts = value.splitn(3, ':');
    let (name, algorithm, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let secret = base64::engine::general_purpose::STANDARD.decode(secret);
    Some(KeyConf {
        name: (!name.is_empty()).then(|| name.as_bytes().to_vec())?,
        algorithm: Algorithm::from_name(algorithm)?,
        secret: secret.ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(args: &[&str]) -> Result<Config, String> {
        match parse(args.iter().map(OsString::from))? {
            Command::Serve(config) => Ok(*config),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn everything() {
        let c = config(&[
            "--listen=127.0.0.2:0",
            "--range",
            "10.0.0.1-10.0.0.9",
            "--range=10.0.1.1",
            "--key",
            "k:hmac-sha256:AAEC",
            "--now",
            "7",
            "--interface",
            "eth0",
        ])
        .unwrap();
        assert_eq!(c.listen, "127.0.0.2:0".parse().unwrap());
        assert_eq!(c.ranges.len(), 2);
        assert_eq!(c.conf.omapi_key.as_deref(), Some(&b"k"[..]));
        assert_eq!(c.conf.keys[0].secret, [0, 1, 2]);
        assert_eq!((c.now, c.interfaces.len()), (Some(7), 1));
        let optional = config(&["--key", "k:hmac-md5:AAEC", "--key-optional"]).unwrap();
        assert_eq!(optional.conf.omapi_key, None);
        assert_eq!(
            config(&[]).unwrap().listen,
            "127.0.0.1:7911".parse().unwrap()
        );
    }

    #[test]
    fn mistakes() {
        for wrong in [
            &["--listen", "x"][..],
            &["--range", "10.0.0.9-10.0.0.1"],
            &["--key", "k:hmac-x:AAEC"],
            &["--key", "k:hmac-md5"],
            &["--now"],
            &["--once"],
            &["file"],
            &["-x"],
            &["--leases", "/nonexistent"],
        ] {
            assert!(config(wrong).is_err(), "{wrong:?}");
        }
        let secret = config(&["--key", "k:hmac-md5:s3cr3t!"]).unwrap_err();
        assert!(!secret.contains("s3cr3t"));
    }
}
