//! `init`: writes a commented configuration file.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    failure::{Exit, Failure, Result},
    settings::{DEFAULT_FILE, template},
    show::terminal::Terminal,
};

/// Only for its owner: people will write passwords into it.
const MODE: u32 = 0o600;

const EXAMPLES: &str = "\
Examples:
  transhume init                      writes transhume.toml
  transhume init shop.toml            then: transhume --config shop.toml run";

/// Write a commented configuration file
///
/// Every setting is in it with its meaning and its default, commented out. A file that is already
/// there is never overwritten.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Where to write it [default: --config, or transhume.toml]
    file: Option<PathBuf>,
}

pub(crate) fn execute(arguments: &Arguments, config: Option<&Path>, terminal: &Terminal) -> Result<Exit> {
    let path = arguments
        .file
        .as_deref()
        .or(config)
        .unwrap_or(Path::new(DEFAULT_FILE));
    // Created and refused in one step, so that not even a race overwrites anything.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path);
    file.and_then(|mut file| file.write_all(template().as_bytes()))
        .map_err(|error| {
            let failure = Failure::new(format!("cannot write {}: {error}", path.display()));
            match error.kind() {
                ErrorKind::AlreadyExists => {
                    failure.with_hint("it is never overwritten: move it away, or name another file")
                }
                _ => failure.with_hint("check that the directory exists and may be written to"),
            }
        })?;
    terminal.note(&format!(
        "wrote {}: set url in [source] and [target], then run `transhume assess`",
        path.display()
    ));
    Ok(Exit::Success)
}
