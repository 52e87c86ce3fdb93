//! One move of the application in one way: prepared, put under load, moved, counted.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;
use transhume_testkit::pgbouncer::PgBouncer;

use super::{
    Arguments,
    clients::{Clients, Experience},
};
use crate::bench::site::Site;

/// The application's database on both servers.
const APPLICATION: &str = "app";
/// A cutover takes far less; so long only when it hangs.
const SWITCH_DEADLINE: Duration = Duration::from_secs(120);
/// Between two looks whether the target is open: what finds the new server for the clients.
const LOOK_EVERY: Duration = Duration::from_millis(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
pub(super) enum Way {
    /// transhume cutover, clients that connect anew
    Transhume,
    /// transhume cutover, clients of a PgBouncer that stay connected to it
    PgBouncer,
    /// The built-in subscription and a script, clients that connect anew
    ByHand,
}

impl Way {
    pub(super) const ALL: [Self; 3] = [Self::Transhume, Self::PgBouncer, Self::ByHand];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Transhume => "transhume, clients that reconnect",
            Self::PgBouncer => "transhume, clients of PgBouncer",
            Self::ByHand => "by hand, clients that reconnect",
        }
    }
}

/// What one move was like for the application.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub(super) way: Way,
    pub(super) acknowledged: usize,
    pub(super) failed: u64,
    pub(super) lost: usize,
    pub(super) doubled: usize,
    /// Milliseconds of the client that waited longest.
    pub(super) longest_wait: f64,
    /// Milliseconds between the last commit acknowledged by the source and the first one by the target.
    pub(super) between: f64,
    /// The write pause that transhume reports, in milliseconds.
    pub(super) reported: Option<f64>,
}

pub(super) struct Trials<'a> {
    pub(super) site: &'a Site,
    pub(super) arguments: &'a Arguments,
    pub(super) transhume: &'a Path,
    pub(super) scratch: &'a Path,
}

