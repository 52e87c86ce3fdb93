//! `bench large`: what must stay flat however large a database is: very many tables, a very large row, a start over a long way.
//!
//! Counts statements, lines and memory rather than seconds, which a shared machine bends. The other lines of the table in
//! docs/performance.md are benches of their own: `kills`, `load` and `apply --workloads columns`.

mod row;
mod start;
mod tables;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::{
    measure::{self, Cost},
    site::Site,
};

/// Every table, index and TOAST table of a trial of the schema is locked in one transaction; statements are counted.
const SETTINGS: [(&str, &str); 3] = [
    ("max_locks_per_transaction", "4096"),
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.max", "10000"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Very many small tables: load, comparison, cutover, reports
    Tables,
    /// A very large row: copied, compared, repaired
    Row,
    /// A run that goes on, over a long way
    Start,
}

#[derive(Args)]
pub(crate) struct Arguments {
    /// What to measure, all where nothing is given
    #[arg(long, value_enum, value_delimiter = ',')]
    parts: Vec<Part>,
    /// Small tables, each with a key and an index
    #[arg(long, default_value_t = 25_000)]
    tables: u64,
    /// Size of the large row
    #[arg(long, default_value_t = 64)]
    row_mb: u64,
    /// Milliseconds that the way to either server takes there and back
    #[arg(long, default_value_t = 40)]
    way: u64,
    /// The program to measure; built with the release profile where not given
    #[arg(long)]
    transhume: Option<PathBuf>,
    /// Directory of the servers' programs, with psql, pg_dump and pg_restore
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    programs: PathBuf,
}

/// A database on both servers, and the program that moves it.
struct Move<'a> {
    site: &'a Site,
    transhume: &'a Path,
    scratch: PathBuf,
    database: &'static str,
}

/// What a command of the program cost and printed.
struct Told {
    cost: Cost,
    /// Of its output, and what it told meanwhile.
    output: String,
    meanwhile: String,
}

pub(super) fn large(workspace: &Path, arguments: &Arguments) -> Result<()> {
    let transhume = super::program(workspace, arguments.transhume.as_deref(), "release")?;
    let site = Site::start_with(&arguments.programs, false, &SETTINGS)?;
    let scratch = super::scratch()?;
    println!("{}\n", super::machine(&site, false, "one run")?);
    for part in super::some_or(&arguments.parts, Part::value_variants()) {
        let database = match part {
            Part::Tables => "tables",
            Part::Row => "row",
            Part::Start => "start",
        };
        let moving = Move {
            site: &site,
            transhume: &transhume,
            scratch: scratch.clone(),
            database,
        };
        moving.create()?;
        match part {
            Part::Tables => tables::measure(&moving, arguments.tables)?,
            Part::Row => row::measure(&moving, arguments.row_mb)?,
            Part::Start => start::measure(&moving, arguments.way)?,
        }
    }
    Ok(fs::remove_dir_all(&scratch)?)
}

impl Move<'_> {
    fn create(&self) -> Result<()> {
        for server in [&self.site.source, &self.site.target] {
            let create = format!("create database {}", self.database);
            self.site.sql(&server.url("postgres"), &create, 0)?;
        }
        Ok(())
    }

    fn source(&self, sql: &str) -> Result<String> {
        self.site.sql(&self.site.source.url(self.database), sql, 0)
    }

    fn target(&self, sql: &str) -> Result<String> {
        self.site.sql(&self.site.target.url(self.database), sql, 0)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.transhume);
        let (source, target) = (
            self.site.source.url(self.database),
            self.site.target.url(self.database),
        );
        command.args(arguments).current_dir(&self.scratch);
        self.site.surround(&mut command, &source, &target);
        command
    }

    /// `code` is the one that it ends with.
    fn run(&self, arguments: &[&str], code: i32) -> Result<Told> {
        let (output, meanwhile) = (self.scratch.join("output"), self.scratch.join("meanwhile"));
        let mut command = self.command(arguments);
        command
            .stdout(File::create(&output)?)
            .stderr(File::create(&meanwhile)?);
        let (status, cost) = measure::run(command, &self.site.postmasters()?)?;
        let told = Told {
            cost,
            output: fs::read_to_string(output)?,
            meanwhile: fs::read_to_string(meanwhile)?,
        };
        if status.code() != Some(code) {
            bail!(
                "{arguments:?} ended with {status}:\n{}{}",
                told.output,
                told.meanwhile
            );
        }
        Ok(told)
    }
}

impl Told {
    fn line(&self, what: &str) -> String {
        format!(
            "{what}: {:.1} s, client {:.1} s, {:.0} MiB",
            self.cost.wall_seconds, self.cost.client_seconds, self.cost.client_peak_mib
        )
    }
}
