//! `report`: the record of a move as files, for whoever must know later what was done.

use std::path::PathBuf;

use clap::Args;
use futures_util::future::join_all;
use transhume_engine::status::{Record, record};

use super::group::Group;
use crate::{
    failure::{Exit, Failure, Result},
    invocation::Invocation,
    show::{
        report::record::{Chapter, write},
        terminal::Terminal,
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume report                              into the present directory
  transhume report /srv/changes/4711            after the cutover and before `finish`, which removes what it is read from
  transhume report --json | jq '.tables[].verified.read'";

/// Write the record of the migration: what was done, when and by whom, with every table's rows and digests
///
/// One HTML page for all databases of the file, and for each database a CSV file of its tables and an SQL file of the statements that
/// would put back what was changed. It can be written at any time before `finish`, from any machine.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Where to write the files; it is made where it is missing
    #[arg(default_value = ".", value_name = "DIRECTORY")]
    directory: PathBuf,
    /// Print it as JSON instead
    #[arg(long)]
    pub(super) json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    if arguments.json {
        let record = read(invocation).await?;
        invocation.terminal.print_json(&record)?;
        return Ok(Exit::Success);
    }
    write_all(arguments, &[invocation], &invocation.terminal).await
}

/// One page for all databases of the file.
pub(super) async fn together(arguments: &Arguments, group: &Group) -> Result<Exit> {
    if arguments.json {
        return group.at_once(|member| execute(arguments, member)).await;
    }
    let members: Vec<&Invocation> = group.members.iter().collect();
    write_all(arguments, &members, &group.terminal).await
}

/// One database of several that cannot be read has its chapter too: it says so. Where none can be, nothing is written.
async fn write_all(arguments: &Arguments, members: &[&Invocation], terminal: &Terminal) -> Result<Exit> {
    let mut read = join_all(members.iter().map(|member| Box::pin(read(member)))).await;
    if read.iter().all(Result::is_err) {
        return read.swap_remove(0).map(|_| Exit::Success);
    }
    let mut chapters = Vec::new();
    let mut exit = Exit::Success;
    for (member, record) in members.iter().zip(read) {
        if let Err(failure) = &record {
            if failure.exit == Exit::Interrupted {
                return Err(Failure::interrupted());
            }
            member.terminal.failure(failure);
            exit = Exit::NotDone;
        }
        chapters.push(Chapter {
            database: member.label()?,
            record,
        });
    }
    for path in write(&arguments.directory, &chapters)? {
        terminal.print(&format!("{}\n", path.display()))?;
    }
    Ok(exit)
}

async fn read(invocation: &Invocation) -> Result<Record> {
    let target = invocation.target()?;
    let source = invocation.endpoints().ok().map(|endpoints| endpoints.source);
    let reading = Box::pin(record(&target, source.as_ref()));
    Ok(invocation.or_interrupted(reading).await??)
}
