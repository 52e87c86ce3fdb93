//! One workload once: source and targets made, both slots standing at the same point, one backlog applied in turn.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::{Arguments, workload::Workload};
use crate::bench::{
    delay,
    measure::{self, Cost},
    site::{Site, copy_schema, script},
};

/// Name of the source's database, of its publication and of the subscription.
const BENCH: &str = "bench";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Way {
    Receive,
    Subscription,
    Transhume,
    /// transhume with nothing to apply: what its start and its end take.
    Start,
}

impl Way {
    /// Those that consume a backlog.
    const ALL: [Self; 3] = [Self::Receive, Self::Subscription, Self::Transhume];
    /// Those that write to a target.
    pub(super) const APPLYING: [Self; 2] = [Self::Subscription, Self::Transhume];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Subscription => "subscription",
            Self::Transhume | Self::Start => "transhume",
        }
    }
}

/// One backlog applied in one way.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Run {
    pub(super) workload: &'static str,
    pub(super) way: Way,
    pub(super) changes: f64,
    #[serde(flatten)]
    pub(super) cost: Cost,
    pub(super) target_seconds: f64,
}

pub(super) struct Round<'a> {
    pub(super) site: &'a Site,
    arguments: &'a Arguments,
    transhume: &'a Path,
    scratch: &'a Path,
    pub(super) workload: Workload,
    /// Ports by which each is reached from the other's network.
    source_port: u16,
    target_port: u16,
}

impl<'a> Round<'a> {
    pub(super) fn prepare(
        site: &'a Site,
        arguments: &'a Arguments,
        transhume: &'a Path,
        scratch: &'a Path,
        workload: Workload,
    ) -> Result<Self> {
        let way = |port| match arguments.delay {
            0 => Ok(port),
            milliseconds => delay::start(port, Duration::from_millis(milliseconds)),
        };
        let round = Self {
            site,
            arguments,
            transhume,
            scratch,
            workload,
            source_port: way(site.source.port())?,
            target_port: way(site.target.port())?,
        };
        round.make_source()?;
        round.make_targets()?;
        Ok(round)
    }

    fn make_source(&self) -> Result<()> {
        let site = self.site;
        site.sql(&site.source.url("postgres"), "create database bench", 0)?;
        let script = format!(
            "set client_min_messages = warning;\n{}\n\
             create table bench_done (id integer primary key);\n\
             create table bench_stamp (id bigserial primary key);\n\
             create publication bench for all tables;\nvacuum analyze;\n",
            self.workload.sql()
        );
        self.source(&script)?;
        self.source("select pg_create_logical_replication_slot('bench_receive', 'pgoutput')")?;
        Ok(())
    }

    fn make_targets(&self) -> Result<()> {
        let site = self.site;
        for way in Way::APPLYING {
            let create = format!("create database {}", way.name());
            site.sql(&site.target.url("postgres"), &create, 0)?;
        }
        self.succeed(&mut copy_schema(), Way::Subscription)?;
        let connection = self.through(&site.source.url(BENCH), site.source.port(), self.source_port);
        self.target(
            Way::Subscription,
            &format!(
                "set client_min_messages = warning; create subscription bench connection '{connection}' publication bench"
            ),
        )?;
        let copied = "do $$ begin while exists (select from pg_subscription_rel where srsubstate <> 'r') loop
            perform pg_sleep(0.05); end loop; end $$";
        self.target(Way::Subscription, copied)?;
        self.succeed(&mut self.run_transhume(), Way::Transhume)?;
        self.target(Way::Subscription, "alter subscription bench disable")?;
        // Its worker has ended once the slot is free.
        self.source(
            "do $$ begin while exists (select from pg_replication_slots where active) loop
            perform pg_sleep(0.02); end loop; end $$",
        )?;
        Ok(())
    }

    /// Makes the backlog and applies it in each way, another one first each turn.
    pub(super) fn apply_backlog(&self, turn: u32) -> Result<Vec<Run>> {
        let (count, spread) = (self.workload.scaled(self.arguments.scale), self.workload.spread());
        self.source(&format!("call public.traffic({count}, {spread})"))?;
        self.source("insert into bench_done values (1)")?;
        let end = self.source("select pg_current_wal_flush_lsn()")?;
        self.source("checkpoint")?;
        let mut ways = Way::ALL;
        ways.rotate_left(turn as usize % Way::ALL.len());
        let mut runs = Vec::new();
        for way in ways.into_iter().chain([Way::Start]) {
            let run = self.one(way, &end)?;
            println!("{}", super::summary::line(&run));
            runs.push(run);
        }
        self.compare()?;
        Ok(runs)
    }

