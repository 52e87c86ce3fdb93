//! `bench verify`: compares both sides of every data set in every way, several times in turn; then what it costs
//! to find one row that differs, in tables that grow.

mod one_row;
mod summary;
mod way;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use self::{
    summary::Run,
    way::{Comparison, Way},
};
use super::{data::DataSet, measure, site::Site};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Data sets, narrow, wide and huge where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    sets: Vec<DataSet>,
    /// Ways of comparing, all that are installed where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    ways: Vec<Way>,
    /// Size of the data sets, 1 being about 750 MB for the three
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How often each set is compared in each way
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Tables (or pieces of them) compared at the same time, in every way that can
    #[arg(long, default_value_t = 2)]
    at_once: u32,
    /// Rows of the smallest table in which one row is looked for; the others have 4 and 16 times as many. 0 for none
    #[arg(long, default_value_t = 50_000)]
    rows: u64,
    /// The program to measure; built with the release profile where not given
    #[arg(long)]
    transhume: Option<PathBuf>,
    /// Directory of the server's programs, with psql, pg_dump and pg_restore
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    programs: PathBuf,
    /// Where the figures of every run go as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

pub(super) fn verify(workspace: &Path, arguments: &Arguments) -> Result<()> {
    let transhume = super::program(workspace, arguments.transhume.as_deref(), "release")?;
    let site = Site::start(&arguments.programs, false)?;
    let scratch = super::scratch()?;
    let comparison = Comparison {
        site: &site,
        transhume: &transhume,
        at_once: arguments.at_once,
        scratch: scratch.clone(),
    };
    let runs = all_ways(&comparison, arguments)?;
    let how = format!("{} at once, median of {}", arguments.at_once, arguments.rounds);
    let machine = super::machine(&site, false, &how)?;
    println!("\n{}", summary::table(&machine, &runs));
    if let Some(path) = &arguments.json {
        fs::write(path, summary::json(&machine, &runs)?)?;
    }
    if arguments.rows > 0 {
        println!("{}", one_row::look(&comparison, arguments.rows)?);
    }
    fs::remove_dir_all(&scratch).context("clearing up")
}

fn all_ways(comparison: &Comparison<'_>, arguments: &Arguments) -> Result<Vec<Run>> {
    let default_sets = [DataSet::Narrow, DataSet::Wide, DataSet::Huge];
    let sets = super::some_or(&arguments.sets, &default_sets);
    let mut ways = super::some_or(&arguments.ways, &Way::ALL);
    if !way::pgcopydb_compares() {
        ways.retain(|way| *way != Way::Pgcopydb);
    }
    let mut sizes = Vec::new();
    for set in &sets {
        let bytes = comparison.site.build(*set, arguments.scale)?;
        comparison.copy(*set, ways.contains(&Way::Migration))?;
        let found = comparison.site.rows(&comparison.site.source.url(set.name()))?;
        let rows: u64 = found
            .split('|')
            .next()
            .unwrap_or_default()
            .parse()
            .context("counting rows")?;
        println!("{}: {} MB, {rows} rows", set.name(), bytes >> 20);
        sizes.push((bytes, rows));
    }
    let mut runs = Vec::new();
    for round in 0..arguments.rounds {
        for (set, size) in sets.iter().zip(&sizes) {
            // Nobody is always the first after a pause.
            ways.rotate_left(usize::from(round > 0));
            for way in &ways {
                let run = one(comparison, *set, *way, *size)?;
                println!("{}", summary::line(&run));
                runs.push(run);
            }
        }
    }
    Ok(runs)
}

fn one(comparison: &Comparison<'_>, set: DataSet, way: Way, (bytes, rows): (u64, u64)) -> Result<Run> {
    let postmasters = comparison.site.postmasters()?;
    let log = comparison.scratch.join("log");
    let command = comparison.command(way, set.name(), &log)?;
    let before = measure::servers(&postmasters[..1])?;
    let (status, cost) = measure::run(command, &postmasters)?;
    let source_seconds = measure::servers(&postmasters[..1])? - before;
    if !status.success() {
        let said = fs::read_to_string(&log).unwrap_or_default();
        bail!("{} of {} failed ({status}):\n{said}", way.name(), set.name());
    }
    Ok(Run {
        set: set.name(),
        way: way.name(),
        bytes,
        rows,
        cost,
        source_seconds,
    })
}
