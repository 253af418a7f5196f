//! One line of input as tokens, with the positions that complaints show.
//!
//! The language is that of dhcpd.conf. Where the original shows its place in
//! the line oddly (a newline that was read ahead hides the line), so does this:
//! scripts that merge both outputs compare what they see.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// End of the line. Its text is that of whatever was read last.
    End,
    /// Decimal digits, perhaps after a minus sign.
    Number,
    /// A word that could be a hexadecimal number: nothing but digits of that
    /// base, a first letter aside.
    HexName,
    /// Any other word.
    Name,
    /// A word of dhcpd.conf that would be a `HexName`, were it not reserved.
    Keyword,
    /// A quoted string.
    String,
    /// Any other character.
    Other(u8),
}

impl Kind {
    /// Whether the token can be a name.
    pub(crate) fn is_word(self) -> bool {
        match self {
            Self::HexName | Self::Name | Self::Keyword => true,
            // A character beyond ASCII is a word of its own.
            Self::Other(c) => c >= 0x80,
            Self::End | Self::Number | Self::String => false,
        }
    }
}

/// A token with its text: of a string, what is between the quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub text: Vec<u8>,
}

impl Token {
    /// The text as a C string.
    pub(crate) fn c_text(&self) -> &[u8] {
        self.text.split(|&c| c == 0).next().unwrap_or_default()
    }

    /// The text for a message; see [`latin`].
    pub(crate) fn shown(&self) -> String {
        latin(self.c_text())
    }
}

/// Any bytes as text, one character for each, so that a message can hold them;
/// [`bytes`] gives them back.
pub(crate) fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|&c| char::from(c)).collect()
}

/// The bytes of a message that was made with [`latin`].
pub(crate) fn bytes(message: &str) -> impl Iterator<Item = u8> {
    message.chars().map(|c| u8::try_from(c).unwrap_or(b'?'))
}

/// How many characters of a line complaints show.
const SHOWN: usize = 80;

/// Where a token began: line, and column as the complaints count them.
#[derive(Clone, Copy)]
struct Place {
    line: u32,
    column: usize,
}

/// Reads the tokens of one line.
pub(crate) struct Lexer<'a> {
    input: &'a [u8],
    at: usize,
    /// The character before `at` was given back: it is counted already.
    given_back: bool,
    /// Where the next character is.
    next: Place,
    /// The place of the token that complaints are about.
    place: Place,
    /// A token that was looked at, with its place.
    peeked: Option<(Token, Place)>,
    /// What was read of the first line, as far as it is shown.
    first_line: Vec<u8>,
    /// Whether complaints show the first line: not when the token's end was
    /// only seen on the next.
    show_first: bool,
    /// The text of the last token.
    text: Vec<u8>,
    complaints: Vec<u8>,
}

impl<'a> Lexer<'a> {
    /// A lexer for one line, with or without its newline. What follows a NUL
    /// is not looked at.
    pub(crate) fn new(line: &'a [u8]) -> Self {
        let end = line.iter().position(|&c| c == 0).unwrap_or(line.len());
        let start = Place { line: 1, column: 1 };
        Self {
            input: &line[..end],
            at: 0,
            given_back: false,
            next: start,
            place: start,
            peeked: None,
            first_line: Vec::new(),
            show_first: true,
            text: Vec::new(),
            complaints: Vec::new(),
        }
    }

