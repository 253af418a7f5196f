//! `omshell`, the OMAPI command shell: a replacement for ISC's, with the same
//! commands and the same output.

mod failure;
mod hint;
mod input;
mod kea;
mod lexer;
mod print;
mod secret;
mod services;
mod settings;
mod shell;
mod value;

use input::Input;
use shell::Shell;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

const HELP: &str = "\
Usage: omshell [-e]

Reads commands from standard input and carries them out on a DHCP server, over
OMAPI or on Kea. The command `help` lists them.

  -e         stop at the first command that fails, with exit status 1
  --help     show this
  --version  show the version
";

/// What the arguments ask for.
enum Asked {
    Run { strict: bool },
    Print(String),
}

fn arguments() -> Result<Asked, lexopt::Error> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_env();
    let mut strict = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('e') => strict = true,
            Short('h') | Long("help") => return Ok(Asked::Print(HELP.into())),
            Short('V') | Long("version") => {
                let version = env!("CARGO_PKG_VERSION");
                return Ok(Asked::Print(format!("omshell (dhcpctl) {version}\n")));
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Asked::Run { strict })
}

fn main() -> ExitCode {
    match arguments() {
        Ok(Asked::Run { strict }) => match run(strict) {
            Ok(code) => code,
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
            Err(e) => {
                eprintln!("omshell: {e}");
                ExitCode::FAILURE
            }
        },
        Ok(Asked::Print(text)) => match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(e) => {
            eprintln!("omshell: {e}");
            eprintln!("Usage: omshell [-e]");
            ExitCode::FAILURE
        }
    }
}

fn run(strict: bool) -> std::io::Result<ExitCode> {
    let person = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut input = Input::new(person)?;
    let mut shell = Shell::new(person);
    let mut stdout = std::io::stdout();
    while let Some(line) = input.line("> ")? {
        let fine = shell.run(&line);
        // Complaints first, as they are unbuffered in the original.
        let mut stderr = std::io::stderr();
        let terminal = stderr.is_terminal();
        show(&mut stderr, terminal, &std::mem::take(&mut shell.err))?;
        let terminal = stdout.is_terminal();
        show(&mut stdout, terminal, &std::mem::take(&mut shell.out))?;
        if strict && !fine {
            stdout.flush()?;
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Scripts get every byte as it is; what a person sees must not steer the
/// terminal.
fn show(to: &mut dyn Write, terminal: bool, text: &[u8]) -> std::io::Result<()> {
    if terminal {
        to.write_all(&print::for_terminal(text))
    } else {
        to.write_all(text)
    }
}
