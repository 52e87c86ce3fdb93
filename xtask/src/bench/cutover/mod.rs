//! `bench cutover`: how long clients wait when the application moves and moves back, by transhume and by the usual
//! procedure by hand.
//!
//! Each trial is a whole migration of a small database under full load. What was acknowledged is counted again where the
//! application is at the end: a trial with anything lost, doubled or numbered twice fails the bench.

mod clients;
mod experience;
mod hook;
mod mover;
mod summary;
mod trial;
mod workload;

use std::{fs, path::Path, path::PathBuf};

use anyhow::Result;
use clap::Args;

use self::{
    trial::{Outcome, Trials, Way},
    workload::Workload,
};
use super::site::Site;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Ways of moving, all where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    ways: Vec<Way>,
    /// What the application does, both where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    workloads: Vec<Workload>,
    /// How often the application is moved in each way, under each workload
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// By hand only in every so many rounds: it is there for comparison
    #[arg(long, default_value_t = 4)]
    by_hand_every: u32,
    /// Clients that never rest
    #[arg(long, default_value_t = 32)]
    clients: u32,
    /// Branches of the bank, hundreds of the shop's items
    #[arg(long, default_value_t = 32)]
    scale: u64,
    /// Seconds of traffic before the move
    #[arg(long, default_value_t = 1.0)]
    before: f64,
    /// Seconds of traffic after each move
    #[arg(long, default_value_t = 1.0)]
    after: f64,
    /// Let the servers sync to disk, as a server in earnest does
    #[arg(long)]
    fsync: bool,
    /// The program to measure; built with the profile demo where not given
    #[arg(long)]
    transhume: Option<PathBuf>,
    /// Directory of the servers' programs, with psql and pg_dump
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    programs: PathBuf,
    /// Where the figures of every trial go as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Arguments {
    fn ways(&self) -> Vec<Way> {
        super::some_or(&self.ways, &Way::ALL)
    }

    fn workloads(&self) -> Vec<Workload> {
        super::some_or(&self.workloads, &Workload::ALL)
    }
}

pub(super) fn cutover(workspace: &Path, arguments: &Arguments) -> Result<()> {
    let transhume = super::program(workspace, arguments.transhume.as_deref(), "demo")?;
    let site = Site::start(&arguments.programs, arguments.fsync)?;
    let scratch = super::scratch()?;
    let trials = Trials {
        site: &site,
        arguments,
        transhume: &transhume,
        scratch: &scratch,
    };
    let mut outcomes = Vec::new();
    let all = rounds(&trials, arguments, &mut outcomes);
    let how = format!("{} clients; {} rounds", arguments.clients, arguments.rounds);
    println!("\n{}\n", super::machine(&site, arguments.fsync, &how)?);
    println!("{}{}", summary::table(&outcomes), summary::steps(&outcomes));
    fs::remove_dir_all(&scratch)?;
    all
}

/// What there is by then is kept when one fails.
fn rounds(trials: &Trials<'_>, arguments: &Arguments, outcomes: &mut Vec<Outcome>) -> Result<()> {
    for workload in arguments.workloads() {
        trials.prepare(workload)?;
    }
    for round in 0..arguments.rounds {
        for workload in arguments.workloads() {
            for way in arguments.ways() {
                if way.is_by_hand() && !round.is_multiple_of(arguments.by_hand_every.max(1)) {
                    continue;
                }
                let outcome = trials.one(way, workload)?;
                println!("{}", summary::line(&outcome));
                outcomes.push(outcome);
                if let Some(path) = &arguments.json {
                    fs::write(path, serde_json::to_string_pretty(outcomes)?)?;
                }
            }
        }
    }
    Ok(())
}
