//! `init`: writes a commented configuration file, for one database or for all of a server.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Args;
use transhume_engine::{
    count::counted,
    instance::{self, InstanceDatabase},
};

use crate::{
    arguments::CommonArguments,
    failure::{Exit, Failure, Result},
    invocation,
    settings::{Config, DEFAULT_FILE, template, template_of_instance},
    show::terminal::{Terminal, secret::has_password},
};

/// Only for its owner: people will write passwords into it.
const MODE: u32 = 0o600;

const EXAMPLES: &str = "\
Examples:
  transhume init                      writes transhume.toml
  transhume init shop.toml            then: transhume --config shop.toml run
  transhume init --all-databases      a section for each database of --source";

/// Write a commented configuration file
///
/// Every setting is in it with its meaning and its default, commented out. A file that is already
/// there is never overwritten.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Where to write it [default: --config, or transhume.toml]
    file: Option<PathBuf>,
    /// A section for each database of the source's server
    ///
    /// Each is looked into. One that cannot be entered, or has no table, view or sequence, is commented out with the reason.
    /// --source and --target are written too, unless they hold a password.
    #[arg(long)]
    all_databases: bool,
}

pub(crate) async fn execute(
    arguments: &Arguments,
    common: &CommonArguments,
    terminal: &Terminal,
) -> Result<Exit> {
    let path = arguments
        .file
        .as_deref()
        .or(common.config.as_deref())
        .unwrap_or(Path::new(DEFAULT_FILE));
    if !arguments.all_databases {
        write(path, &template())?;
        terminal.note(&format!(
            "wrote {}: set url in [source] and [target], then run `transhume assess`",
            path.display()
        ));
        return Ok(Exit::Success);
    }
    let mut servers = Config::default();
    common.overlay(&mut servers);
    let source = invocation::connection(
        servers.source.as_deref(),
        servers.source_password_command.as_deref(),
        "source",
    )?;
    let databases = instance::databases(&source).await?;
    let left_to_say = take_unwritable(&mut servers);
    write(path, &template_of_instance(&servers, &databases))?;
    tell(terminal, path, &databases, &left_to_say);
    Ok(Exit::Success)
}

/// A password is for no file that is made by itself. Returns the sections whose `url` is left to set.
fn take_unwritable(servers: &mut Config) -> Vec<&'static str> {
    let mut left = Vec::new();
    for (url, section) in [
        (&mut servers.source, "[source]"),
        (&mut servers.target, "[target]"),
    ] {
        // The file reads ${NAME} as a variable of the environment.
        if url
            .as_ref()
            .is_none_or(|url| has_password(url) || url.contains("${"))
        {
            *url = None;
            left.push(section);
        }
    }
    left
}

fn tell(terminal: &Terminal, path: &Path, databases: &[InstanceDatabase], left_to_say: &[&str]) {
    for database in databases.iter().filter(|database| !database.is_to_move) {
        terminal.note(&format!("left out {}: {}", database.name, database.content));
    }
    let moved = databases.iter().filter(|database| database.is_to_move).count();
    let first = if left_to_say.is_empty() {
        String::new()
    } else {
        format!("set url in {}, ", left_to_say.join(" and "))
    };
    terminal.note(&format!(
        "wrote {} with {}: {first}create them on the target, then run `transhume roles --apply` and `transhume assess`",
        path.display(),
        counted(moved, "database")
    ));
}

/// Created and refused in one step, so that not even a race overwrites anything.
fn write(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| {
            let failure = Failure::new(format!("cannot write {}: {error}", path.display()));
            match error.kind() {
                ErrorKind::AlreadyExists => {
                    failure.with_hint("it is never overwritten: move it away, or name another file")
                }
                _ => failure.with_hint("check that the directory exists and may be written to"),
            }
        })
}
