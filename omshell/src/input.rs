//! Where lines come from: a pipe or file, or a person at a terminal.

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};
use std::io::{BufRead, Result, Write};
use zeroize::Zeroizing;

/// A source of lines.
pub(crate) enum Input {
    /// Lines as they are.
    Script,
    /// Lines edited at a terminal, with a history. It is not kept anywhere.
    Terminal(Box<DefaultEditor>),
}

impl Input {
    /// Standard input; `person` when it is a terminal.
    pub(crate) fn new(person: bool) -> Result<Self> {
        if !person {
            return Ok(Self::Script);
        }
        // Pasted lines are lines: each is run, and none with a secret is kept.
        let config = Config::builder().bracketed_paste(false).build();
        let editor = DefaultEditor::with_config(config).map_err(std::io::Error::other)?;
        Ok(Self::Terminal(Box::new(editor)))
    }

    /// Prompts for a line; `None` at the end of input. A line may hold a
    /// secret, so it is erased.
    pub(crate) fn line(&mut self, prompt: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self {
            Self::Script => {
                let mut stdout = std::io::stdout();
                stdout.write_all(prompt.as_bytes())?;
                stdout.flush()?;
                let mut line = Zeroizing::new(Vec::new());
                let length = std::io::stdin().lock().read_until(b'\n', &mut line)?;
                Ok((length > 0).then_some(line))
            }
            Self::Terminal(editor) => {
                std::io::stdout().flush()?;
                loop {
                    match editor.readline(prompt) {
                        Ok(line) => {
                            if belongs_in_history(&line) {
                                let _ = editor.add_history_entry(&line);
                            }
                            let mut line = line.into_bytes();
                            line.push(b'\n');
                            return Ok(Some(Zeroizing::new(line)));
                        }
                        // Ctrl-C gives the line up, not the session.
                        Err(ReadlineError::Interrupted) => {}
                        Err(ReadlineError::Eof) => return Ok(None),
                        Err(e) => return Err(std::io::Error::other(e)),
                    }
                }
            }
        }
    }
}

/// Whether a line may be offered again: not an empty one, and none with the
/// secret of a key or the password of a server.
fn belongs_in_history(line: &str) -> bool {
    let command = line.split_whitespace().next();
    command.is_some_and(|c| {
        let secret =
            c.eq_ignore_ascii_case("key") || c.eq_ignore_ascii_case("server") && line.contains('@');
        !secret
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_remembered() {
        for (line, kept) in [
            ("key foo YWJj", false),
            ("  KEY foo YWJj", false),
            ("", false),
            ("server kea+http://admin:secret@h/", false),
            ("server kea+http://h/", true),
            ("key-algorithm hmac-sha256", true),
            ("open", true),
        ] {
            assert_eq!(belongs_in_history(line), kept, "{line}");
        }
    }
}
