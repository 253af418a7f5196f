//! Bytes to tokens.

use super::SyntaxError;

/// One token. Comments and white space are dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A run of anything that is not white space, a quote or a mark: names,
    /// numbers, addresses, dates and `1:02:aa:..` alike.
    Word(&'a [u8]),
    /// A quoted string, escapes resolved.
    Text(Vec<u8>),
    /// One of `; { } , = ( )`.
    Mark(u8),
}

impl Token<'_> {
    /// The bytes of a word or string; of a mark, nothing.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Token::Word(w) => w,
            Token::Text(t) => t,
            Token::Mark(_) => &[],
        }
    }

    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self, Token::Word(w) if w.eq_ignore_ascii_case(word.as_bytes()))
    }
}

/// Reads tokens one after the other.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    input: &'a [u8],
    at: usize,
    line: usize,
}

fn is_mark(b: u8) -> bool {
    matches!(b, b';' | b'{' | b'}' | b',' | b'=' | b'(' | b')')
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            line: 1,
        }
    }

    /// An error at the present place.
    pub(crate) fn error(&self, problem: &'static str) -> SyntaxError {
        SyntaxError {
            line: self.line,
            problem,
        }
    }

    fn byte(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn advance(&mut self) -> Option<u8> {
        let b = self.byte()?;
        self.at += 1;
        if b == b'\n' {
            self.line += 1;
        }
        Some(b)
    }

    /// The next token; `None` at the end of the text.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'a>>, SyntaxError> {
        loop {
            match self.byte() {
                None => return Ok(None),
                Some(b'#') => while !matches!(self.advance(), None | Some(b'\n')) {},
                Some(b) if b.is_ascii_whitespace() => {
                    self.advance();
                }
                Some(b'"') => {
                    self.advance();
                    return self.text().map(Some);
                }
                Some(b) if is_mark(b) => {
                    self.advance();
                    return Ok(Some(Token::Mark(b)));
                }
                Some(_) => {
                    let start = self.at;
                    while self
                        .byte()
                        .is_some_and(|b| !b.is_ascii_whitespace() && b != b'"' && !is_mark(b))
                    {
                        self.at += 1;
                    }
                    return Ok(Some(Token::Word(&self.input[start..self.at])));
                }
            }
        }
    }

    /// Like [`next`](Self::next) where the text must not end.
    pub(crate) fn need(&mut self) -> Result<Token<'a>, SyntaxError> {
        self.next()?
            .ok_or_else(|| self.error("unexpected end of text"))
    }

    /// Takes a `{`.
    pub(crate) fn open_block(&mut self) -> Result<(), SyntaxError> {
        match self.need()? {
            Token::Mark(b'{') => Ok(()),
            _ => Err(self.error("expected '{'")),
        }
    }

    /// The tokens up to the `;` that ends a simple statement.
    pub(crate) fn arguments(&mut self) -> Result<Vec<Token<'a>>, SyntaxError> {
        let mut tokens = Vec::new();
        loop {
            match self.need()? {
                Token::Mark(b';') => return Ok(tokens),
                Token::Mark(b'{' | b'}') => return Err(self.error("expected ';'")),
                token => tokens.push(token),
            }
        }
    }

    /// Passes the rest of a statement that is not understood: to its `;`, or
    /// to the end of its block.
    pub(crate) fn skip_statement(&mut self) -> Result<(), SyntaxError> {
        let mut depth = 0usize;
        loop {
            match self.need()? {
                Token::Mark(b';') if depth == 0 => return Ok(()),
                Token::Mark(b'{') => depth += 1,
                Token::Mark(b'}') => match depth {
                    0 => return Err(self.error("unexpected '}'")),
                    1 => return Ok(()),
                    _ => depth -= 1,
                },
                _ => {}
            }
        }
    }

    /// The rest of a string whose opening quote is taken.
    fn text(&mut self) -> Result<Token<'a>, SyntaxError> {
        let mut text = Vec::new();
        loop {
            match self.advance() {
                None => return Err(self.error("string without end")),
                Some(b'"') => return Ok(Token::Text(text)),
                Some(b'\\') => match self.advance() {
                    None => return Err(self.error("string without end")),
                    Some(b'n') => text.push(b'\n'),
                    Some(b'r') => text.push(b'\r'),
                    Some(b't') => text.push(b'\t'),
                    Some(b'b') => text.push(8),
                    Some(b'x') => text.push(self.digits(16, 2, 0)),
                    Some(d @ b'0'..=b'7') => text.push(self.digits(8, 2, d - b'0')),
                    Some(other) => text.push(other),
                },
                Some(b) => text.push(b),
            }
        }
    }

    /// At most `most` more digits of an escape that starts with `value`.
    fn digits(&mut self, radix: u32, most: usize, value: u8) -> u8 {
        let mut value = u32::from(value);
        for _ in 0..most {
            let Some(digit) = self.byte().and_then(|b| char::from(b).to_digit(radix)) else {
                break;
            };
            value = value * radix + digit;
            self.at += 1;
        }
        // \777 does not fit a byte; dhcpd keeps the low eight bits as well.
        (value & 0xff) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Token<'_>> {
        let mut lexer = Lexer::new(text.as_bytes());
        std::iter::from_fn(|| lexer.next().unwrap()).collect()
    }

    #[test]
    fn words_strings_marks_and_comments() {
        assert_eq!(
            all("a 1:02:aa; # no; {\nx=\"q\\\"\\001\\x41\\n\" 2026/11/21"),
            [
                Token::Word(b"a"),
                Token::Word(b"1:02:aa"),
                Token::Mark(b';'),
                Token::Word(b"x"),
                Token::Mark(b'='),
                Token::Text(b"q\"\x01A\n".to_vec()),
                Token::Word(b"2026/11/21"),
            ]
        );
    }

    #[test]
    fn unknown_statements_are_passed_whole() {
        let mut lexer = Lexer::new(b" on commit { a { b; } c; } next");
        lexer.skip_statement().unwrap();
        assert_eq!(lexer.next(), Ok(Some(Token::Word(b"next"))));
        for broken in ["a { b;", "a }", "a", "\"x"] {
            assert!(Lexer::new(broken.as_bytes()).skip_statement().is_err());
        }
    }

    #[test]
    fn errors_know_their_line() {
        let mut lexer = Lexer::new(b"a;\n\n\"x");
        while matches!(lexer.next(), Ok(Some(_))) {}
        assert_eq!(lexer.error("p").line, 3);
    }
}
