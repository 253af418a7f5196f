//! Is this the text of executable statements? The rules are what dhcpd was
//! seen to do, which is less than its manual promises:
//!
//! - Where no statement can begin (a mark, a string, a number, a word with a
//!   meaning elsewhere) the text ends for dhcpd. The rest is not read, and what
//!   was read so far counts: `no such thing;` is fine, and is nothing.
//! - After a setting or an option without a good value nothing more is read
//!   either.
//! - In a block only `}` may follow in these cases.
//! - Anything else that is wrong is a parse error.

use super::expressions::split;
use super::lexer::{Lexer, Token};
use super::words::{RESERVED, SETTINGS, has};
use omapi::status::Status;
use std::collections::BTreeSet;

/// How deep blocks may nest; the checker is recursive.
const DEPTH: usize = 64;

/// What statements can refer to beside dhcpd's own words.
pub(crate) struct Known<'a> {
    /// Options that the configuration defines.
    pub(crate) options: &'a BTreeSet<Vec<u8>>,
    /// Is there a class of this name?
    pub(crate) class: &'a dyn Fn(&[u8]) -> bool,
}

/// Why there is no next statement.
pub(super) enum Halt {
    /// A parse error.
    Broken,
    /// dhcpd dies of it.
    Deadly,
    /// No statement begins here.
    Nothing,
    /// The value is missing; the statement was passed nevertheless.
    NoValue,
}

use Halt::{Broken, Deadly, NoValue, Nothing};

/// Checks `text` as dhcpd would.
pub(crate) fn check(text: &[u8], known: &Known<'_>) -> Result<(), Status> {
    let mut checker = Checker {
        lexer: Lexer::new(text),
        known,
    };
    match checker.block(0, false) {
        Err(Broken) => Err(Status::BAD_PARSE),
        Err(Deadly) => Err(Status::INVALID_ARGUMENT),
        Ok(()) | Err(Nothing | NoValue) => Ok(()),
    }
}

pub(super) struct Checker<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) known: &'a Known<'a>,
}

