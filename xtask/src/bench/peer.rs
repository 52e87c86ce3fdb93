//! The ways of copying a database that are compared, each as one command.
//!
//! All get the same number of sessions, none compresses what it hands on, and all speak TCP on the loopback.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use clap::ValueEnum;

use super::{
    data::DataSet,
    site::{Site, script},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Peer {
    /// transhume run --until-caught-up
    Transhume,
    /// pg_dump -Fd -j, then pg_restore -j
    Directory,
    /// pg_dump -Fc | pg_restore
    Pipe,
    /// psql COPY | psql COPY for each table, as many at once, then pg_restore of the rest
    Copy,
    /// pgcopydb clone
    Pgcopydb,
}

impl Peer {
    pub(super) const ALL: [Self; 5] = [
        Self::Transhume,
        Self::Directory,
        Self::Pipe,
        Self::Copy,
        Self::Pgcopydb,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Transhume => "transhume",
            Self::Directory => "pg_dump -j, pg_restore -j",
            Self::Pipe => "pg_dump | pg_restore",
            Self::Copy => "psql | psql, indexes",
            Self::Pgcopydb => "pgcopydb",
        }
    }

    /// Whether it leaves statistics of the planner behind; where not, ANALYZE is measured by itself.
    pub(super) fn analyses(self) -> bool {
        matches!(self, Self::Transhume | Self::Pgcopydb)
    }
}

/// What every way of copying gets to know.
pub(super) struct Way<'a> {
    pub(super) site: &'a Site,
    pub(super) transhume: &'a Path,
    /// Options of `transhume run` to try out.
    pub(super) options: &'a [String],
    pub(super) at_once: u32,
    /// Empty, for files of its own.
    pub(super) scratch: PathBuf,
    pub(super) log: std::fs::File,
}

impl Way<'_> {
    pub(super) fn command(&self, peer: Peer, set: DataSet) -> Result<Command> {
        let mut command = match peer {
            Peer::Transhume => self.transhume(&["run", "--until-caught-up"]),
            Peer::Directory => script(include_str!("sh/directory.sh")),
            Peer::Pipe => script(include_str!("sh/pipe.sh")),
            Peer::Copy => script(include_str!("sh/copy.sh")),
            Peer::Pgcopydb => script(include_str!("sh/pgcopydb.sh")),
        };
        if peer == Peer::Transhume {
            if !self.options.iter().any(|option| option.starts_with("--loaders")) {
                command.args(["--loaders", &self.at_once.to_string()]);
            }
            command.args(self.options);
        }
        self.surround(&mut command, set)?;
        Ok(command)
    }

    /// Takes back what a run left on the source.
    pub(super) fn after(&self, peer: Peer, set: DataSet) -> Result<()> {
        if peer == Peer::Transhume {
            let mut command = self.transhume(&["abort", "--yes"]);
            self.surround(&mut command, set)?;
            crate::download::run(&mut command)?;
        }
        Ok(())
    }

    pub(super) fn analyze(&self, set: DataSet) -> Result<Command> {
        let mut command = self.site.program("vacuumdb");
        command.args(["--analyze-only", "-q", "-j", &self.at_once.to_string(), "-d"]);
        command.arg(self.site.target.url(set.name()));
        // Only named it analyses a partitioned table, whose statistics transhume leaves behind; its partitions are then done with it.
        if let Some(table) = set.partitioned_table() {
            command.args(["--table", table]);
        }
        self.surround(&mut command, set)?;
        Ok(command)
    }

    fn transhume(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.transhume);
        command.args(arguments);
        command
    }

    fn surround(&self, command: &mut Command, set: DataSet) -> Result<()> {
        let (source, target) = (self.site.source.url(set.name()), self.site.target.url(set.name()));
        self.site
            .surround(command, &source, &target)
            .env("AT_ONCE", self.at_once.to_string())
            .current_dir(&self.scratch)
            .stdout(self.log.try_clone()?)
            .stderr(self.log.try_clone()?);
        Ok(())
    }
}
