//! `statements` of hosts and groups: those of dhcpd.conf that Kea can do just
//! as well. One that it cannot makes the whole request fail: nothing is
//! half-applied or left out.

use super::Failure;
use super::json::{self, Map, Value};
use super::options;
use super::tokens::{Token, tokens};
use core::slice;
use omapi::status::Status;

/// What statements mean for Kea.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translation {
    /// `option-data`, by code, the last statement winning.
    options: Vec<(u8, Vec<u8>)>,
    /// `boot-file-name`, `next-server`, `server-hostname`.
    fields: Vec<(&'static str, String)>,
    /// `deny booting`.
    pub drop: bool,
    /// Seconds: `valid-lifetime`, `min-valid-lifetime`, `max-valid-lifetime`.
    pub lifetimes: [Option<u32>; 3],
}

/// Splits and translates.
///
/// # Errors
/// `DHCP_R_BADPARSE` for what dhcpd would not take either,
/// `ISC_R_NOTIMPLEMENTED` for what Kea has no equivalent of.
pub fn translate(text: &[u8]) -> Result<Translation, Failure> {
    let tokens = tokens(text)?;
    let mut all = Translation::default();
    let mut any = false;
    for statement in tokens.split(|t| *t == Token::End) {
        if !statement.is_empty() {
            all.add(statement)?;
            any = true;
        }
    }
    if !any {
        return Err(Failure::because(Status::BAD_PARSE, "no statement"));
    }
    all.check_lifetimes()?;
    Ok(all)
}

impl Translation {
    /// True if there is something in it that only a class can express.
    #[must_use]
    pub fn lifetime_class(&self) -> Option<String> {
        let [valid, min, max] = self.lifetimes;
        if self.lifetimes == [None; 3] {
            return None;
        }
        let part = |n: Option<u32>| n.map_or("x".into(), |n| n.to_string());
        Some(match (valid, min, max) {
            (Some(valid), None, None) => format!("omapi-lifetime-{valid}"),
            _ => format!("omapi-lifetime-{}-{}-{}", part(valid), part(min), part(max)),
        })
    }

    /// Kea takes a bound without a default as the default, and none that are in
    /// the wrong order.
    fn check_lifetimes(&self) -> Result<(), Failure> {
        match self.lifetimes {
            [None, None, None] => Ok(()),
            [None, ..] => Err(Failure::because(
                Status::NOT_IMPLEMENTED,
                "min- and max-lease-time need default-lease-time beside them",
            )),
            [Some(valid), min, max]
                if min.is_some_and(|m| m > valid) || max.is_some_and(|m| m < valid) =>
            {
                Err(Failure::because(
                    Status::INVALID_ARGUMENT,
                    "lease times in the wrong order",
                ))
            }
            _ => Ok(()),
        }
    }

    /// True if it has an option 43 in bytes, which Kea loses from 2.4 on when
    /// its configuration is written.
    #[must_use]
    pub fn has_option_43(&self) -> bool {
        self.options.iter().any(|(code, _)| *code == 43)
    }

    /// The lifetimes as fields of a class.
    pub fn put_lifetimes(&self, class: &mut Map) {
        let names = ["valid-lifetime", "min-valid-lifetime", "max-valid-lifetime"];
        for (name, value) in names.into_iter().zip(self.lifetimes) {
            if let Some(seconds) = value {
                class.insert(name.into(), seconds.into());
            }
        }
    }

    /// Options and header fields into a reservation or class: what is there
    /// of the same code is replaced.
    pub fn put(&self, map: &mut Map) {
        for (name, value) in &self.fields {
            map.insert((*name).into(), value.clone().into());
        }
        if self.options.is_empty() {
            return;
        }
        let list = map
            .entry("option-data")
            .or_insert_with(|| Value::Array(Vec::new()));
        let Some(list) = list.as_array_mut() else {
            return;
        };
        for (code, bytes) in &self.options {
            list.retain(|o| {
                let same = o.get("code").and_then(Value::as_u64) == Some(u64::from(*code));
                let space = o.get("space").and_then(Value::as_str);
                !same || space.is_some_and(|s| s != "dhcp4")
            });
            list.push(Value::Object(json::map([
                ("code", Value::from(*code)),
                ("csv-format", false.into()),
                ("data", json::hex(bytes).into()),
            ])));
        }
    }

