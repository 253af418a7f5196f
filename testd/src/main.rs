//! `omapi-testd`, the command.

mod args;

use args::Command;
use omapi_testd::Server;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("omapi-testd: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<(), String> {
    match command {
        Command::Help => say(args::HELP),
        Command::Version => say(concat!("omapi-testd ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Serve(config) => {
            let wanted = config.listen;
            let server = Server::start(*config).map_err(|e| format!("{wanted}: {e}"))?;
            say(&format!("listening on {}\n", server.addr()))?;
            server.wait();
            Ok(())
        }
    }
}

/// Prints at once: the process that started us may wait for the line.
fn say(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| e.to_string())
}