    /// The complaints so far, as they are printed.
    pub(crate) fn complaints(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.complaints)
    }

    /// Complains about the present token.
    pub(crate) fn complain(&mut self, what: &str) {
        let shown: &[u8] = if self.show_first {
            &self.first_line
        } else {
            &[]
        };
        let out = &mut self.complaints;
        let message = format!("<STDIN> line {}: {what}\n", self.place.line);
        out.extend(bytes(&message));
        out.extend_from_slice(shown);
        out.push(b'\n');
        if self.place.column <= SHOWN {
            // The mark is under the token also where tabs are before it.
            let before = shown.iter().take(self.place.column - 1);
            let width = before.fold(0, |at, &c| match c {
                b'\t' => (at / 8 + 1) * 8,
                _ => at + 1,
            });
            out.extend(std::iter::repeat_n(b' ', width));
        }
        out.extend_from_slice(b"^\n");
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.input[self.at..]
    }

    /// Takes what was not read yet, for a command with a language of its own.
    /// Without white space around it.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        let rest = self.rest();
        self.at = self.input.len();
        self.given_back = false;
        rest.trim_ascii()
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Token {
        match self.peeked.take() {
            Some((token, place)) => {
                if place.line != self.place.line {
                    self.show_first = self.next.line == 1;
                }
                self.place = place;
                token
            }
            None => {
                let token = self.read();
                self.show_first = self.next.line == 1;
                token
            }
        }
    }

    /// The token that comes next.
    pub(crate) fn peek(&mut self) -> &Token {
        let (token, _) = match self.peeked.take() {
            Some(peeked) => self.peeked.insert(peeked),
            None => {
                let before = self.place;
                let token = self.read();
                if self.place.line != before.line {
                    self.show_first = true;
                }
                let place = std::mem::replace(&mut self.place, before);
                self.peeked.insert((token, place))
            }
        };
        token
    }

    fn get(&mut self) -> Option<u8> {
        let c = *self.input.get(self.at)?;
        self.at += 1;
        if std::mem::take(&mut self.given_back) {
            return Some(c);
        }
        if c == b'\n' {
            self.next.line += 1;
            self.next.column = 1;
        } else {
            if self.next.line == 1 && self.next.column <= SHOWN {
                self.first_line.push(c);
            }
            self.next.column += 1;
        }
        Some(c)
    }

    /// Gives the character back that was read last.
    fn give_back(&mut self) {
        self.at -= 1;
        self.given_back = true;
    }

    /// Adds characters to the text while they fit; gives the next one back.
    fn take_while(&mut self, fits: impl Fn(u8) -> bool) {
        while let Some(c) = self.get() {
            if !fits(c) {
                return self.give_back();
            }
            self.text.push(c);
        }
    }

    fn read(&mut self) -> Token {
        let kind = loop {
            let start = self.next;
            match self.get() {
                // The end has no place but that of white space before it.
                None => break Kind::End,
                Some(c) if is_space(c) => {
                    self.text = vec![c];
                    self.take_while(is_space);
                    if !self.given_back {
                        self.place = start;
                        break Kind::End;
                    }
                }
                Some(b'#') => while self.get().is_some_and(|c| c != b'\n') {},
                Some(c) => {
                    self.place = start;
                    break self.read_token(c);
                }
            }
        };
        let text = self.text.clone();
        Token { kind, text }
    }

    /// Reads the token that begins with `c`.
    fn read_token(&mut self, c: u8) -> Kind {
        match c {
            b'"' => {
                self.read_string();
                Kind::String
            }
            b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                self.text = vec![c];
                self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
                word(&self.text)
            }
            _ => {
                self.text = vec![c];
                Kind::Other(c)
            }
        }
    }

    /// Reads to the closing quote.
    fn read_string(&mut self) {
        self.text.clear();
        loop {
            match self.get() {
                Some(b'"') => return,
                Some(b'\\') => {
                    let escaped = self.read_escape();
                    self.text.extend(escaped);
                }
                Some(c) => self.text.push(c),
                None => return self.complain("eof in string constant"),
            }
        }
    }

    /// The character that an escape stands for. Of one that is not right,
    /// nothing is left but the complaint.
    fn read_escape(&mut self) -> Option<u8> {
        match self.get()? {
            b't' => Some(b'\t'),
            b'r' => Some(b'\r'),
            b'n' => Some(b'\n'),
            b'b' => Some(0x08),
            b'x' => self.read_hex(),
            c @ b'0'..=b'3' => self.read_octal(c - b'0'),
            c => Some(c),
        }
    }

    /// Two hexadecimal digits.
    fn read_hex(&mut self) -> Option<u8> {
        let mut value = 0;
        for _ in 0..2 {
            let c = self.get()?;
            match char::from(c).to_digit(16) {
                Some(digit) => value = value << 4 | digit as u8,
                None => {
                    self.complain(&format!("invalid hex digit: {:x}", as_c_char(c)));
                    return None;
                }
            }
        }
        Some(value)
    }

    /// Two more octal digits. What is none of them is complained about and
    /// skipped, quotes too; but after `\0`, an escape starts anew behind it.
    fn read_octal(&mut self, first: u8) -> Option<u8> {
        let mut value = first;
        let mut digits = 1;
        while digits < 3 {
            match self.get()? {
                c @ b'0'..=b'7' => {
                    value = value << 3 | (c - b'0');
                    digits += 1;
                }
                _ if value == 0 => return self.read_escape(),
                c => self.complain(&format!("invalid octal digit {:x}", as_c_char(c))),
            }
        }
        Some(value)
    }
}

/// A byte as C's `%x` shows a `char`.
fn as_c_char(c: u8) -> i32 {
    i32::from(c as i8)
}

/// White space of the C locale.
fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t'..=b'\r')
}

/// What a word is.
fn word(text: &[u8]) -> Kind {
    let (first, rest) = (text[0], &text[1..]);
    if rest.iter().all(u8::is_ascii_digit) && !first.is_ascii_alphabetic() {
        return Kind::Number;
    }
    let digits = match (first, rest) {
        // A prefix as in C makes it look like a number; it is not read as one.
        (b'0', [b'x' | b'X', digits @ ..]) if !digits.is_empty() => digits,
        _ => rest,
    };
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Kind::Name;
    }
    let reserved: [&[u8]; 4] = [b"add", b"hba", b"if", b"of"];
    if reserved.iter().any(|r| r.eq_ignore_ascii_case(text)) {
        Kind::Keyword
    } else {
        Kind::HexName
    }
}

#[cfg(test)]
mod tests;
