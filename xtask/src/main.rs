//! `cargo run -p xtask -- TASK`

use std::path::Path;
use std::process::ExitCode;
use xtask::{compatibility, diff, header};

const USAGE: &str = "\
usage: cargo run -p xtask -- TASK
  header           writes include/dhcpctl.h from the Rust sources
  header --check   compares it with them; a difference is printed, exit code 1
  compatibility    writes the table of symbols in COMPATIBILITY.md
  compatibility --check";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["header"] => write_header(),
        ["header", "--check"] => check_header(),
        ["compatibility"] => write_compatibility(),
        ["compatibility", "--check"] => check_compatibility(),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace.
fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

fn write_header() -> Result<(), String> {
    let path = root().join(header::PATH);
    std::fs::write(&path, header::generate(root())?).map_err(|e| format!("{}: {e}", path.display()))
}

fn check_header() -> Result<(), String> {
    let new = header::generate(root())?;
    let old = std::fs::read_to_string(root().join(header::PATH)).unwrap_or_default();
    match diff::lines(&old, &new) {
        None => Ok(()),
        Some(diff) => Err(format!(
            "{} is stale; run `cargo run -p xtask -- header`\n{diff}",
            header::PATH
        )),
    }
}

/// The document as it is, and as it should be.
fn compatibility() -> Result<(String, String), String> {
    let path = root().join(compatibility::PATH);
    let old = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let new = compatibility::insert(&old, &compatibility::generate(root())?)?;
    Ok((old, new))
}

fn write_compatibility() -> Result<(), String> {
    let (_, new) = compatibility()?;
    std::fs::write(root().join(compatibility::PATH), new).map_err(|e| e.to_string())
}

fn check_compatibility() -> Result<(), String> {
    let (old, new) = compatibility()?;
    match diff::lines(&old, &new) {
        None => Ok(()),
        Some(diff) => Err(format!(
            "{} is stale; run `cargo run -p xtask -- compatibility`\n{diff}",
            compatibility::PATH
        )),
    }
}
