//! How commands fail.

use crate::lexer::{Kind, Lexer};

/// Why a command failed, as it is printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// To standard output.
    Said(String),
    /// As `Said`, and the rest of the line is not even read: nothing in it is
    /// complained about.
    Cut(String),
    /// To standard error.
    Logged(String),
    /// What was printed already says it: a complaint about the input, or an
    /// answer.
    Complained,
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self::Said(text.to_owned())
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Said(text)
    }
}

/// Fails with `usage` unless the line ends here.
pub(crate) fn end(lexer: &mut Lexer, usage: &str) -> Result<(), Failure> {
    match lexer.next().kind {
        Kind::End => Ok(()),
        _ => Err(usage.into()),
    }
}
