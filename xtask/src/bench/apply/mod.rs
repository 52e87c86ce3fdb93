//! `bench apply`: the same backlog received only, applied by the built-in subscription, and applied by transhume,
//! on the same two servers in turn; and how far each lags behind live traffic.

mod lag;
mod round;
mod summary;
mod workload;

use std::{fs, path::Path, path::PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum as _};

use self::{round::Round, workload::Workload};
use super::site::Site;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Workloads, all where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    workloads: Vec<Workload>,
    /// Size of the backlogs, 1 being 50,000 transactions of TPC-B; the huge transaction has 5 million rows at 10
    #[arg(long, default_value_t = 0.5)]
    scale: f64,
    /// How often each backlog is applied in each way
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Milliseconds that the way between the two servers takes: to the target for transhume, to the source for the
    /// subscription
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Measures the lag at this many transactions a second instead of backlogs
    #[arg(long)]
    lag_rate: Option<u32>,
    /// Seconds of traffic for the lag
    #[arg(long, default_value_t = 15)]
    lag_seconds: u32,
    /// Let the servers sync to disk, as a server in earnest does
    #[arg(long)]
    fsync: bool,
    /// The program to measure; built with the release profile where not given
    #[arg(long)]
    transhume: Option<PathBuf>,
    /// Directory of the servers' programs, with psql, pg_dump, pgbench and pg_recvlogical
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    programs: PathBuf,
    /// Where the figures of every run go as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

pub(super) fn apply(workspace: &Path, arguments: &Arguments) -> Result<()> {
    let transhume = super::program(workspace, arguments.transhume.as_deref(), "release")?;
    let site = Site::start(&arguments.programs, arguments.fsync)?;
    let scratch = super::scratch()?;
    let workloads = super::some_or(&arguments.workloads, Workload::value_variants());
    let mut runs = Vec::new();
    let mut lags = Vec::new();
    for turn in 0..arguments.rounds {
        for workload in &workloads {
            let round = Round::prepare(&site, arguments, &transhume, &scratch, *workload)?;
            if let Some(rate) = arguments.lag_rate {
                lags.extend(lag::measure(&round, rate, arguments.lag_seconds)?);
            } else {
                runs.extend(round.apply_backlog(turn)?);
            }
            round.clear()?;
        }
    }
    let machine = super::machine(&site, arguments.fsync, &format!("median of {}", arguments.rounds))?;
    println!("\n{machine}; delay {} ms\n", arguments.delay);
    if arguments.lag_rate.is_some() {
        println!("{}", summary::lags(&lags));
    } else {
        println!("{}", summary::backlogs(&workloads, &runs));
    }
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_string_pretty(&(&runs, &lags))?)?;
    }
    fs::remove_dir_all(&scratch)?;
    Ok(())
}
