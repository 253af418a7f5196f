//! dhcpd.leases: leases, and the hosts, groups and subclasses that were made
//! over OMAPI, which dhcpd records there too.

use super::SyntaxError;
use super::conf::{Conf, Scope};
use super::lexer::{Lexer, Token};
pub(crate) use super::values::NEVER;
use super::values::{address, data, hardware, number, time};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// State of a lease, with the numbers of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // named as in dhcpd.leases
pub enum State {
    #[default]
    Free = 1,
    Active = 2,
    Expired = 3,
    Released = 4,
    Abandoned = 5,
    Reset = 6,
    Backup = 7,
}

impl State {
    /// From the number on the wire.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as u32 == code)
    }

    const ALL: [Self; 7] = [
        Self::Free,
        Self::Active,
        Self::Expired,
        Self::Released,
        Self::Abandoned,
        Self::Reset,
        Self::Backup,
    ];

    fn from_token(token: &Token<'_>) -> Option<Self> {
        const NAMES: [&str; 7] = [
            "free",
            "active",
            "expired",
            "released",
            "abandoned",
            "reset",
            "backup",
        ];
        let at = NAMES.iter().position(|name| token.is(name))?;
        Some(Self::ALL[at])
    }
}

/// The flag of a lease that was given by BOOTP.
pub(crate) const FLAG_BOOTP: u8 = 2;
/// The flag of a reserved lease.
pub(crate) const FLAG_RESERVED: u8 = 4;

/// A variable of a lease (`set NAME = ...`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// A string or bytes.
    Data(Vec<u8>),
    /// A number, or 0 and 1 for false and true.
    Number(u32),
}

/// One `lease` entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // named as in dhcpd.leases
pub struct LeaseEntry {
    pub state: State,
    pub next_state: State,
    pub starts: u32,
    pub ends: u32,
    pub tstp: u32,
    pub tsfp: u32,
    pub atsfp: u32,
    pub cltt: u32,
    pub hardware: Option<(u8, Vec<u8>)>,
    pub uid: Option<Vec<u8>>,
    pub hostname: Option<Vec<u8>>,
    pub flags: u8,
    /// In the order of the file.
    pub variables: Vec<(Vec<u8>, Variable)>,
    /// Class name, and the value of the subclass if it is one.
    pub billing: Option<(Vec<u8>, Option<Vec<u8>>)>,
}

/// What a dhcpd.leases says.
#[derive(Clone, Debug, Default)]
pub struct Leases {
    /// The last entry of each address.
    pub entries: BTreeMap<Ipv4Addr, LeaseEntry>,
    /// Hosts, groups and subclasses, in the order of the file.
    pub made: Conf,
}

impl Leases {
    /// Reads a dhcpd.leases.
    ///
    /// # Errors
    /// The first mistake in a statement that is understood, or in the nesting.
    pub fn parse(text: &[u8]) -> Result<Self, SyntaxError> {
        let mut leases = Self::default();
        let mut lexer = Lexer::new(text);
        while let Some(token) = lexer.next()? {
            if token == Token::Mark(b';') {
                continue;
            }
            if token.is("lease") {
                let ip = address(&lexer.need()?);
                let ip = ip.ok_or_else(|| lexer.error("lease without an address"))?;
                lexer.open_block()?;
                let entry = entry(&mut lexer)?;
                leases.entries.insert(ip, entry);
            } else if ["host", "group", "class", "subclass"]
                .iter()
                .any(|w| token.is(w))
            {
                leases
                    .made
                    .statement(&token, &mut lexer, &Scope::default())?;
            } else {
                lexer.skip_statement()?;
            }
        }
        Ok(leases)
    }
}

fn entry(lexer: &mut Lexer<'_>) -> Result<LeaseEntry, SyntaxError> {
    let mut lease = LeaseEntry::default();
    let mut tstp = None;
    loop {
        let word = match lexer.need()? {
            Token::Mark(b'}') => break,
            Token::Mark(b';') => continue,
            word => word,
        };
        let state = if word.is("binding") {
            Some(&mut lease.state)
        } else if word.is("next") {
            Some(&mut lease.next_state)
        } else {
            None
        };
        if let Some(state) = state {
            let found = lexer.arguments()?.last().and_then(State::from_token);
            *state = found.ok_or_else(|| lexer.error("not a binding state"))?;
            continue;
        }
        let at = if word.is("starts") {
            Some(&mut lease.starts)
        } else if word.is("ends") {
            Some(&mut lease.ends)
        } else if word.is("tstp") {
            Some(tstp.insert(0))
        } else if word.is("tsfp") {
            Some(&mut lease.tsfp)
        } else if word.is("atsfp") {
            Some(&mut lease.atsfp)
        } else if word.is("cltt") {
            Some(&mut lease.cltt)
        } else {
            None
        };
        if let Some(at) = at {
            let found = time(&lexer.arguments()?);
            *at = found.ok_or_else(|| lexer.error("not a time"))?;
            continue;
        }
        if !other(&word, lexer, &mut lease)? {
            lexer.skip_statement()?;
        }
    }
    lease.tstp = tstp.unwrap_or(lease.ends);
    Ok(lease)
}

