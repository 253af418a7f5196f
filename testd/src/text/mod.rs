//! The text that the server reads: a subset of dhcpd.conf, dhcpd.leases, and
//! the `statements` of hosts and groups. All share one set of tokens.

pub mod conf;
mod declarations;
mod expressions;
pub mod leases;
pub(crate) mod lexer;
pub(crate) mod statements;
mod values;
mod words;

use std::fmt;

/// Where and why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for SyntaxError {}
