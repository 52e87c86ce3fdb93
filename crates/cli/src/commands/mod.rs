//! The command line, and one file for each command: its arguments, its call into the engine, its output.
//!
//! Here stand the list of commands and how each is carried out, for one database or for all of a file.

mod abort;
mod assess;
mod completions;
mod config;
mod cutover;
mod demo;
mod fallback;
mod finish;
mod group;
mod init;
mod man;
mod notify;
mod pause;
mod plan;
mod removal;
mod report;
mod resume;
mod review;
mod roles;
mod run;
mod serve;
mod stake;
mod status;
mod switch;
mod table;
mod verify;
mod watch;
mod worker;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, parser::ValueSource};

use self::group::{Group, Members};
use crate::{
    arguments::CommonArguments,
    failure::{EXIT_CODES, Exit, Failure, Result},
    invocation::Invocation,
    service,
    settings::{self, Config},
    show::terminal::Terminal,
    signals,
};

const ABOUT: &str = "Moves a live PostgreSQL database to another server";

const LONG_ABOUT: &str = "\
Moves a live PostgreSQL database to another server while the application keeps writing: copies schema and data, \
follows every change, verifies that both sides are equal, and cuts over with a short write pause.

All state is kept in the schema `transhume` of the target. Stop it at any time and run the same command again, on \
this machine or another: it continues where it was.";

const EXAMPLES: &str = "\
A migration:
  transhume init                      write a commented transhume.toml and edit it
  transhume assess                    find what stands in the way; nothing is changed
  transhume roles --apply             give the target the roles that it lacks
  transhume run                       copy, build indexes, follow; stays until stopped
  transhume status                    from another terminal or machine
  transhume verify                    compare both sides while traffic runs
  transhume cutover                   stop writes on the source, drain, open the target
  transhume fallback                  move back, should it be needed: the old source has followed
  transhume review                    compare how both servers do their work, and what to switch off
  transhume finish                    remove all that it made on both sides

The same with flags only:
  export TRANSHUME_SOURCE=postgresql://migrator@old.example.com/shop
  export TRANSHUME_TARGET=postgresql://migrator@new.example.com/shop
  transhume run --until-caught-up

Passwords come from PGPASSFILE or ~/.pgpass, from the environment, or from ${NAME} in the configuration.";

#[derive(Debug, Parser)]
#[command(name = "transhume", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXIT_CODES)]
#[command(after_long_help = EXAMPLES, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) common: CommonArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Assess(assess::Arguments),
    Init(init::Arguments),
    Config(config::Arguments),
    Notify(notify::Arguments),
    Roles(roles::Arguments),
    Run(run::Arguments),
    Worker(worker::Arguments),
    Pause(pause::Arguments),
    Resume(resume::Arguments),
    Status(status::Arguments),
    Watch(watch::Arguments),
    Serve(serve::Arguments),
    Table(table::Arguments),
    Verify(verify::Arguments),
    Report(report::Arguments),
    Cutover(cutover::Arguments),
    Fallback(fallback::Arguments),
    Review(review::Arguments),
    Finish(finish::Arguments),
    Abort(abort::Arguments),
    Demo(demo::Arguments),
    Completions(completions::Arguments),
    #[command(hide = true)]
    Man(man::Arguments),
}

impl Command {
    /// Its lines on stderr tell of something that takes its time, and are read later.
    pub(crate) fn stays(&self) -> bool {
        matches!(
            self,
            Self::Run(_)
                | Self::Worker(_)
                | Self::Watch(_)
                | Self::Serve(_)
                | Self::Verify(_)
                | Self::Cutover(_)
                | Self::Fallback(_)
        )
    }
}

/// Reads the command line. The flags of connections that were typed, not taken from the
/// environment, are returned too, since other users of the machine can see them.
pub(crate) fn parse() -> std::result::Result<(CommandLine, Vec<&'static str>), clap::Error> {
    let mut matches = command().try_get_matches()?;
    let typed = ["source", "target"]
        .into_iter()
        .filter(|flag| is_typed(&matches, flag))
        .collect();
    Ok((CommandLine::from_arg_matches_mut(&mut matches)?, typed))
}

/// The definition, completed by what holds for all commands: exit codes below the long help, and
/// no values of the environment in any help, since some hold passwords.
fn command() -> clap::Command {
    let complete = |command: clap::Command| {
        let name = command.get_name().to_owned();
        let examples = command
            .get_after_long_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        command
            .after_long_help(format!("{examples}\n\n{EXIT_CODES}"))
            .mut_args(|argument| settings::described(argument, &name).hide_env_values(true))
    };
    complete(CommandLine::command()).mut_subcommands(complete)
}

/// A global flag may stand before or after the command.
fn is_typed(matches: &ArgMatches, flag: &str) -> bool {
    matches.value_source(flag) == Some(ValueSource::CommandLine)
        || matches
            .subcommand()
            .is_some_and(|(_, matches)| is_typed(matches, flag))
}