    fn add(&mut self, statement: &[Token]) -> Result<(), Failure> {
        let bad = |why| Err(Failure::because(Status::BAD_PARSE, why));
        let refuse = |why| Err(Failure::because(Status::NOT_IMPLEMENTED, why));
        let [Token::Word(keyword), rest @ ..] = statement else {
            return bad("statement");
        };
        let rest = match (&keyword[..], rest) {
            ("supersede" | "default", [Token::Word(option), more @ ..]) if option == "option" => {
                more
            }
            (_, rest) => rest,
        };
        // What OMAPI clients write: `supersede server.filename = "x"`.
        let (keyword, rest) = match (&keyword[..], rest) {
            ("supersede" | "default", [Token::Word(name), more @ ..]) => {
                match name.strip_prefix("server.") {
                    Some(field @ ("filename" | "server-name" | "next-server")) => (field, more),
                    _ => (&keyword[..], rest),
                }
            }
            other => other,
        };
        let (assigned, plain) = match rest {
            [name @ Token::Word(_), Token::Word(equals), value @ ..] if equals == "=" => {
                (constant(value), [slice::from_ref(name), value].concat())
            }
            [Token::Word(equals), value @ ..] if equals == "=" => {
                if keyword.ends_with("-lease-time") {
                    return refuse("an expression");
                }
                if !["filename", "server-name", "next-server"].contains(&keyword) {
                    return bad("an equals sign");
                }
                let Some(bytes) = constant(value) else {
                    return refuse("an expression");
                };
                (Some(bytes), value.to_vec())
            }
            rest => (None, rest.to_vec()),
        };
        match (keyword, &plain[..]) {
            ("option" | "supersede" | "default", [Token::Word(name), value @ ..]) => {
                let (code, format) = options::find(name)?;
                if let ([Token::Word(_)], Some(bytes)) = (value, assigned) {
                    self.options.retain(|(c, _)| *c != code);
                    self.options.push((code, bytes));
                    return Ok(());
                }
                if value.iter().any(|t| matches!(t, Token::Other(_))) {
                    return refuse("an expression");
                }
                let bytes = options::encode(format, value)?;
                self.options.retain(|(c, _)| *c != code);
                self.options.push((code, bytes));
                Ok(())
            }
            ("filename", [Token::Text(t)]) => self.field("boot-file-name", t, 127),
            ("server-name", [Token::Text(t)]) => self.field("server-hostname", t, 63),
            ("next-server", [token]) => {
                let [a, b, c, d] = match assigned.map(<[u8; 4]>::try_from) {
                    Some(Ok(bytes)) => bytes,
                    Some(Err(_)) => return refuse("an address that is none"),
                    None => options::address(token)?,
                };
                self.field("next-server", format!("{a}.{b}.{c}.{d}").as_bytes(), 15)
            }
            ("default-lease-time", [Token::Word(n)]) => self.lifetime(0, n),
            ("min-lease-time", [Token::Word(n)]) => self.lifetime(1, n),
            ("max-lease-time", [Token::Word(n)]) => self.lifetime(2, n),
            ("deny" | "ignore", [Token::Word(what)]) if what == "booting" => {
                self.drop = true;
                Ok(())
            }
            ("allow", [Token::Word(what)]) if what == "booting" => {
                self.drop = false;
                Ok(())
            }
            (word, _) if NOT_MAPPED.contains(&word) || word.starts_with("ddns-") => {
                refuse("Kea has no faithful equivalent of this statement")
            }
            _ => bad("statement"),
        }
    }

