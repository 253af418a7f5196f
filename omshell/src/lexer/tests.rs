//! Tests of the lexer: tokens as the original reads them, and its complaints.

use super::*;

fn tokens(line: &[u8]) -> (Vec<(Kind, String)>, String) {
    let mut lexer = Lexer::new(line);
    let mut found = Vec::new();
    loop {
        let token = lexer.next();
        if token.kind == Kind::End {
            break;
        }
        found.push((token.kind, token.shown()));
    }
    (found, String::from_utf8(lexer.complaints()).unwrap())
}

fn kinds(line: &str) -> Vec<Kind> {
    tokens(line.as_bytes()).0.into_iter().map(|t| t.0).collect()
}

fn string(line: &[u8]) -> (Vec<u8>, String) {
    let mut lexer = Lexer::new(line);
    let token = lexer.next();
    assert_eq!(token.kind, Kind::String);
    (token.text, String::from_utf8(lexer.complaints()).unwrap())
}

#[test]
fn words_and_numbers() {
    use Kind::*;
    for (text, kind) in [
        ("12", Number),
        ("-12", Number),
        ("-", Number),
        ("1a", HexName),
        ("-a", HexName),
        ("abc", HexName),
        ("z1", HexName),
        ("0x1", HexName),
        ("0x", Name),
        ("5x0", Name),
        ("12-", Name),
        ("host", Name),
        ("a_b", Name),
        ("IF", Keyword),
        ("_", Other(b'_')),
        ("+", Other(b'+')),
    ] {
        assert_eq!(kinds(text), [kind], "{text}");
    }
    assert_eq!(
        kinds("a.1:b #c"),
        [HexName, Other(b'.'), Number, Other(b':'), HexName]
    );
}

#[test]
fn strings() {
    for (line, value, complaints) in [
        (&br#""a\"b\\\t\101\x41\q""#[..], &b"a\"b\\\tAAq"[..], 0),
        (br#""\400""#, b"400", 0),
        (br#""\000b""#, b"\0b", 0),
        (br#""\0ab""#, b"\x08", 0),
        (br#""\x1g""#, b"", 1),
        (br#""\1\234""#, b"S4", 1),
        (b"\"open\n", b"open\n", 1),
        (b"\"a\0b\"", b"a", 1),
    ] {
        let (text, complained) = string(line);
        assert_eq!(text, value);
        assert_eq!(complained.matches("line 1:").count(), complaints);
    }
}

#[test]
fn complaints_show_the_place() {
    let complain = |line: &[u8]| {
        let mut lexer = Lexer::new(line);
        lexer.next();
        lexer.complain("so");
        String::from_utf8(lexer.complaints()).unwrap()
    };
    assert_eq!(complain(b"bogus foo\n"), "<STDIN> line 1: so\nbogus \n^\n");
    assert_eq!(complain(b"bogus\n"), "<STDIN> line 1: so\n\n^\n");
    assert_eq!(
        complain(b"   bogus foo\n"),
        "<STDIN> line 1: so\n   bogus \n    ^\n"
    );
}
