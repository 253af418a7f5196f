//! What is inside of a statement: values, conditions, names of options.

use super::lexer::Token;
use super::statements::Checker;
use super::statements::Halt::{self, Broken, NoValue};
use super::words::{OPTIONS, RESERVED, SETTINGS, SPACES, has};

impl<'a> Checker<'a> {
    /// Something that is true or false, and the `{` behind it.
    pub(super) fn condition(&mut self) -> Result<(), Halt> {
        let mut tokens = Vec::new();
        self.tokens(b'{', |token| tokens.push(token))?;
        let is = |t: &Token<'_>, words: &[&str]| words.iter().any(|w| t.is(w));
        let operator = |t: &Token<'_>| *t == Token::Mark(b'=') || is(t, &["and", "or"]);
        let truth = tokens
            .iter()
            .any(|t| *t == Token::Mark(b'=') || is(t, &["known", "static", "exists", "~~"]));
        let between = tokens
            .windows(2)
            .all(|w| !(operator(&w[0]) && operator(&w[1])));
        let ends = [tokens.first(), tokens.last()];
        let open = ends.iter().any(|t| t.is_some_and(operator));
        if truth && between && !open {
            Ok(())
        } else {
            Err(Broken)
        }
    }

    /// The name of an option.
    pub(super) fn option(&mut self) -> Result<(), Halt> {
        match self.need()? {
            Token::Word(name) if self.is_option(name) => Ok(()),
            _ => Err(Broken),
        }
    }

    pub(super) fn is_option(&self, name: &[u8]) -> bool {
        let name = name.to_ascii_lowercase();
        if self.known.options.contains(&name) {
            return true;
        }
        let dot = name.iter().position(|b| *b == b'.');
        let (space, name) = match dot {
            None => (&b"dhcp"[..], &name[..]),
            Some(dot) => (&name[..dot], &name[dot + 1..]),
        };
        if let Some(number) = name.strip_prefix(b"unknown-")
            && !matches!(number, b"" | b"0" | b"255")
        {
            return number.iter().all(u8::is_ascii_digit);
        }
        match space {
            b"dhcp" => has(OPTIONS, name),
            b"server" => has(SETTINGS, name),
            _ => SPACES
                .iter()
                .any(|(s, options)| s.as_bytes() == space && has(options, name)),
        }
    }

    /// A value and its `;`. When there is none, or a wrong one, the statement
    /// is passed and dhcpd goes no further.
    pub(super) fn value(&mut self) -> Result<(), Halt> {
        let before = self.lexer.clone();
        self.expression(b';').map_err(|_| {
            self.lexer = before;
            while !matches!(self.next(), None | Some(Token::Mark(b';' | b'}'))) {}
            NoValue
        })
    }

    /// The same where a wrong value is a parse error, and none is not.
    pub(super) fn strict_value(&mut self) -> Result<(), Halt> {
        let before = self.lexer.clone();
        match self.next() {
            None | Some(Token::Mark(b';')) => Err(NoValue),
            Some(_) => {
                self.lexer = before;
                self.expression(b';')
            }
        }
    }

    /// At least one token, then `end`.
    pub(super) fn expression(&mut self, end: u8) -> Result<(), Halt> {
        let mut some = false;
        self.tokens(end, |_| some = true)?;
        some.then_some(()).ok_or(Broken)
    }

    /// Tokens with balanced parentheses, then `end`.
    pub(super) fn tokens(&mut self, end: u8, mut take: impl FnMut(Token<'a>)) -> Result<(), Halt> {
        let (mut open, mut after_operand) = (0usize, false);
        loop {
            let token = self.need()?;
            match &token {
                Token::Mark(m) if *m == end && open == 0 => return Ok(()),
                Token::Mark(b'(') => open += 1,
                Token::Mark(b')') => open = open.checked_sub(1).ok_or(Broken)?,
                Token::Mark(b';' | b'{' | b'}') => return Err(Broken),
                word if word.is("option") || word.is("exists") => self.option()?,
                _ => {}
            }
            let operand = is_operand(&token);
            if operand && after_operand {
                return Err(Broken);
            }
            after_operand = operand;
            take(token);
        }
    }

    /// Everything to `end`.
    pub(super) fn pass(&mut self, end: u8) -> Result<(), Halt> {
        while self.need()? != Token::Mark(end) {}
        Ok(())
    }
}

/// A string, a number or a name: two of them need something between them.
fn is_operand(token: &Token<'_>) -> bool {
    match token {
        Token::Text(_) => true,
        Token::Word(word) => {
            let (name, rest) = split(word);
            !name.is_empty() && rest.is_empty() && !token.is("option") && !has(RESERVED, name)
        }
        Token::Mark(_) => false,
    }
}

/// The part that can be a name, and what the lexer left at it.
pub(super) fn split(word: &[u8]) -> (&[u8], &[u8]) {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let end = word.iter().take_while(|b| is_name(b)).count();
    word.split_at(end)
}
