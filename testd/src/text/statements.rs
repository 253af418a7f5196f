//! Is this the text of executable statements? Just enough of the grammar of
//! dhcpd.conf that a mistake gets dhcpd's answer, a parse error.

use super::lexer::{Lexer, Token};

/// Statements that end with `;` and have at least one argument.
const SIMPLE: &[&str] = &[
    "add",
    "adaptive-lease-time-threshold",
    "allow",
    "always-broadcast",
    "always-reply-rfc1048",
    "append",
    "boot-unknown-clients",
    "ddns-domainname",
    "ddns-hostname",
    "ddns-rev-domainname",
    "ddns-ttl",
    "ddns-update-style",
    "ddns-updates",
    "default",
    "default-lease-time",
    "deny",
    "do-forward-updates",
    "dynamic-bootp-lease-cutoff",
    "dynamic-bootp-lease-length",
    "eval",
    "execute",
    "filename",
    "get-lease-hostnames",
    "ignore",
    "infinite-is-reserved",
    "lease-file-name",
    "limited-broadcast-address",
    "local-address",
    "log",
    "max-lease-time",
    "min-lease-time",
    "min-secs",
    "next-server",
    "one-lease-per-client",
    "option",
    "ping-check",
    "prepend",
    "return",
    "send",
    "server-identifier",
    "server-name",
    "set",
    "site-option-space",
    "stash-agent-options",
    "supersede",
    "unset",
    "update-conflict-detection",
    "update-optimization",
    "update-static-leases",
    "use-host-decl-names",
    "use-lease-addr-for-default-route",
    "vendor-option-space",
];

/// Statements with arguments and a block.
const BLOCK: &[&str] = &["if", "elsif", "on", "switch", "zone"];

/// How deep blocks may nest; the checker is recursive.
const DEPTH: usize = 64;

/// True when `text` is nothing but whole, known statements. The last `;` may
/// be missing, as in dhcpd.
pub(crate) fn parse(text: &[u8]) -> bool {
    let mut lexer = Lexer::new(text);
    block(&mut lexer, 0).is_some()
}

/// Statements to the end of the text (depth 0) or of the block. `None` is a
/// parse error.
fn block(lexer: &mut Lexer<'_>, depth: usize) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    loop {
        let Some(token) = lexer.next().ok()? else {
            return (depth == 0).then_some(());
        };
        match &token {
            Token::Mark(b';') => {}
            Token::Mark(b'}') => return (depth > 0).then_some(()),
            Token::Word(_) if token.is("else") => {
                // Either a block or the condition of `else if`.
                match lexer.next().ok()?? {
                    Token::Mark(b'{') => {}
                    word if word.is("if") => arguments(lexer, depth, b'{')?,
                    _ => return None,
                }
                block(lexer, depth + 1)?;
            }
            Token::Word(_) if token.is("break") => match lexer.next().ok()? {
                None | Some(Token::Mark(b';')) => {}
                Some(_) => return None,
            },
            // `case x:` and `default:` carry their colon inside the word.
            Token::Word(word) if depth > 0 && word.ends_with(b":") => {}
            Token::Word(_) if token.is("case") => {
                while !lexer.next().ok()??.bytes().ends_with(b":") {}
            }
            Token::Word(_) if BLOCK.iter().any(|known| token.is(known)) => {
                arguments(lexer, depth, b'{')?;
                block(lexer, depth + 1)?;
            }
            Token::Word(_) if SIMPLE.iter().any(|known| token.is(known)) => {
                // An option or variable needs a name as well as a value.
                let named = [
                    "option",
                    "supersede",
                    "append",
                    "prepend",
                    "default",
                    "send",
                    "set",
                ];
                if named.iter().any(|known| token.is(known))
                    && !matches!(lexer.next().ok()??, Token::Word(_))
                {
                    return None;
                }
                arguments(lexer, depth, b';')?;
            }
            _ => return None,
        }
    }
}

/// At least one token, balanced parentheses, then `end`. At the top level the
/// text may stop in place of a `;`.
fn arguments(lexer: &mut Lexer<'_>, depth: usize, end: u8) -> Option<()> {
    let mut open = 0usize;
    let mut some = false;
    loop {
        match lexer.next().ok()? {
            None => return (end == b';' && depth == 0 && some && open == 0).then_some(()),
            Some(Token::Mark(m)) if m == end => return (some && open == 0).then_some(()),
            Some(Token::Mark(b'(')) => open += 1,
            Some(Token::Mark(b')')) => open = open.checked_sub(1)?,
            Some(Token::Mark(b';' | b'{' | b'}')) => return None,
            Some(_) => {}
        }
        some = true;
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn statements() {
        for good in [
            "",
            "option domain-name \"x\";",
            "option domain-name \"x\"",
            "supersede host-name \"x17\"; option routers 10.0.0.254, 10.0.0.253; filename \"f\";",
            "if option user-class = \"u\" { filename \"/boot\"; } elsif exists x { log(info, \"y\"); } else { deny booting; }",
            "on commit { set a = binary-to-ascii(16, 8, \":\", hardware); } # done",
            "switch (option x) { case 1: filename \"a\"; break; default: filename \"b\"; }",
        ] {
            assert!(parse(good.as_bytes()), "{good}");
        }
        for bad in [
            "garbage in",
            "this is not valid",
            "option;",
            "option x",
            "option domain-name \"x;",
            "if a = b { filename \"x\"; ",
            "filename \"x\"; }",
            "log(info, \"y\";",
            "if { }",
            "\"text\";",
            "= 3;",
        ] {
            assert!(!parse(bad.as_bytes()), "{bad}");
        }
        assert!(!parse("if a { ".repeat(100_000).as_bytes()));
    }
}