impl Trials<'_> {
    pub(super) fn one(&self, way: Way) -> Result<Outcome> {
        self.make_source()?;
        let runner = match way {
            Way::Transhume | Way::PgBouncer => Some(self.follow()?),
            Way::ByHand => {
                self.subscribe()?;
                None
            }
        };
        let pooler = (way == Way::PgBouncer).then(|| PgBouncer::start(&self.site.source, APPLICATION));
        let address = match &pooler {
            Some(pooler) => pooler.url(APPLICATION),
            None => self.site.source.url(APPLICATION),
        };
        let clients = Clients::start(&address, self.arguments.clients, self.arguments.scale)?;
        thread::sleep(Duration::from_secs(self.arguments.before));
        let reported = match (way, &pooler) {
            (Way::ByHand, _) => {
                self.switch_by_hand(&clients)?;
                None
            }
            (_, Some(pooler)) => Some(self.cut_over_pooled(pooler)?),
            (_, None) => Some(self.cut_over(&clients)?),
        };
        thread::sleep(Duration::from_secs(self.arguments.after));
        let experience = clients.stop()?;
        if let Some(mut runner) = runner {
            runner.kill()?;
            runner.wait()?;
        }
        let outcome = self.count(way, &experience, reported)?;
        self.clear(way)?;
        Ok(outcome)
    }

    fn make_source(&self) -> Result<()> {
        for server in [&self.site.source, &self.site.target] {
            let create = format!("create database {APPLICATION}");
            self.site.sql(&server.url("postgres"), &create, 0)?;
        }
        self.source(include_str!("../sql/cutover/schema.sql"))?;
        self.source("vacuum analyze")?;
        Ok(())
    }

    fn follow(&self) -> Result<Child> {
        self.succeed(self.transhume(&["run", "--until-caught-up"]))?;
        let runner = self.transhume(&["run"]).spawn().context("starting transhume")?;
        let reached = "select 1 from transhume.migration, transhume.runner r where phase = 'follow' \
                       and r.seen_at > clock_timestamp() - interval '1 second'";
        self.wait_until(reached)?;
        Ok(runner)
    }

    fn subscribe(&self) -> Result<()> {
        self.source("create publication bench for all tables")?;
        let mut copy = Command::new("bash");
        let schema =
            "pg_dump -s --no-publications -d \"$SOURCE\" | psql -Xq -v ON_ERROR_STOP=1 -d \"$TARGET\" >&2";
        copy.args(["-euo", "pipefail", "-c", schema]);
        self.succeed(copy)?;
        let connection = self.site.source.url(APPLICATION);
        self.target(&format!(
            "set client_min_messages = warning; create subscription bench connection '{connection}' publication bench"
        ))?;
        self.wait_until("select 1 from pg_subscription_rel having bool_and(srsubstate = 'r')")
    }

    /// The clients go to the target as soon as it is open, as with a service discovery that watches it.
    fn cut_over(&self, clients: &Clients) -> Result<f64> {
        let output = fs::File::create(self.scratch.join("report.json"))?;
        let mut command = self.transhume(&["cutover", "--yes", "--json", "--override", "verification"]);
        let mut switching = command.stdout(output).spawn().context("starting transhume")?;
        let watching = Instant::now();
        let target = self.site.target.url(APPLICATION);
        while self.target("select phase from transhume.migration")? != "done" {
            if let Some(status) = switching.try_wait()?
                && !status.success()
            {
                bail!("transhume cutover failed ({status}):\n{}", self.said());
            }
            ensure!(
                watching.elapsed() < SWITCH_DEADLINE,
                "the target did not open:\n{}",
                self.said()
            );
            thread::sleep(LOOK_EVERY);
        }
        clients.redirect(&target);
        let status = switching.wait()?;
        ensure!(
            status.success(),
            "transhume cutover failed ({status}):\n{}",
            self.said()
        );
        self.reported()
    }

    /// Nobody tells the clients anything: PgBouncer holds them and lets them go on.
    fn cut_over_pooled(&self, pooler: &PgBouncer) -> Result<f64> {
        let (console, file) = (pooler.console(), pooler.file().display().to_string());
        let mut command = self.transhume(&["cutover", "--yes", "--json", "--override", "verification"]);
        command
            .args(["--pgbouncer-admin", &console, "--pgbouncer-file", &file])
            .stdout(fs::File::create(self.scratch.join("report.json"))?);
        let status = command.status().context("starting transhume")?;
        ensure!(
            status.success(),
            "transhume cutover failed ({status}):\n{}",
            self.said()
        );
        self.reported()
    }

    fn reported(&self) -> Result<f64> {
        let report: Value = serde_json::from_str(&fs::read_to_string(self.scratch.join("report.json"))?)?;
        report["write_pause_milliseconds"]
            .as_f64()
            .context("a report without a write pause")
    }

    fn switch_by_hand(&self, clients: &Clients) -> Result<()> {
        let mut script = Command::new("bash");
        script.args(["-euo", "pipefail", "-c", include_str!("../sh/by_hand.sh")]);
        self.succeed(script)?;
        clients.redirect(&self.site.target.url(APPLICATION));
        Ok(())
    }

    fn count(&self, way: Way, experience: &Experience, reported: Option<f64>) -> Result<Outcome> {
        let mut found: HashMap<(u32, u64), usize> = HashMap::new();
        for line in self
            .target("select client || ' ' || step from public.ledger")?
            .lines()
        {
            let (client, step) = line.split_once(' ').context("a ledger of pairs")?;
            *found.entry((client.parse()?, step.parse()?)).or_default() += 1;
        }
        let lost = experience
            .acknowledged
            .iter()
            .filter(|mark| !found.contains_key(mark));
        let outcome = Outcome {
            way,
            acknowledged: experience.acknowledged.len(),
            failed: experience.failed,
            lost: lost.count(),
            doubled: found.values().filter(|count| **count > 1).count(),
            longest_wait: milliseconds(experience.longest_wait),
            between: milliseconds(experience.between),
            reported,
        };
        let sums = self.target(include_str!("../sql/cutover/ledger.sql"))?;
        let sums: Vec<&str> = sums.split('|').collect();
        let agree = sums.len() == 5 && sums[..4].iter().all(|sum| *sum == sums[0]) && sums[4] == "0";
        ensure!(agree, "sums and numbers given twice: {sums:?} ({outcome:?})");
        ensure!(
            outcome.lost == 0 && outcome.doubled == 0,
            "lost or doubled: {outcome:?}"
        );
        Ok(outcome)
    }

    fn clear(&self, way: Way) -> Result<()> {
        match way {
            Way::Transhume | Way::PgBouncer => self.succeed(self.transhume(&["finish", "--yes"]))?,
            Way::ByHand => {
                self.target("set client_min_messages = warning; drop subscription bench")?;
            }
        }
        for server in [&self.site.source, &self.site.target] {
            let drop = format!("drop database {APPLICATION} with (force)");
            self.site.sql(&server.url("postgres"), &drop, 0)?;
        }
        Ok(())
    }

    fn wait_until(&self, query: &str) -> Result<()> {
        let end = Instant::now() + SWITCH_DEADLINE;
        while self.target(query)?.is_empty() {
            ensure!(Instant::now() < end, "never: {query}\n{}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn source(&self, sql: &str) -> Result<String> {
        let url = self.site.source.url(APPLICATION);
        self.site.sql(&url, sql, self.arguments.scale)
    }

    fn target(&self, sql: &str) -> Result<String> {
        self.site.sql(&self.site.target.url(APPLICATION), sql, 0)
    }

    fn transhume(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.transhume);
        command.args(arguments);
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        let (source, target) = (
            self.site.source.url(APPLICATION),
            self.site.target.url(APPLICATION),
        );
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", self.site.programs().display()))
            .env("SOURCE", &source)
            .env("TARGET", &target)
            .env("TRANSHUME_SOURCE", source)
            .env("TRANSHUME_TARGET", target)
            .current_dir(self.scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Ok(log) = fs::File::options()
            .create(true)
            .append(true)
            .open(self.scratch.join("log"))
        {
            command.stderr(log);
        }
    }

    fn succeed(&self, mut command: Command) -> Result<()> {
        self.surround(&mut command);
        let status = command
            .status()
            .with_context(|| format!("starting {command:?}"))?;
        ensure!(
            status.success(),
            "{command:?} failed ({status}):\n{}",
            self.said()
        );
        Ok(())
    }

    fn said(&self) -> String {
        fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