/// The statements that are neither states nor times; false when unknown.
fn other(
    word: &Token<'_>,
    lexer: &mut Lexer<'_>,
    lease: &mut LeaseEntry,
) -> Result<bool, SyntaxError> {
    if word.is("hardware") {
        let hw = hardware(&lexer.arguments()?);
        lease.hardware = Some(hw.ok_or_else(|| lexer.error("not a hardware address"))?);
    } else if word.is("uid") {
        let uid = lexer.arguments()?.first().and_then(data);
        lease.uid = Some(uid.ok_or_else(|| lexer.error("not a client identifier"))?);
    } else if word.is("client-hostname") {
        lease.hostname = lexer.arguments()?.first().map(|t| t.bytes().to_vec());
    } else if word.is("reserved") {
        lexer.arguments()?;
        lease.flags |= FLAG_RESERVED;
    } else if word.is("dynamic-bootp") {
        lexer.arguments()?;
        lease.flags |= FLAG_BOOTP;
    } else if word.is("abandoned") {
        // Files of dhcpd 2 have no binding state.
        lexer.arguments()?;
        lease.state = State::Abandoned;
    } else if word.is("billing") {
        lease.billing = match &lexer.arguments()?[..] {
            [kind, class] if kind.is("class") => Some((class.bytes().to_vec(), None)),
            [kind, class, value] if kind.is("subclass") => {
                data(value).map(|value| (class.bytes().to_vec(), Some(value)))
            }
            _ => None,
        };
    } else if word.is("set") {
        // Other values than these are expressions, which have no value here.
        if let [name @ Token::Word(_), Token::Mark(b'='), value] = &lexer.arguments()?[..]
            && let Some(value) = variable(value)
        {
            lease.variables.push((name.bytes().to_vec(), value));
        }
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn variable(token: &Token<'_>) -> Option<Variable> {
    if let Token::Word([b'%', digits @ ..]) = token {
        return number(&Token::Word(digits)).map(Variable::Number);
    }
    if token.is("true") || token.is("false") {
        return Some(Variable::Number(u32::from(token.is("true"))));
    }
    data(token).map(Variable::Data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(body: &str) -> LeaseEntry {
        let text = format!("lease 10.0.0.1 {{ {body} }}");
        let leases = Leases::parse(text.as_bytes()).unwrap();
        leases.entries[&Ipv4Addr::new(10, 0, 0, 1)].clone()
    }

    #[test]
    fn statements_of_a_lease() {
        let l = lease(
            r#"starts 6 2026/11/21 00:00:00; ends never; cltt epoch 5; # comment
            binding state active; next binding state free; rewind binding state free;
            reserved; dynamic-bootp; hardware ethernet 02:00:00:00:00:0a;
            uid "\001\002\000"; client-hostname "h"; billing subclass "c" 1:02;
            option agent.circuit-id "p"; on expiry { set y = 1; }
            set a = "text"; set b = %42; set c = true; set d = 01:ff; set e = concat("x");"#,
        );
        assert_eq!(l.state, State::Active);
        assert_eq!(
            (l.starts, l.ends, l.tstp),
            (0x6b00_df00, 0x7fff_ffff, 0x7fff_ffff)
        );
        assert_eq!((l.cltt, l.flags), (5, 6));
        assert_eq!(l.hardware, Some((1, vec![2, 0, 0, 0, 0, 10])));
        assert_eq!(l.uid.as_deref(), Some(&[1, 2, 0][..]));
        assert_eq!(l.billing, Some((b"c".to_vec(), Some(vec![1, 2]))));
        let expected = [
            (b"a".to_vec(), Variable::Data(b"text".to_vec())),
            (b"b".to_vec(), Variable::Number(42)),
            (b"c".to_vec(), Variable::Number(1)),
            (b"d".to_vec(), Variable::Data(vec![1, 0xff])),
        ];
        assert_eq!(l.variables, expected);
    }

    #[test]
    fn later_entries_win_and_other_records_are_read() {
        let leases = Leases::parse(
            br#"authoring-byte-order little-endian; server-duid "\000\001";
            lease 10.0.0.1 { binding state active; client-hostname "old"; }
            ia-na "x" { iaaddr ::1 { binding state active; } }
            failover peer "fo" state { my state normal at 6 2026/11/21 00:00:00; }
            host n { dynamic; hardware ethernet 0:1:2:3:4:5; fixed-address 10.9.9.9; }
            host m { dynamic; deleted; }
            lease 10.0.0.1 { binding state free; }"#,
        )
        .unwrap();
        assert_eq!(leases.entries.len(), 1);
        assert_eq!(leases.entries[&Ipv4Addr::new(10, 0, 0, 1)].hostname, None);
        assert_eq!(leases.made.hosts.len(), 2);
        assert!(leases.made.hosts[1].deleted);
    }

    #[test]
    fn mistakes_have_a_line() {
        for text in [
            "\nlease 10.0.0.1 { starts soon; }",
            "\nlease x {",
            "\nlease 10.0.0.1 { binding state odd; }",
            "\nlease 10.0.0.1 {",
        ] {
            assert_eq!(
                Leases::parse(text.as_bytes()).unwrap_err().line,
                2,
                "{text}"
            );
        }
    }
}
