//! `run`: prepares, copies, builds and follows; resumes whatever was begun.

use std::path::PathBuf;

use clap::Args;

use super::pending;
use crate::{
    arguments::{LoadArguments, SelectionArguments, replace},
    config::Config,
    failure::{Exit, Result},
    invocation::Invocation,
    quantity::Size,
};

const EXAMPLES: &str = "\
Examples:
  transhume run                                 start or resume; stop it with Ctrl-C at any time
  transhume run --dry-run                       print the plan and change nothing
  transhume run --until-caught-up               for scripts: ends once the target has caught up
  transhume run --loaders 8 --builders 4 --rate-limit 200MB";

/// Start the migration, or go on with it
///
/// Creates publication and slot on the source, copies schema and rows to the target, builds indexes
/// and constraints, and then follows every change until it is stopped. Selection and connections
/// are fixed by the first run; a later run goes on with the same migration.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// End with 0 once the target has caught up with the source
    ///
    /// Caught up means: it has passed the source's WAL end as it was when the load was done and the
    /// backlog was met. The migration stays; a later run goes on.
    #[arg(long)]
    until_caught_up: bool,
    /// Print what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    load: LoadArguments,
    /// Tables larger than this are copied in parts of this size
    #[arg(long, value_name = "SIZE", env = "TRANSHUME_PART_SIZE")]
    part_size: Option<Size>,
    /// Directory with pg_dump and pg_restore
    #[arg(long, value_name = "DIRECTORY", env = "TRANSHUME_PROGRAMS")]
    programs: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.selection.overlay(settings);
        self.load.overlay(settings);
        replace(&mut settings.part_size, self.part_size.as_ref());
        replace(&mut settings.programs, self.programs.as_ref());
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let _endpoints = invocation.endpoints()?;
    Err(pending("run"))
}