    fn one(&self, way: Way, end: &str) -> Result<Run> {
        let mut command = match way {
            Way::Receive => script(include_str!("../sh/receive.sh")),
            Way::Subscription => script(include_str!("../sh/subscription.sh")),
            Way::Transhume | Way::Start => self.run_transhume(),
        };
        command.env("END", end);
        self.surround(&mut command, way)?;
        let [_, target] = self.site.postmasters()?;
        let before = measure::servers(&[target])?;
        let (status, cost) = measure::run(command, &self.site.postmasters()?)?;
        let target_seconds = measure::servers(&[target])? - before;
        if !status.success() {
            bail!(
                "{} of {} failed:\n{}",
                way.name(),
                self.workload.name(),
                self.said()
            );
        }
        if way == Way::Subscription {
            self.target(way, "alter subscription bench disable")?;
        }
        Ok(Run {
            workload: self.workload.name(),
            way,
            changes: if way == Way::Start {
                0.0
            } else {
                self.workload.changes(self.arguments.scale)
            },
            cost,
            target_seconds,
        })
    }

    fn compare(&self) -> Result<()> {
        let digest = include_str!("../sql/apply/digest.sql");
        let wanted = self.source(digest)?;
        for way in Way::APPLYING {
            let found = self.target(way, digest)?;
            if found != wanted {
                bail!("{}: {} differs from the source", self.workload.name(), way.name());
            }
        }
        Ok(())
    }

    /// Leaves nothing behind for the next round.
    pub(super) fn clear(&self) -> Result<()> {
        let site = self.site;
        self.target(
            Way::Subscription,
            "set client_min_messages = warning; drop subscription bench",
        )?;
        let mut abort = Command::new(self.transhume);
        self.succeed(abort.args(["abort", "--yes"]), Way::Transhume)?;
        self.source("select pg_drop_replication_slot('bench_receive')")?;
        for way in Way::APPLYING {
            let drop = format!("drop database {} with (force)", way.name());
            site.sql(&site.target.url("postgres"), &drop, 0)?;
        }
        site.sql(
            &site.source.url("postgres"),
            "drop database bench with (force)",
            0,
        )?;
        Ok(())
    }

    pub(super) fn run_transhume(&self) -> Command {
        let mut command = Command::new(self.transhume);
        command.args(["run", "--until-caught-up"]);
        command
    }

    pub(super) fn follow_transhume(&self) -> Result<Command> {
        let mut command = Command::new(self.transhume);
        command.arg("run");
        self.surround(&mut command, Way::Transhume)?;
        Ok(command)
    }

    pub(super) fn source(&self, sql: &str) -> Result<String> {
        self.site.sql(&self.site.source.url(BENCH), sql, 0)
    }

    pub(super) fn target(&self, way: Way, sql: &str) -> Result<String> {
        self.site.sql(&self.site.target.url(way.name()), sql, 0)
    }

    #[expect(clippy::unused_self, reason = "reads like the others")]
    fn through(&self, url: &str, port: u16, other: u16) -> String {
        url.replace(&format!(":{port}/"), &format!(":{other}/"))
    }

    fn surround(&self, command: &mut Command, way: Way) -> Result<()> {
        let site = self.site;
        let source = site.source.url(BENCH);
        let target = site.target.url(way.name());
        let far = self.through(&target, site.target.port(), self.target_port);
        let log = fs::File::create(self.scratch.join("log"))?;
        site.surround(command, &source, &target)
            .env("TRANSHUME_TARGET", far)
            .current_dir(self.scratch)
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(())
    }

    fn succeed(&self, command: &mut Command, way: Way) -> Result<()> {
        self.surround(command, way)?;
        let status = command
            .status()
            .with_context(|| format!("starting {command:?}"))?;
        if !status.success() {
            bail!("{command:?} failed ({status}):\n{}", self.said());
        }
        Ok(())
    }

    fn said(&self) -> String {
        fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }
}
