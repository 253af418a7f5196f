//! JSON as Kea takes and gives it, as far as a shell looks at it.

/// Steps through JSON and says of each byte whether it is inside a string (the
/// closing quote is not).
#[derive(Default)]
struct Strings {
    inside: bool,
    escaped: bool,
}

impl Strings {
    fn step(&mut self, c: u8) -> bool {
        let escaped = std::mem::take(&mut self.escaped);
        match c {
            b'"' if !escaped => self.inside = !self.inside,
            b'\\' if self.inside => self.escaped = !escaped,
            _ => {}
        }
        self.inside
    }
}

/// The arguments of a command, up to a comment.
pub(crate) fn without_comment(text: &[u8]) -> &[u8] {
    let mut strings = Strings::default();
    let end = text.iter().position(|&c| !strings.step(c) && c == b'#');
    text[..end.unwrap_or(text.len())].trim_ascii()
}

/// Appends JSON with a line for each member.
pub(crate) fn pretty(out: &mut Vec<u8>, json: &[u8]) {
    let mut strings = Strings::default();
    let mut depth = 0_usize;
    // White space between tokens is ours.
    let mut rest = json.iter().copied().peekable();
    while let Some(c) = rest.next() {
        let inside = strings.step(c);
        if inside || c == b'"' {
            out.push(c);
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        match c {
            b'{' | b'[' => {
                out.push(c);
                while rest.next_if(u8::is_ascii_whitespace).is_some() {}
                if let Some(end) = rest.next_if(|c| matches!(c, b'}' | b']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                line(out, depth);
                out.push(c);
            }
            b',' => {
                out.push(c);
                line(out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(c),
        }
    }
}

fn line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments() {
        for (text, json) in [
            ("", ""),
            ("# none", ""),
            ("{ } # some", "{ }"),
            (r##"{ "a#\"#": 1 } # b"##, r##"{ "a#\"#": 1 }"##),
            (r##"{ "a\\" } # b"##, r#"{ "a\\" }"#),
        ] {
            assert_eq!(without_comment(text.as_bytes()), json.as_bytes(), "{text}");
        }
    }

    #[test]
    fn lines() {
        for (json, text) in [
            ("{}", "{}"),
            (
                "{ \"a\":[ ] , \"b\": -1.5e3}",
                "{\n  \"a\": [],\n  \"b\": -1.5e3\n}",
            ),
            (
                r#"{"a {,:":[{"b":"\"}"},null]}"#,
                "{\n  \"a {,:\": [\n    {\n      \"b\": \"\\\"}\"\n    },\n    null\n  ]\n}",
            ),
        ] {
            let mut out = Vec::new();
            pretty(&mut out, json.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
