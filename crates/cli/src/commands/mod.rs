//! One file for each command: its arguments, its call into the engine, its output.

pub(crate) mod abort;
pub(crate) mod assess;
pub(crate) mod cutover;
pub(crate) mod demo;
pub(crate) mod finish;
pub(crate) mod init;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod worker;

use crate::{
    arguments::{Command, CommandLine},
    config::{self, Config},
    failure::{Exit, Failure, Result},
    invocation::Invocation,
    signals,
    terminal::Terminal,
};

/// Puts the settings together and runs the command.
pub(crate) async fn execute(command_line: &CommandLine, terminal: &Terminal) -> Result<Exit> {
    // Without a configuration and without servers.
    if let Command::Init(arguments) = &command_line.command {
        return init::execute(arguments, command_line.common.config.as_deref(), terminal);
    }
    let mut settings = config::load(command_line.common.config.as_deref())?;
    command_line.common.overlay(&mut settings);
    overlay(&command_line.command, &mut settings);
    let cancellation = signals::listen(terminal.clone())?;
    let invocation = Invocation {
        settings,
        terminal: terminal.clone(),
        cancellation,
    };
    match &command_line.command {
        Command::Init(_) => Ok(Exit::Success),
        Command::Assess(arguments) => assess::execute(arguments, &invocation).await,
        Command::Run(arguments) => run::execute(arguments, &invocation).await,
        Command::Worker(arguments) => worker::execute(arguments, &invocation).await,
        Command::Status(arguments) => status::execute(arguments, &invocation).await,
        Command::Watch(arguments) => watch::execute(arguments, &invocation).await,
        Command::Verify(arguments) => verify::execute(arguments, &invocation).await,
        Command::Cutover(arguments) => cutover::execute(arguments, &invocation).await,
        Command::Finish(arguments) => finish::execute(arguments, &invocation).await,
        Command::Abort(arguments) => abort::execute(arguments, &invocation).await,
        Command::Demo(arguments) => demo::execute(arguments, &invocation).await,
    }
}

/// The flags of the command over the settings of the file.
fn overlay(command: &Command, settings: &mut Config) {
    match command {
        Command::Assess(arguments) => arguments.overlay(settings),
        Command::Run(arguments) => arguments.overlay(settings),
        Command::Worker(arguments) => arguments.overlay(settings),
        Command::Verify(arguments) => arguments.overlay(settings),
        Command::Cutover(arguments) => arguments.overlay(settings),
        Command::Init(_)
        | Command::Status(_)
        | Command::Watch(_)
        | Command::Finish(_)
        | Command::Abort(_)
        | Command::Demo(_) => {}
    }
}

/// A command whose engine is not there yet.
fn pending(command: &str) -> Failure {
    Failure::new(format!("`{command}` is not part of this build yet"))
        .with_hint("use a later version of transhume")
}
