//! The subset of dhcpd.conf that matters over OMAPI.
//!
//! Understood: `key`, `omapi-key`, `omapi-port`, `shared-network`, `subnet`,
//! `pool`, `range`, `group`, `host` (`hardware`, `fixed-address`,
//! `option dhcp-client-identifier`, `uid`, `group`, `deleted`), `class`,
//! `subclass` (`lease limit`), `option .. code`, `failover peer`. Every other statement is
//! passed over with its block; `include` is not followed.

use super::SyntaxError;
use super::declarations::{class, host, key, peer};
use super::lexer::{Lexer, Token};
use super::values::{address, number};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

pub use super::declarations::{ClassConf, HostConf, KeyConf, PeerConf};

/// What a dhcpd.conf says.
#[derive(Clone, Debug, Default)]
pub struct Conf {
    /// The keys, in the order of the text.
    pub keys: Vec<KeyConf>,
    /// Name of the key that every client must sign with.
    pub omapi_key: Option<Vec<u8>>,
    /// Port of the server.
    pub omapi_port: Option<u16>,
    /// Networks and their masks.
    pub subnets: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// First and last addresses of the ranges of each pool.
    pub pools: Vec<Vec<(Ipv4Addr, Ipv4Addr)>>,
    /// Hosts, in the order of the text.
    pub hosts: Vec<HostConf>,
    /// Names of groups; groups without a name cannot be seen over OMAPI.
    pub groups: Vec<Vec<u8>>,
    /// Classes and subclasses.
    pub classes: Vec<ClassConf>,
    /// Names of the options that are defined, in small letters.
    pub options: BTreeSet<Vec<u8>>,
    /// Failover peers.
    pub peers: Vec<PeerConf>,
}

impl Conf {
    /// Reads a dhcpd.conf.
    ///
    /// # Errors
    /// The first mistake in a statement that is understood, or in the nesting.
    pub fn parse(text: &[u8]) -> Result<Self, SyntaxError> {
        let mut conf = Self::default();
        let mut lexer = Lexer::new(text);
        conf.block(&mut lexer, &Scope::default())?;
        Ok(conf)
    }

    fn block(&mut self, lexer: &mut Lexer<'_>, scope: &Scope) -> Result<(), SyntaxError> {
        // The pool of `range` statements that stand directly in a network.
        let mut own_pool = scope.pool;
        loop {
            match lexer.next()? {
                None if scope.depth == 0 => return Ok(()),
                None => return Err(lexer.error("missing '}'")),
                Some(Token::Mark(b'}')) if scope.depth > 0 => return Ok(()),
                Some(Token::Mark(b';')) => {}
                Some(word @ Token::Word(_)) => {
                    if word.is("range") {
                        let pool = *own_pool.get_or_insert_with(|| {
                            self.pools.push(Vec::new());
                            self.pools.len() - 1
                        });
                        let range = range(lexer)?;
                        self.pools[pool].push(range);
                    } else if !self.statement(&word, lexer, scope)? {
                        lexer.skip_statement()?;
                    }
                }
                Some(_) => return Err(lexer.error("expected a statement")),
            }
        }
    }

