//! Two throwaway servers, and the programs that prepare databases on them.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use transhume_demo::cluster::{Cluster, ClusterOptions};

use super::data::DataSet;

pub(super) struct Site {
    pub(super) source: Cluster,
    pub(super) target: Cluster,
    programs: PathBuf,
}

/// As an administrator would set a small server up, with nothing that works in the background at its own time.
const SETTINGS: [(&str, &str); 11] = [
    ("shared_buffers", "256MB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    ("max_connections", "100"),
    // pg_dump locks every table of a set at once.
    ("max_locks_per_transaction", "512"),
    ("maintenance_work_mem", "64MB"),
    ("max_parallel_maintenance_workers", "2"),
    ("full_page_writes", "on"),
    // For the lag of what is applied.
    ("track_commit_timestamp", "on"),
    // A subscription that was just enabled must not wait for its turn.
    ("wal_retrieve_retry_interval", "10ms"),
];

impl Site {
    pub(super) fn start(programs: &Path, fsync: bool) -> Result<Self> {
        Self::start_with(programs, fsync, &[])
    }

    /// With settings beside the usual ones, or in their place.
    pub(super) fn start_with(programs: &Path, fsync: bool, further: &[(&str, &str)]) -> Result<Self> {
        let options = || {
            let mut options = ClusterOptions::new(programs);
            for (name, value) in SETTINGS.iter().chain(further) {
                options = options.setting(name, value);
            }
            options.own_process_group = true;
            options.setting("fsync", if fsync { "on" } else { "off" })
        };
        Ok(Self {
            source: Cluster::start(options())?,
            target: Cluster::start(options())?,
            programs: programs.to_owned(),
        })
    }

    pub(super) fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// Tells a command where both databases are, by the names that the scripts and transhume know, and whose programs to
    /// take; it asks nobody.
    pub(super) fn surround<'c>(
        &self,
        command: &'c mut Command,
        source: &str,
        target: &str,
    ) -> &'c mut Command {
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", self.programs.display()))
            .env("SOURCE", source)
            .env("TARGET", target)
            .env("TRANSHUME_SOURCE", source)
            .env("TRANSHUME_TARGET", target)
            .stdin(Stdio::null())
    }

    pub(super) fn postmasters(&self) -> Result<[u32; 2]> {
        Ok([postmaster(&self.source)?, postmaster(&self.target)?])
    }

    /// Runs SQL and returns what it prints, unaligned.
    pub(super) fn sql(&self, url: &str, sql: &str, scale: u64) -> Result<String> {
        let mut child = self
            .program("psql")
            .args([
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-v",
                &format!("scale={scale}"),
                "-d",
                url,
                "-f",
                "-",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting psql")?;
        child
            .stdin
            .take()
            .context("psql without input")?
            .write_all(sql.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("psql failed ({}) on {url}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Builds a set on the source, at rest: vacuumed, analysed, written out. Returns its size in bytes.
    pub(super) fn build(&self, set: DataSet, scale: f64) -> Result<u64> {
        let database = set.name();
        self.sql(
            &self.source.url("postgres"),
            &format!("create database {database}"),
            0,
        )?;
        let url = self.source.url(database);
        let script = format!("set client_min_messages = warning;\n{}", set.sql());
        self.sql(&url, &script, set.scaled(scale))?;
        self.sql(&url, "vacuum (freeze, analyze);\ncheckpoint", 0)?;
        let size = self.sql(
            &url,
            "select pg_database_size(current_database()) - (select pg_database_size('template1'))",
            0,
        )?;
        Ok(size.parse()?)
    }

    /// An empty database on the target, and both servers without unwritten pages.
    pub(super) fn clear(&self, set: DataSet) -> Result<()> {
        let database = set.name();
        let administer = self.target.url("postgres");
        self.sql(
            &administer,
            &format!("set client_min_messages = warning; drop database if exists {database} with (force)"),
            0,
        )?;
        self.sql(&administer, &format!("create database {database}"), 0)?;
        self.sql(&administer, "checkpoint", 0)?;
        self.sql(&self.source.url("postgres"), "checkpoint", 0)?;
        Ok(())
    }

    /// Rows of all tables but those of transhume, counted. Both sides must agree.
    pub(super) fn rows(&self, url: &str) -> Result<String> {
        self.sql(url, include_str!("sql/rows.sql"), 0)
    }
}

/// A script of bash, which ends at the first command that fails.
pub(super) fn script(text: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", text]);
    command
}

/// What copies the definitions from $SOURCE to $TARGET, without publications.
pub(super) fn copy_schema() -> Command {
    script("pg_dump -s --no-publications -d \"$SOURCE\" | psql -Xq -v ON_ERROR_STOP=1 -d \"$TARGET\" >&2")
}

fn postmaster(cluster: &Cluster) -> Result<u32> {
    let lock = fs::read_to_string(cluster.data_directory().join("postmaster.pid"))?;
    let line = lock.lines().next().context("an empty postmaster.pid")?;
    Ok(line.trim().parse()?)
}
