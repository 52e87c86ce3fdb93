//! `bench load`: copies every data set in every way, several times in turn, and says what each cost.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::{
    data::DataSet,
    measure,
    peer::{Peer, Way},
    site::Site,
    summary::{self, Run},
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Data sets, all where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    sets: Vec<DataSet>,
    /// Ways of copying, all that are installed where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// Size of the data sets, 1 being about 1.2 GB and 2,000 small tables in all
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How often each set is copied in each way
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Sessions that copy or build at the same time, in every way of copying
    #[arg(long, default_value_t = 4)]
    at_once: u32,
    /// Let the servers sync to disk, as a server in earnest does
    #[arg(long)]
    fsync: bool,
    /// The program to measure; built with the release profile where not given
    #[arg(long)]
    transhume: Option<PathBuf>,
    /// Directory of the server's programs, with psql, pg_dump and pg_restore
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    programs: PathBuf,
    /// Where the figures of every run go as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Further options of `transhume run`
    #[arg(last = true)]
    options: Vec<String>,
}

pub(super) fn load(workspace: &Path, arguments: &Arguments) -> Result<()> {
    let transhume = super::program(workspace, arguments.transhume.as_deref(), "release")?;
    let site = Site::start(&arguments.programs, arguments.fsync)?;
    let sets = super::some_or(
        &arguments.sets,
        &[
            DataSet::Narrow,
            DataSet::Wide,
            DataSet::Huge,
            DataSet::Small,
            DataSet::Partitions,
            DataSet::Indexes,
        ],
    );
    let mut peers = super::some_or(&arguments.peers, &Peer::ALL);
    if !is_installed("pgcopydb") {
        peers.retain(|peer| *peer != Peer::Pgcopydb);
    }
    let mut sizes = Vec::new();
    for set in &sets {
        let bytes = site.build(*set, arguments.scale)?;
        println!("{}: {} MB", set.name(), bytes >> 20);
        sizes.push((set.name(), bytes));
    }
    let mut runs = Vec::new();
    for round in 0..arguments.rounds {
        for set in &sets {
            // Nobody is always the first after a pause.
            peers.rotate_left(usize::from(round > 0));
            for peer in &peers {
                let run = one(&site, arguments, &transhume, *set, *peer)?;
                println!("{}", line(&run));
                runs.push(run);
            }
        }
    }
    let how = format!("{} at once, median of {}", arguments.at_once, arguments.rounds);
    let machine = super::machine(&site, arguments.fsync, &how)?;
    println!("\n{}", summary::table(&machine, &sizes, &sets, &runs));
    if let Some(path) = &arguments.json {
        fs::write(path, summary::json(&machine, &sizes, &runs)?)?;
    }
    Ok(())
}

fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
}

fn one(site: &Site, arguments: &Arguments, transhume: &Path, set: DataSet, peer: Peer) -> Result<Run> {
    site.clear(set)?;
    let scratch = super::scratch()?;
    let log = scratch.join("log");
    let way = Way {
        site,
        transhume,
        options: &arguments.options,
        at_once: arguments.at_once,
        log: fs::File::create(&log)?,
        scratch: scratch.clone(),
    };
    let (status, cost) = measure::run(way.command(peer, set)?, &site.postmasters()?)?;
    if !status.success() {
        let said = fs::read_to_string(&log).unwrap_or_default();
        bail!("{} of {} failed ({status}):\n{said}", peer.name(), set.name());
    }
    let follow_seconds = if peer == Peer::Transhume {
        since_load(site, set)?
    } else {
        0.0
    };
    let (expected, found) = (
        site.rows(&site.source.url(set.name()))?,
        site.rows(&site.target.url(set.name()))?,
    );
    if expected != found {
        bail!(
            "{} of {}: rows|indexes {found} instead of {expected}",
            peer.name(),
            set.name()
        );
    }
    let analyze_seconds = if peer.analyses() {
        None
    } else {
        Some(
            measure::run(way.analyze(set)?, &site.postmasters()?)?
                .1
                .wall_seconds,
        )
    };
    way.after(peer, set)?;
    fs::remove_dir_all(&scratch).context("clearing up")?;
    Ok(Run {
        set: set.name(),
        peer: peer.name(),
        cost,
        follow_seconds,
        analyze_seconds,
    })
}

/// Between the end of the load and the end of the run, as the target tells the times.
fn since_load(site: &Site, set: DataSet) -> Result<f64> {
    let seconds = site.sql(
        &site.target.url(set.name()),
        include_str!("sql/since_load.sql"),
        0,
    )?;
    Ok(seconds.parse()?)
}

fn line(run: &Run) -> String {
    format!(
        "{:<10} {:<26} {:7.2} s  server {:6.2} s  client {:5.2} s  {:4.0} MiB{}{}",
        run.set,
        run.peer,
        run.cost.wall_seconds,
        run.cost.server_seconds,
        run.cost.client_seconds,
        run.cost.client_peak_mib,
        if run.follow_seconds > 0.0 {
            format!("  of which follow {:.2} s", run.follow_seconds)
        } else {
            String::new()
        },
        run.analyze_seconds
            .map_or_else(String::new, |seconds| format!("  ANALYZE {seconds:.2} s")),
    )
}
