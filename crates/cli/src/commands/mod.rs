//! One file for each command: its arguments, its call into the engine, its output.

pub(crate) mod abort;
pub(crate) mod assess;
pub(crate) mod cutover;
pub(crate) mod demo;
pub(crate) mod fallback;
pub(crate) mod finish;
mod group;
pub(crate) mod init;
pub(crate) mod pause;
mod plan;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod worker;

use transhume_engine::finish::Removal;

use crate::{
    arguments::{Command, CommandLine},
    failure::{Exit, Result},
    invocation::Invocation,
    settings::{self, Config},
    show::terminal::{Terminal, style::Style},
    signals,
};

/// Puts the settings together and runs the command.
pub(crate) async fn execute(command_line: &CommandLine, terminal: &Terminal) -> Result<Exit> {
    // Without a configuration and without servers.
    if let Command::Init(arguments) = &command_line.command {
        return init::execute(arguments, command_line.common.config.as_deref(), terminal);
    }
    let mut settings = match &command_line.command {
        // Its servers are its own; a configuration of another migration means nothing there.
        Command::Demo(_) => Config::default(),
        _ => settings::load(command_line.common.config.as_deref())?,
    };
    command_line.common.overlay(&mut settings);
    overlay(&command_line.command, &mut settings);
    let cancellation = signals::listen(terminal.clone())?;
    let invocation = Invocation {
        settings,
        database: None,
        terminal: terminal.clone(),
        cancellation,
    };
    match group::members(invocation, command_line.common.database.as_deref())? {
        group::Members::One(invocation) => one(&command_line.command, &invocation).await,
        group::Members::Several(group) => group.execute(&command_line.command).await,
    }
}

/// The command, for one migration.
async fn one(command: &Command, invocation: &Invocation) -> Result<Exit> {
    match command {
        Command::Init(_) => Ok(Exit::Success),
        Command::Assess(arguments) => assess::execute(arguments, invocation).await,
        Command::Run(arguments) => run::execute(arguments, invocation).await,
        Command::Worker(arguments) => worker::execute(arguments, invocation).await,
        Command::Pause(arguments) => pause::execute(arguments, invocation).await,
        Command::Resume(arguments) => resume::execute(arguments, invocation).await,
        Command::Status(arguments) => status::execute(arguments, invocation).await,
        Command::Watch(arguments) => watch::execute(arguments, invocation).await,
        Command::Table(arguments) => table::execute(arguments, invocation).await,
        Command::Verify(arguments) => verify::execute(arguments, invocation).await,
        Command::Cutover(arguments) => cutover::execute(arguments, invocation).await,
        Command::Fallback(arguments) => fallback::execute(arguments, invocation).await,
        Command::Finish(arguments) => finish::execute(arguments, invocation).await,
        Command::Abort(arguments) => abort::execute(arguments, invocation).await,
        Command::Demo(arguments) => demo::execute(arguments, invocation).await,
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
        Command::Fallback(arguments) => arguments.overlay(settings),
        Command::Init(_)
        | Command::Pause(_)
        | Command::Resume(_)
        | Command::Status(_)
        | Command::Watch(_)
        | Command::Table(_)
        | Command::Finish(_)
        | Command::Abort(_)
        | Command::Demo(_) => {}
    }
}

/// What `finish` and `abort` took away, and what they left on purpose.
fn removal_text(removal: &Removal, _style: Style) -> String {
    let mut lines: Vec<String> = removal
        .removed
        .iter()
        .map(|what| format!("removed  {what}"))
        .collect();
    for left in &removal.left {
        let how = if left.statements.is_empty() {
            ""
        } else {
            "; to undo it:"
        };
        lines.push(format!("left     {}{how}", left.description));
        lines.extend(
            left.statements
                .iter()
                .map(|statement| format!("           {statement};")),
        );
    }
    if lines.is_empty() {
        lines.push("nothing was left to remove".to_owned());
    }
    lines.join("\n") + "\n"
}
