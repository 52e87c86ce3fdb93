//! The ways of comparing two databases, each as one command.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use clap::ValueEnum;

use crate::bench::{
    data::DataSet,
    site::{Site, script},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Way {
    /// transhume verify of the tables, without a migration
    Transhume,
    /// The same within a migration that follows: at a frozen commit, recorded on the target
    Migration,
    /// By hand: the sum of a part of each row's md5, which no order matters to
    Sum,
    /// By hand: the md5 of all rows' md5s in the order of the key (of the md5s where there is none)
    Md5,
    /// By hand: the sum of each row's hashtext (32 bits), what pgcopydb compare data asks each table for
    Hashtext,
    /// pgcopydb compare data
    Pgcopydb,
}

/// The target's databases that a migration loaded.
const MIGRATED: &str = "_migrated";

impl Way {
    pub(super) const ALL: [Self; 6] = [
        Self::Transhume,
        Self::Migration,
        Self::Sum,
        Self::Md5,
        Self::Hashtext,
        Self::Pgcopydb,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Transhume => "transhume verify",
            Self::Migration => "the same in a migration",
            Self::Sum => "sum of md5",
            Self::Md5 => "md5 in order",
            Self::Hashtext => "sum of hashtext",
            Self::Pgcopydb => "pgcopydb compare data",
        }
    }
}

/// Debian's pgcopydb 0.10 has no such command yet.
pub(super) fn pgcopydb_compares() -> bool {
    let help = Command::new("pgcopydb")
        .args(["compare", "data", "--help"])
        .output();
    help.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("compare data"))
}

/// What every way of comparing gets to know.
pub(super) struct Comparison<'a> {
    pub(super) site: &'a Site,
    pub(super) transhume: &'a Path,
    pub(super) at_once: u32,
    pub(super) scratch: PathBuf,
}

impl Comparison<'_> {
    /// Fills the target: by PostgreSQL's own programs, and once more by a migration where one is asked for.
    pub(super) fn copy(&self, set: DataSet, is_for_migration: bool) -> Result<()> {
        self.site.clear(set)?;
        let log = self.scratch.join("copy");
        let pipe = script(include_str!("../sh/pipe.sh"));
        must_run(self.surrounded(pipe, set.name(), set.name(), &log)?)?;
        let settle = "vacuum (freeze, analyze); checkpoint";
        self.site.sql(&self.site.target.url(set.name()), settle, 0)?;
        if is_for_migration {
            let migrated = format!("{}{MIGRATED}", set.name());
            let create = format!("create database {migrated}");
            self.site.sql(&self.site.target.url("postgres"), &create, 0)?;
            let run = self.program(&["run", "--until-caught-up"]);
            must_run(self.surrounded(run, set.name(), &migrated, &log)?)?;
        }
        Ok(())
    }

    /// What both sides say goes into the log; a command fails where they do not say the same.
    pub(super) fn command(&self, way: Way, database: &str, log: &Path) -> Result<Command> {
        let at_once = self.at_once.to_string();
        // Tables only, as in the other ways: objects are not compared where tables are named.
        let verify = || self.program(&["verify", "--table", "public", "--comparers", &at_once]);
        let command = match way {
            Way::Transhume | Way::Migration => verify(),
            Way::Sum => by_hand("sum((chr(120) || substr(md5(t::text), 1, 16))::bit(64)::bigint)"),
            Way::Md5 => by_hand("md5(string_agg(md5(t::text), $$$$ order by KEY))"),
            Way::Hashtext => by_hand("sum(hashtext(t::text)::bigint)"),
            Way::Pgcopydb => script(include_str!("../sh/compare_pgcopydb.sh")),
        };
        let target = match way {
            Way::Migration => format!("{database}{MIGRATED}"),
            _ => database.to_owned(),
        };
        self.surrounded(command, database, &target, log)
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.transhume);
        command.args(arguments);
        command
    }

    fn surrounded(&self, mut command: Command, source: &str, target: &str, log: &Path) -> Result<Command> {
        let log = fs::File::create(log)?;
        let (source, target) = (self.site.source.url(source), self.site.target.url(target));
        self.site
            .surround(&mut command, &source, &target)
            .env("AT_ONCE", self.at_once.to_string())
            .current_dir(&self.scratch)
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }
}

fn by_hand(aggregate: &str) -> Command {
    let mut command = script(include_str!("../sh/compare_by_hand.sh"));
    command.env("AGGREGATE", aggregate);
    command
}

fn must_run(mut command: Command) -> Result<()> {
    crate::download::run(&mut command)
}
