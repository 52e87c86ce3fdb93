//! `bench cutover`: how long clients wait when the application moves, by transhume and by the usual procedure by hand.
//!
//! Each trial is a whole migration of a small database under full load. What was acknowledged is counted again on the
//! target: a trial with anything lost, doubled or numbered twice fails the bench.

mod clients;
mod summary;
mod trial;

use std::{fs, path::Path, path::PathBuf};

use anyhow::Result;
use clap::Args;

use self::trial::{Trials, Way};
use super::site::Site;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Ways of moving, all where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    ways: Vec<Way>,
    /// How often the application is moved in each way
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Clients that never rest
    #[arg(long, default_value_t = 32)]
    clients: u32,
    /// Hundreds of thousands of accounts, as in pgbench
    #[arg(long, default_value_t = 2)]
    scale: u64,
    /// Seconds of traffic before the move
    #[arg(long, default_value_t = 2)]
    before: u64,
    /// Seconds of traffic after it
    #[arg(long, default_value_t = 1)]
    after: u64,
    /// Let the servers sync to disk, as a server in earnest does
    #[arg(long)]
    fsync: bool,
    /// The program to measure; built with the release profile where not given
    #[arg(long)]
    transhume: Option<PathBuf>,
    /// Directory of the servers' programs, with psql and pg_dump
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    programs: PathBuf,
    /// Where the figures of every trial go as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

pub(super) fn cutover(workspace: &Path, arguments: &Arguments) -> Result<()> {
    let transhume = super::program(workspace, arguments.transhume.as_deref())?;
    let site = Site::start(&arguments.programs, arguments.fsync)?;
    let scratch = std::env::temp_dir().join(format!("transhume-bench-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let trials = Trials {
        site: &site,
        arguments,
        transhume: &transhume,
        scratch: &scratch,
    };
    let ways = if arguments.ways.is_empty() {
        Way::ALL.to_vec()
    } else {
        arguments.ways.clone()
    };
    let mut outcomes = Vec::new();
    for _ in 0..arguments.rounds {
        for way in &ways {
            let outcome = trials.one(*way)?;
            println!("{}", summary::line(&outcome));
            outcomes.push(outcome);
        }
    }
    let how = format!("{} clients; ", arguments.clients);
    let machine = super::machine(&site, arguments.fsync, &how, arguments.rounds)?;
    println!("\n{machine}\n\n{}", summary::table(&ways, &outcomes));
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_string_pretty(&outcomes)?)?;
    }
    fs::remove_dir_all(&scratch)?;
    Ok(())
}
