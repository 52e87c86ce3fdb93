//! `config`: whether the settings in force can be used, without asking any server.
//!
//! Everything that is wrong is told at once; whoever starts a command learns only the first.

use std::path::Path;

use clap::{Args, Subcommand};
use transhume_engine::{conninfo::ConnectionSettings, count::counted};

use super::group::{Members, members};
use crate::{
    arguments::CommonArguments,
    failure::{Exit, Failure, Result},
    invocation::{Invocation, cutover_options},
    settings::{self, Config},
    show::{
        document::{Checked, Ends, Problem},
        terminal::{Terminal, style::Style},
    },
    signals,
};

/// Of the JSON document.
const VERSION: u32 = 1;

const EXAMPLES: &str = "\
Examples:
  transhume config check                        transhume.toml, or the file of --config, with the environment
  transhume config check --json | jq -r '.problems[].message'";

/// Look at the settings before they are needed
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: ConfigAction,
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Say all that is wrong with the settings in force; asks no server
    ///
    /// Reads the configuration file, the environment and the flags as every command does, and reports every mistake with its place:
    /// unknown keys, bad values, missing variables, files and directories that are not there. Exits with 0 where they can be used,
    /// with 2 where they cannot.
    Check(Check),
}

#[derive(Debug, Args)]
struct Check {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn execute(arguments: &Arguments, common: &CommonArguments, terminal: &Terminal) -> Result<Exit> {
    let ConfigAction::Check(check) = &arguments.action;
    let (checked, failures) = checked(common, terminal)?;
    terminal.print_result(check.json, &checked, text)?;
    if !check.json {
        for warning in &checked.warnings {
            terminal.warning(warning);
        }
        for failure in &failures {
            terminal.failure(failure);
        }
    }
    Ok(if failures.is_empty() {
        Exit::Success
    } else {
        Exit::NotDone
    })
}

fn checked(common: &CommonArguments, terminal: &Terminal) -> Result<(Checked, Vec<Failure>)> {
    let read = settings::read_all(common.config.as_deref())?;
    let (file, mut failures) = (read.config, read.failures);
    let mut settings = file.clone();
    common.overlay(&mut settings);
    let variable = |name: &str| std::env::var(name).ok();
    let mut warnings = settings::disagreements(&file, &settings, variable);
    warnings.extend(settings::unknown_variables(
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()),
    ));
    warnings.extend(
        read.path
            .as_deref()
            .and_then(|path| settings::readable_by_others(path, &file)),
    );
    failures.extend(bad_paths(&settings));
    failures.extend(cutover_options(&settings).err());
    let (cancellation, stopping) = signals::listen(terminal.clone())?;
    let invocation = Invocation::new(settings, terminal, (cancellation, stopping));
    let mut databases = Vec::new();
    match members(invocation, common.database.as_deref()) {
        Ok(Members::One(only)) => databases.push(ends(&only, &mut failures)),
        Ok(Members::Several(group)) => {
            databases.extend(group.members.iter().map(|member| ends(member, &mut failures)));
        }
        Err(failure) => failures.push(failure),
    }
    let problems = failures.iter().map(|failure| Problem {
        message: failure.message.clone(),
        hint: failure.hint.clone(),
    });
    let checked = Checked {
        version: VERSION,
        file: read.path.map(|path| path.display().to_string()),
        problems: problems.collect(),
        warnings,
        databases,
    };
    Ok((checked, failures))
}

fn ends(member: &Invocation, failures: &mut Vec<Failure>) -> Ends {
    let mut reported = |end: Result<ConnectionSettings>| match end {
        Ok(end) => end.to_string(),
        Err(failure) => {
            // Databases of one server share its mistake.
            if failures.iter().all(|other| other.message != failure.message) {
                failures.push(failure);
            }
            String::new()
        }
    };
    Ends {
        name: member.name().to_owned(),
        source: reported(member.source()),
        target: reported(member.target()),
    }
}

/// Places on this machine that are named and not there.
fn bad_paths(settings: &Config) -> Vec<Failure> {
    let directories = [
        ("spill_directory in [follow]", &settings.spill_directory),
        ("programs in [schema]", &settings.programs),
    ];
    let mut failures: Vec<Failure> = directories
        .into_iter()
        .filter_map(|(key, path)| {
            let path = path.as_deref().filter(|path| !path.is_dir())?;
            Some(not_there(key, path, "directory"))
        })
        .collect();
    let file = settings
        .application
        .file
        .as_deref()
        .filter(|path| !path.is_file());
    failures.extend(file.map(|path| not_there("file in [cutover.pgbouncer]", path, "file")));
    failures
}

fn not_there(key: &str, path: &Path, what: &str) -> Failure {
    Failure::new(format!("{key}: there is no {what} {}", path.display()))
        .with_hint(format!("make it, or name a {what} of this machine"))
}

fn text(checked: &Checked, _style: Style) -> String {
    let file = checked.file.as_deref().unwrap_or("no configuration file");
    let verdict = match checked.problems.len() {
        0 => "the settings can be used".to_owned(),
        count => counted(count, "mistake"),
    };
    let known = checked
        .databases
        .iter()
        .filter(|ends| !ends.source.is_empty() && !ends.target.is_empty());
    let lines = known.map(|ends| {
        let name = match ends.name.as_str() {
            "" => String::new(),
            name => format!("{name}: "),
        };
        format!("  {name}{} to {}\n", ends.source, ends.target)
    });
    format!("{file}: {verdict}\n{}", lines.collect::<String>())
}