    fn field(&mut self, name: &'static str, value: &[u8], most: usize) -> Result<(), Failure> {
        let printable = value.iter().all(|b| *b >= b' ' && *b != 0x7f);
        if value.is_empty() || value.len() > most || !printable {
            return Err(Failure::because(Status::BAD_PARSE, "text"));
        }
        self.fields.retain(|(n, _)| *n != name);
        self.fields.push((name, json::text(value)));
        Ok(())
    }

    fn lifetime(&mut self, which: usize, word: &str) -> Result<(), Failure> {
        let seconds = options::number(word).and_then(|n| u32::try_from(n).ok());
        let seconds = seconds.ok_or(Failure::because(Status::BAD_PARSE, "seconds"))?;
        self.lifetimes[which] = Some(seconds);
        Ok(())
    }
}

/// The bytes of a constant expression: a text, or bytes in hexadecimal.
fn constant(value: &[Token]) -> Option<Vec<u8>> {
    match value {
        [Token::Text(text)] => Some(text.clone()),
        [Token::Word(word)] if word.contains(':') => word
            .split(':')
            .map(|byte| match byte.len() {
                1 | 2 => u8::from_str_radix(byte, 16).ok(),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// Statements of dhcpd that are known and cannot be done.
const NOT_MAPPED: [&str; 74] = [
    "if",
    "elsif",
    "else",
    "switch",
    "case",
    "break",
    "on",
    "set",
    "unset",
    "eval",
    "execute",
    "log",
    "send",
    "append",
    "prepend",
    "request",
    "require",
    "option",
    "supersede",
    "default",
    "fixed-address",
    "hardware",
    "host-identifier",
    "always-broadcast",
    "always-reply-rfc1048",
    "use-host-decl-names",
    "use-lease-addr-for-default-route",
    "vendor-option-space",
    "site-option-space",
    "authoritative",
    "not",
    "range",
    "pool",
    "subnet",
    "zone",
    "key",
    "include",
    "deny",
    "allow",
    "ignore",
    "get-lease-hostnames",
    "update-static-leases",
    "abandon-lease-time",
    "adaptive-lease-time-threshold",
    "boot-unknown-clients",
    "check-secs-byte-order",
    "delayed-ack",
    "dhcpv6-set-tee-times",
    "do-forward-updates",
    "dynamic-bootp-lease-cutoff",
    "dynamic-bootp-lease-length",
    "echo-client-id",
    "ignore-client-uids",
    "infinite-is-reserved",
    "leasequery",
    "limit-addrs-per-ia",
    "log-facility",
    "max-ack-delay",
    "min-secs",
    "one-lease-per-client",
    "persist-eui-64-leases",
    "ping-cltt-secs",
    "ping-check",
    "ping-timeout",
    "ping-timeout-ms",
    "preferred-lifetime",
    "release-on-roam",
    "server-identifier",
    "server-id-check",
    "stash-agent-options",
    "update-conflict-detection",
    "update-optimization",
    "vendor-class",
    "user-class",
];

#[cfg(test)]
mod tests {
    use super::super::tokens::MAX;
    use super::*;

    fn options(text: &str) -> Vec<(u8, Vec<u8>)> {
        translate(text.as_bytes()).unwrap().options
    }

    #[test]
    fn values() {
        for (text, code, bytes) in [
            (
                "option routers 10.0.0.1, 10.0.0.2;",
                3,
                &[10, 0, 0, 1, 10, 0, 0, 2][..],
            ),
            ("option domain-name \"a,b\\\"c\"", 15, b"a,b\"c"),
            ("option time-offset -3600;", 2, &[0xff, 0xff, 0xf1, 0xf0]),
            ("option interface-mtu 0x5dc;", 26, &[5, 0xdc]),
            (
                "option path-mtu-plateau-table 68, 296;",
                25,
                &[0, 68, 1, 40],
            ),
            ("option ip-forwarding on;", 19, &[1]),
            (
                "option static-routes 10.1.0.0 10.0.0.1;",
                33,
                &[10, 1, 0, 0, 10, 0, 0, 1],
            ),
            (
                "option domain-search \"a.b\", \"c.\";",
                119,
                b"\x01a\x01b\x00\x01c\x00",
            ),
            ("option option-150 0a:00:00:01;", 150, &[10, 0, 0, 1]),
            ("option unknown-224 \"\\x41\\102\";", 224, b"AB"),
            ("supersede domain-name \"x\"; # end", 15, b"x"),
            ("supersede host-name = \"x\";", 12, b"x"),
            ("option routers = 0a:00:00:1;", 3, &[10, 0, 0, 1]),
            ("option root-path = 2f:61;", 17, b"/a"),
        ] {
            assert_eq!(options(text), [(code, bytes.to_vec())], "{text}");
        }
        assert_eq!(
            options("option routers 1.1.1.1; option routers 2.2.2.2;").len(),
            1
        );
    }

    #[test]
    fn fields_and_classes() {
        let t = translate(b"filename \"p\"; next-server 1.2.3.4; server-name \"s\"; deny booting;")
            .unwrap();
        let mut map = Map::new();
        t.put(&mut map);
        assert_eq!(
            json::emit(&map.into()),
            br#"{"boot-file-name":"p","next-server":"1.2.3.4","server-hostname":"s"}"#
        );
        assert!(t.drop);
        for text in [
            "filename = \"p\"; next-server = 01:02:03:04; server-name = \"s\";",
            "supersede server.filename = \"p\"; default server.next-server = 1:2:3:4; \
             supersede server.server-name \"s\";",
        ] {
            assert_eq!(translate(text.as_bytes()).unwrap().fields, t.fields);
        }
        let t = translate(b"default-lease-time 77").unwrap();
        assert_eq!(t.lifetime_class().unwrap(), "omapi-lifetime-77");
        let t = translate(b"default-lease-time 77; max-lease-time 99;").unwrap();
        assert_eq!(t.lifetime_class().unwrap(), "omapi-lifetime-77-x-99");
    }

    #[test]
    fn refused() {
        for text in [
            "option subnet-mask 255.0.0.0;",
            "option dhcp-lease-time 5;",
            "if exists agent.circuit-id { option routers 1.1.1.1; }",
            "option host-name = concat(\"a\", \"b\");",
            "option routers gw.example.org;",
            "use-host-decl-names on;",
            "ddns-hostname \"x\";",
            "fixed-address 10.0.0.1;",
            "on commit { execute(\"x\"); }",
            "next-server tftp.example.org;",
            "next-server = 01:02:03;",
            "supersede server.ddns-hostname = \"x\";",
        ] {
            let failure = translate(text.as_bytes()).unwrap_err();
            assert_eq!(failure.status(), Status::NOT_IMPLEMENTED, "{text}");
        }
        for text in [
            "",
            ";",
            "option",
            "option zork 1;",
            "option routers",
            "option routers 1.2.3;",
            "option routers 1.1.1.1,;",
            "option domain-name unquoted;",
            "option domain-name \"\\x+f\";",
            "option domain-name \"open",
            "option interface-mtu 65536;",
            "option domain-search \"..\";",
            "filename \"\\n\";",
            "zork;",
            "default-lease-time = 5;",
            "deny = booting;",
            "next-server = 10.0.0.1;",
            "filename = concat(\"a\", \"b\");",
            "\x01",
            "option domain-name \"\";",
        ] {
            let failure = translate(text.as_bytes()).unwrap_err();
            let expected = [Status::BAD_PARSE, Status::NOT_IMPLEMENTED];
            assert!(expected.contains(&failure.status()), "{text}: {failure:?}");
        }
        let long = format!("filename \"{}\";", "x".repeat(128));
        assert!(translate(long.as_bytes()).is_err());
        assert!(translate(&vec![b' '; MAX + 1]).is_err());
    }
}