/// Puts the settings together and runs the command.
pub(crate) async fn execute(command_line: &CommandLine, terminal: &Terminal) -> Result<Exit> {
    // Without a configuration and without servers.
    match &command_line.command {
        Command::Init(arguments) => {
            return init::execute(arguments, &command_line.common, terminal).await;
        }
        Command::Completions(arguments) => return completions::execute(arguments, terminal),
        Command::Man(arguments) => return man::execute(arguments, terminal),
        _ => {}
    }
    if let Command::Config(arguments) = &command_line.command {
        return config::execute(arguments, &command_line.common, terminal);
    }
    let mut settings = match &command_line.command {
        // Its servers are its own; a configuration of another migration means nothing there.
        Command::Demo(_) => Config::default(),
        _ => settings::load(command_line.common.config.as_deref())?,
    };
    let file = settings.clone();
    command_line.common.overlay(&mut settings);
    if let Command::Notify(arguments) = &command_line.command {
        return notify::execute(arguments, &settings, terminal).await;
    }
    for line in settings::disagreements(&file, &settings, |name| std::env::var(name).ok()) {
        terminal.warning(&line);
    }
    overlay(&command_line.command, &mut settings);
    let (cancellation, stopping) = signals::listen(terminal.clone())?;
    service::begin(&cancellation);
    let invocation = Invocation::new(settings, terminal, (cancellation, stopping));
    match group::members(invocation, command_line.common.database.as_deref())? {
        Members::One(invocation) => one(&command_line.command, &invocation).await,
        Members::Several(group) => several(&command_line.command, &group).await,
    }
}

/// The command, for one migration.
async fn one(command: &Command, invocation: &Invocation) -> Result<Exit> {
    match command {
        // They were carried out before.
        Command::Init(_)
        | Command::Config(_)
        | Command::Notify(_)
        | Command::Completions(_)
        | Command::Man(_) => Ok(Exit::Success),
        Command::Assess(arguments) => assess::execute(arguments, invocation).await,
        Command::Roles(arguments) => roles::execute(arguments, invocation).await,
        Command::Run(arguments) => run::execute(arguments, invocation).await,
        Command::Worker(arguments) => worker::execute(arguments, invocation).await,
        Command::Pause(arguments) => pause::execute(arguments, invocation).await,
        Command::Resume(arguments) => resume::execute(arguments, invocation).await,
        Command::Status(arguments) => status::execute(arguments, invocation).await,
        Command::Watch(arguments) => watch::execute(arguments, invocation).await,
        Command::Serve(arguments) => serve::execute(arguments, &[invocation]).await,
        Command::Table(arguments) => table::execute(arguments, invocation).await,
        Command::Verify(arguments) => verify::execute(arguments, invocation).await,
        Command::Report(arguments) => report::execute(arguments, invocation).await,
        Command::Cutover(arguments) => switch::execute(arguments, invocation).await,
        Command::Fallback(arguments) => switch::execute(arguments, invocation).await,
        Command::Review(arguments) => review::execute(arguments, invocation).await,
        Command::Finish(arguments) => finish::execute(arguments, invocation).await,
        Command::Abort(arguments) => abort::execute(arguments, invocation).await,
        Command::Demo(arguments) => demo::execute(arguments, invocation).await,
    }
}

/// The command, for all databases of the file.
async fn several(command: &Command, group: &Group) -> Result<Exit> {
    match command {
        Command::Table(_) => {
            Err(Failure::new("`table` works on one database at a time")
                .with_hint("choose it with --database"))
        }
        Command::Status(arguments) if arguments.prometheus => status::expose_together(group).await,
        Command::Watch(arguments) => watch::several(arguments, group).await,
        Command::Serve(arguments) => serve::together(arguments, group).await,
        Command::Run(arguments) => run::together(arguments, group).await,
        Command::Report(arguments) => report::together(arguments, group).await,
        Command::Cutover(arguments) => switch::together(arguments, group).await,
        Command::Fallback(arguments) => switch::together(arguments, group).await,
        // They ask the operator, one question after the other.
        // Roles are the server's, so databases of one server would wait for each other.
        Command::Finish(_) | Command::Abort(_) | Command::Roles(_) => {
            group.in_turn(|member| one(command, member)).await
        }
        _ => group.at_once(|member| one(command, member)).await,
    }
}

/// The flags of the command over the settings of the file.
fn overlay(command: &Command, settings: &mut Config) {
    match command {
        Command::Assess(arguments) => arguments.overlay(settings),
        Command::Roles(arguments) => arguments.overlay(settings),
        Command::Run(arguments) => arguments.overlay(settings),
        Command::Worker(arguments) => arguments.overlay(settings),
        Command::Verify(arguments) => arguments.overlay(settings),
        Command::Cutover(arguments) => arguments.overlay(settings),
        Command::Fallback(arguments) => arguments.overlay(settings),
        Command::Init(_)
        | Command::Config(_)
        | Command::Notify(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Pause(_)
        | Command::Resume(_)
        | Command::Status(_)
        | Command::Watch(_)
        | Command::Serve(_)
        | Command::Table(_)
        | Command::Report(_)
        | Command::Review(_)
        | Command::Finish(_)
        | Command::Abort(_)
        | Command::Demo(_) => {}
    }
}

/// What `finish` and `abort` took away, and what they left on purpose.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_flag_says_what_it_does() {
        for command in command().get_subcommands() {
            let silent = command
                .get_arguments()
                .filter(|argument| argument.get_help().is_none())
                .map(clap::Arg::get_id)
                .collect::<Vec<_>>();
            assert!(silent.is_empty(), "{}: {silent:?}", command.get_name());
        }
    }
}
