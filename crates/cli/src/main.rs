//! The program: arguments in, data to stdout, everything else to stderr, an exit code.
//!
//! Owns what people and scripts see. Refuses decisions about a migration: those are the engine's.

mod arguments;
mod commands;
mod console;
mod failure;
mod invocation;
mod logging;
mod service;
mod settings;
mod show;
mod signals;
mod tab;
mod watch;
mod watched;

use std::process::ExitCode;

use commands::CommandLine;
use failure::{Exit, Failure, Result};
use show::terminal::{Terminal, log_line::LogFormat, secret::redact, style::ColorChoice};

fn main() -> ExitCode {
    let exit = match commands::parse() {
        Ok((command_line, typed)) => {
            let common = &command_line.common;
            let stays = command_line.command.stays();
            let terminal = Terminal::new(common.color, common.quiet, common.log_format, stays);
            warn_of_visible_passwords(&terminal, &command_line, &typed);
            start(&command_line, &terminal).unwrap_or_else(|failure| {
                terminal.failure(&failure);
                failure.exit
            })
        }
        Err(error) => explain(&error),
    };
    ExitCode::from(exit as u8)
}

fn start(command_line: &CommandLine, terminal: &Terminal) -> Result<Exit> {
    logging::begin(terminal, command_line.common.verbose)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?
        .block_on(commands::execute(command_line, terminal))
}

/// Help and version are data; a usage error may repeat an argument that holds a password.
fn explain(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => Exit::Success,
            Err(_) => Exit::NotDone,
        };
    }
    let terminal = Terminal::new(ColorChoice::Auto, true, LogFormat::Text, false);
    terminal.write_error(&redact(&error.render().to_string()));
    Exit::NotDone
}

fn warn_of_visible_passwords(terminal: &Terminal, command_line: &CommandLine, typed: &[&str]) {
    for (flag, value) in [
        ("source", &command_line.common.source),
        ("target", &command_line.common.target),
    ] {
        let visible =
            typed.contains(&flag) && value.as_deref().is_some_and(show::terminal::secret::has_password);
        if visible {
            terminal.warning(&format!(
                "the password in --{flag} can be seen by other users of this machine; give it by PGPASSFILE, \
                 ~/.pgpass, TRANSHUME_{} or ${{NAME}} in transhume.toml instead",
                flag.to_uppercase()
            ));
        }
    }
}