impl<'a> Checker<'a> {
    /// The next token. A string without end is the end of the text.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        self.lexer.next().ok().flatten()
    }

    pub(super) fn need(&mut self) -> Result<Token<'a>, Halt> {
        self.next().ok_or(Broken)
    }

    pub(super) fn mark(&mut self, mark: u8) -> Result<(), Halt> {
        match self.need()? {
            Token::Mark(m) if m == mark => Ok(()),
            _ => Err(Broken),
        }
    }

    /// A name of letters, digits, `-` and `_`.
    fn name(&mut self) -> Result<&'a [u8], Halt> {
        match self.need()? {
            Token::Word(word) if split(word).1.is_empty() => Ok(word),
            _ => Err(Broken),
        }
    }

    /// Statements to the end of the text (depth 0) or of the block.
    fn block(&mut self, depth: usize, in_switch: bool) -> Result<(), Halt> {
        if depth > DEPTH {
            return Err(Broken);
        }
        loop {
            let token = match self.next() {
                None if depth == 0 => return Ok(()),
                None => return Err(Broken),
                Some(Token::Mark(b'}')) if depth > 0 => return Ok(()),
                Some(token) => token,
            };
            match self.statement(&token, depth, in_switch) {
                Ok(()) => {}
                Err(Nothing) if depth > 0 => return Err(Broken),
                Err(NoValue) if depth > 0 => return self.mark(b'}'),
                Err(halt) => return Err(halt),
            }
        }
    }

    /// One statement whose first token is taken.
    fn statement(&mut self, first: &Token<'a>, depth: usize, in_switch: bool) -> Result<(), Halt> {
        let Token::Word(whole) = first else {
            return Err(Nothing);
        };
        let (word, rest) = split(whole);
        if word.iter().all(u8::is_ascii_digit) || has(RESERVED, word) {
            return Err(Nothing);
        }
        match &*word.to_ascii_lowercase() {
            b"case" if in_switch => return self.case(),
            // The lexer leaves the colon at the word.
            b"default" if in_switch && rest == b":" => return Ok(()),
            _ if !rest.is_empty() => return Err(Broken),
            b"if" => return self.conditional(depth),
            b"on" => {
                self.events()?;
                return self.block(depth + 1, false);
            }
            b"switch" => {
                self.mark(b'(')?;
                self.expression(b')')?;
                self.mark(b'{')?;
                return self.block(depth + 1, true);
            }
            b"break" => return self.mark(b';'),
            b"set" => {
                self.name()?;
                self.mark(b'=')?;
                return self.strict_value();
            }
            b"unset" => {
                self.name()?;
                return self.mark(b';');
            }
            b"return" => return self.strict_value(),
            b"log" => return self.log(),
            b"execute" => return self.execute(),
            b"add" => match self.need()? {
                Token::Text(class) if (self.known.class)(&class) => return self.mark(b';'),
                _ => return Err(Broken),
            },
            b"option" | b"supersede" | b"append" | b"prepend" | b"default" | b"send" => {
                self.option()?;
                return self.value();
            }
            b"eval" | b"allow" | b"deny" | b"ignore" => return self.value(),
            b"zone" => {
                let Token::Word(_) = self.need()? else {
                    return Err(Broken);
                };
                self.mark(b'{')?;
                self.pass(b'}')?;
                return Err(Nothing);
            }
            b"key" => return self.key(),
            // A function: dhcpd dies of the complete ones.
            b"define" => {
                self.name()?;
                return Err(match self.need()? {
                    Token::Mark(b'(' | b'=') if self.next().is_some() => Deadly,
                    _ => Broken,
                });
            }
            _ if has(SETTINGS, word) => return self.value(),
            _ => {}
        }
        // An unknown word is a variable or a function.
        match self.need()? {
            Token::Mark(b';') => Ok(()),
            Token::Mark(b'=') => self.expression(b';'),
            Token::Mark(b'(') => {
                self.expression(b')')?;
                self.mark(b';')
            }
            _ => Err(Broken),
        }
    }

    /// `if` and what belongs to it.
    fn conditional(&mut self, depth: usize) -> Result<(), Halt> {
        loop {
            self.condition()?;
            self.block(depth + 1, false)?;
            let before = self.lexer.clone();
            match self.next() {
                Some(word) if word.is("elsif") => {}
                Some(word) if word.is("else") => match self.need()? {
                    Token::Mark(b'{') => return self.block(depth + 1, false),
                    word if word.is("if") => {}
                    _ => return Err(Broken),
                },
                _ => {
                    self.lexer = before;
                    return Ok(());
                }
            }
        }
    }

    /// `log (info, ..);` or `log (..);`
    fn log(&mut self) -> Result<(), Halt> {
        self.mark(b'(')?;
        let before = self.lexer.clone();
        let priority = self.need()?;
        let named = ["fatal", "error", "debug", "info"];
        if named.iter().any(|p| priority.is(p)) {
            self.mark(b',')?;
        } else {
            self.lexer = before;
        }
        let (mut some, mut open, mut list) = (false, 0, false);
        self.tokens(b')', |token| {
            match token {
                Token::Mark(b'(') => open += 1,
                Token::Mark(b')') => open -= 1,
                Token::Mark(b',') if open == 0 => list = true,
                _ => {}
            }
            some = true;
        })?;
        if some && !list {
            self.mark(b';')
        } else {
            Err(Broken)
        }
    }

    /// `execute ("program", ..);` of which the `;` may be missing.
    fn execute(&mut self) -> Result<(), Halt> {
        self.mark(b'(')?;
        let Token::Text(_) = self.need()? else {
            return Err(Broken);
        };
        self.tokens(b')', |_| ())?;
        self.mark(b';').map_err(|_| NoValue)
    }

    /// `commit or expiry ..` and the `{` behind it.
    fn events(&mut self) -> Result<(), Halt> {
        loop {
            let event = self.need()?;
            let known = ["commit", "release", "expiry", "transmission"];
            if !known.iter().any(|k| event.is(k)) {
                return Err(Broken);
            }
            match self.need()? {
                Token::Mark(b'{') => return Ok(()),
                word if word.is("or") => {}
                _ => return Err(Broken),
            }
        }
    }

    /// The rest of `case`, to the word with the colon.
    fn case(&mut self) -> Result<(), Halt> {
        while !self.need()?.bytes().ends_with(b":") {}
        Ok(())
    }

    /// A key that is not complete kills dhcpd, a complete one changes nothing.
    fn key(&mut self) -> Result<(), Halt> {
        self.name()?;
        self.mark(b'{')?;
        let (mut algorithm, mut secret) = (false, false);
        loop {
            match self.need()? {
                Token::Mark(b'}') if algorithm && secret => return Err(Nothing),
                Token::Mark(b'}') => return Err(Deadly),
                word if word.is("algorithm") => algorithm = true,
                word if word.is("secret") => secret = true,
                _ => {}
            }
        }
    }
}