    /// One statement whose first word is taken; false when it is not one of
    /// ours.
    pub(super) fn statement(
        &mut self,
        word: &Token<'_>,
        lexer: &mut Lexer<'_>,
        scope: &Scope,
    ) -> Result<bool, SyntaxError> {
        if word.is("host") {
            let host = host(lexer, scope.group.clone())?;
            self.hosts.push(host);
        } else if word.is("group") {
            let name = match lexer.need()? {
                Token::Mark(b'{') => None,
                name @ (Token::Word(_) | Token::Text(_)) => {
                    lexer.open_block()?;
                    Some(name.bytes().to_vec())
                }
                Token::Mark(_) => return Err(lexer.error("expected a name or '{'")),
            };
            self.groups.extend(name.clone());
            let inner = Scope {
                group: name.or_else(|| scope.group.clone()),
                ..scope.inner(lexer)?
            };
            self.block(lexer, &inner)?;
        } else if word.is("class") || word.is("subclass") {
            let class = class(lexer, word.is("subclass"))?;
            self.classes.push(class);
        } else if word.is("key") {
            let key = key(lexer)?;
            self.keys.push(key);
        } else if word.is("option") {
            let before = [lexer.need()?, lexer.need()?];
            if before.contains(&Token::Mark(b';')) {
                return Err(lexer.error("option takes a name and a value"));
            }
            if before[1].is("code") {
                self.options.insert(before[0].bytes().to_ascii_lowercase());
            }
            lexer.skip_statement()?;
        } else if word.is("omapi-key") {
            let [name] = &lexer.arguments()?[..] else {
                return Err(lexer.error("omapi-key takes a name"));
            };
            self.omapi_key = Some(name.bytes().to_vec());
        } else if word.is("omapi-port") {
            let port = match &lexer.arguments()?[..] {
                [port] => number(port).and_then(|n| u16::try_from(n).ok()),
                _ => None,
            };
            self.omapi_port = Some(port.ok_or_else(|| lexer.error("omapi-port takes a port"))?);
        } else if word.is("shared-network") {
            lexer.need()?;
            lexer.open_block()?;
            self.block(lexer, &scope.inner(lexer)?)?;
        } else if word.is("subnet") {
            let net = address(&lexer.need()?);
            let is_netmask = lexer.need()?.is("netmask");
            let (Some(net), true, Some(mask)) = (net, is_netmask, address(&lexer.need()?)) else {
                return Err(lexer.error("expected 'subnet ADDRESS netmask MASK'"));
            };
            lexer.open_block()?;
            self.subnets.push((net, mask));
            self.block(lexer, &scope.inner(lexer)?)?;
        } else if word.is("pool") {
            lexer.open_block()?;
            self.pools.push(Vec::new());
            let inner = Scope {
                pool: Some(self.pools.len() - 1),
                ..scope.inner(lexer)?
            };
            self.block(lexer, &inner)?;
        } else if word.is("failover") && scope.pool.is_none() {
            self.peers.extend(peer(lexer)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

/// What a statement stands in.
#[derive(Clone, Default)]
pub(super) struct Scope {
    depth: usize,
    group: Option<Vec<u8>>,
    pool: Option<usize>,
}

impl Scope {
    /// The scope of a block in this one. The depth is limited because blocks
    /// are read recursively.
    fn inner(&self, lexer: &Lexer<'_>) -> Result<Self, SyntaxError> {
        if self.depth == 64 {
            return Err(lexer.error("blocks are nested too deep"));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self.clone()
        })
    }
}

fn range(lexer: &mut Lexer<'_>) -> Result<(Ipv4Addr, Ipv4Addr), SyntaxError> {
    let arguments = lexer.arguments()?;
    let addresses = match &arguments[..] {
        [flag, rest @ ..] if flag.is("dynamic-bootp") => rest,
        all => all,
    };
    let range = match addresses {
        [only] => address(only).map(|a| (a, a)),
        [first, last] => address(first).zip(address(last)),
        _ => None,
    };
    range
        .map(|(a, b)| (a.min(b), a.max(b)))
        .ok_or_else(|| lexer.error("range takes one or two addresses"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subset() {
        let conf = Conf::parse(
            br#"
            authoritative; option domain-name "x"; option Mine.a code 3 = array of { text, ip-address };
            key k { algorithm hmac-md5; secret AAECAw==; };
            omapi-key k; omapi-port 7911;
            class "c" { match hardware; lease limit 4; }
            subclass "c" 1:02:03;
            subclass "c" "text" { lease limit 2; }
            shared-network s {
              subnet 10.0.0.0 netmask 255.255.0.0 { pool { range 10.0.0.10 10.0.0.40; } range 10.0.1.1; }
            }
            failover peer "fo" { primary; address 127.0.0.1; port 7; peer address 127.0.0.2; peer port 8; load balance max seconds 5; }
            group g { on commit { set x = "y"; }
              host a { hardware ethernet 00:11:22:33:44:55; fixed-address 10.0.0.5, 10.0.0.6; filename "f"; } }
            host b { option dhcp-client-identifier "abc"; }
            "#,
        )
        .unwrap();
        assert!(conf.options.contains(&b"mine.a"[..]));
        assert_eq!(conf.keys[0].secret, [0, 1, 2, 3]);
        assert_eq!(conf.omapi_key.as_deref(), Some(&b"k"[..]));
        assert_eq!(conf.omapi_port, Some(7911));
        assert_eq!(conf.subnets.len(), 1);
        let ip = |last: u8, third| Ipv4Addr::new(10, 0, third, last);
        assert_eq!(
            conf.pools,
            [vec![(ip(10, 0), ip(40, 0))], vec![(ip(1, 1), ip(1, 1))]]
        );
        assert_eq!(conf.classes[1].data.as_deref(), Some(&[1, 2, 3][..]));
        assert_eq!(conf.classes[2].lease_limit, Some(2));
        assert_eq!(conf.hosts[0].group.as_deref(), Some(&b"g"[..]));
        assert_eq!(conf.hosts[0].addresses.len(), 2);
        assert_eq!(conf.hosts[1].client_id.as_deref(), Some(&b"abc"[..]));
        let fo = &conf.peers[0];
        assert_eq!(
            (fo.port, fo.peer_port, fo.load_balance_max_seconds),
            (7, 8, 5)
        );
        assert_eq!(fo.peer_address, Ipv4Addr::new(127, 0, 0, 2));
    }

    #[test]
    fn mistakes_have_a_line() {
        for (text, line) in [
            ("host a {", 1),
            ("\nrange 1 2;", 2),
            ("}", 1),
            ("key k { algorithm hmac-md5; }", 1),
            ("subnet 10.0.0.0 {", 1),
        ] {
            let error = Conf::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
        }
        let deep = "group { ".repeat(100_000);
        assert!(Conf::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let conf = Conf::parse(b"key k { algorithm hmac-md5; secret MTIzNDU2; };").unwrap();
        assert!(!format!("{conf:?}").contains("secret"));
    }
}
