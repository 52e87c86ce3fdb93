//! One trial: an application under load is moved, and back again where there is a way back; then all is counted.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Serialize;
use transhume_testkit::pgbouncer::PgBouncer;

use super::{
    Arguments,
    clients::Clients,
    experience::{self, Experience, Mark, Window},
    mover::{Mover, Reported},
    workload::Workload,
};
use crate::bench::site::Site;

/// The application's database on both servers.
pub(super) const APPLICATION: &str = "app";

/// Until every client is connected and has found its pace.
const WARMING: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Way {
    /// transhume, clients of a PgBouncer that stay connected to it
    Pooled,
    /// transhume, clients that connect anew
    Direct,
    /// The built-in subscription and a script that uses PgBouncer
    ByHandPooled,
    /// The built-in subscription and a script, clients that connect anew
    ByHand,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [Self::Pooled, Self::Direct, Self::ByHandPooled, Self::ByHand];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pooled => "transhume, PgBouncer",
            Self::Direct => "transhume, direct",
            Self::ByHandPooled => "by hand, PgBouncer",
            Self::ByHand => "by hand, direct",
        }
    }

    pub(super) fn is_by_hand(self) -> bool {
        matches!(self, Self::ByHandPooled | Self::ByHand)
    }

    fn is_pooled(self) -> bool {
        matches!(self, Self::Pooled | Self::ByHandPooled)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Direction {
    Cutover,
    Fallback,
}

/// What one move was like for the application. Times are milliseconds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Move {
    pub(super) direction: Direction,
    /// Of the client that waited longest.
    pub(super) longest_wait: f64,
    /// Between the last commit acknowledged by one server and the first one by the other.
    pub(super) between: Option<f64>,
    /// Transactions that were sent and not acknowledged, by SQLSTATE.
    pub(super) failed: BTreeMap<String, u64>,
    /// Connections that were refused.
    pub(super) refused: usize,
    /// What transhume says itself.
    pub(super) reported: Option<Reported>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub(super) way: Way,
    pub(super) workload: Workload,
    /// Milliseconds that some client waited at most while nothing was moved.
    pub(super) undisturbed: f64,
    pub(super) acknowledged: usize,
    pub(super) per_second: f64,
    pub(super) moves: Vec<Move>,
    pub(super) numbers_issued: usize,
    pub(super) seconds: f64,
}

pub(super) struct Trials<'a> {
    pub(super) site: &'a Site,
    pub(super) arguments: &'a Arguments,
    pub(super) transhume: &'a Path,
    pub(super) scratch: &'a Path,
}

impl Trials<'_> {
    /// The data of every trial, made once.
    pub(super) fn prepare(&self, workload: Workload) -> Result<()> {
        let administer = self.site.source.url("postgres");
        let template = workload.template();
        self.site
            .sql(&administer, &format!("create database {template}"), 0)?;
        let url = self.site.source.url(template);
        let schema = format!("set client_min_messages = warning;\n{}", workload.schema());
        self.site.sql(&url, &schema, self.arguments.scale)?;
        self.site.sql(&url, "vacuum analyze", 0).map(drop)
    }

    pub(super) fn one(&self, way: Way, workload: Workload) -> Result<Outcome> {
        let began = Instant::now();
        let _ = fs::remove_file(self.scratch.join("log"));
        self.make_databases(workload)?;
        let mut mover = Mover::begin(self, way)?;
        let pooler = way
            .is_pooled()
            .then(|| PgBouncer::start(&self.site.source, APPLICATION));
        let address = match &pooler {
            Some(pooler) => pooler.url(APPLICATION),
            None => self.site.source.url(APPLICATION),
        };
        let clients = Clients::start(&address, self.arguments.clients, workload, self.arguments.scale)?;
        thread::sleep(WARMING);
        let mut times = vec![Instant::now()];
        thread::sleep(Duration::from_secs_f64(self.arguments.before));
        let mut reports = Vec::new();
        for direction in mover.directions() {
            times.push(Instant::now());
            reports.push((direction, mover.switch(direction, pooler.as_ref(), &clients)?));
            thread::sleep(Duration::from_secs_f64(self.arguments.after));
        }
        times.push(Instant::now());
        let experiences = clients.stop()?;
        let mut outcome = self.judge(way, workload, &experiences, &times, reports)?;
        self.count(way, workload, &experiences)?;
        mover.end()?;
        self.drop_databases()?;
        outcome.seconds = began.elapsed().as_secs_f64();
        Ok(outcome)
    }

    fn make_databases(&self, workload: Workload) -> Result<()> {
        let template = workload.template();
        let create = format!("create database {APPLICATION} template {template}");
        self.site.sql(&self.site.source.url("postgres"), &create, 0)?;
        let create = format!("create database {APPLICATION}");
        self.site.sql(&self.site.target.url("postgres"), &create, 0)?;
        Ok(())
    }

    fn drop_databases(&self) -> Result<()> {
        for server in [&self.site.source, &self.site.target] {
            let drop = format!("drop database {APPLICATION} with (force)");
            self.site.sql(&server.url("postgres"), &drop, 0)?;
        }
        Ok(())
    }

    /// `times`: the beginning, that of every move, the end.
    fn judge(
        &self,
        way: Way,
        workload: Workload,
        clients: &[Experience],
        times: &[Instant],
        reports: Vec<(Direction, Option<Reported>)>,
    ) -> Result<Outcome> {
        let windows: Vec<Window> = times
            .windows(2)
            .map(|pair| Window {
                from: pair[0],
                to: pair[1],
            })
            .collect();
        let lazy = clients.iter().filter(|client| client.acknowledged.is_empty());
        ensure!(lazy.count() == 0, "clients that never got anything done");
        let acknowledged = clients.iter().map(|client| client.acknowledged.len()).sum();
        let ports = [self.site.source.port(), self.site.target.port()];
        let moves = reports
            .into_iter()
            .zip(&windows[1..])
            .map(|((direction, reported), window)| {
                let (before, after) = match direction {
                    Direction::Cutover => (ports[0], ports[1]),
                    Direction::Fallback => (ports[1], ports[0]),
                };
                Move {
                    direction,
                    longest_wait: milliseconds(experience::longest_wait(clients, *window)),
                    between: experience::between(clients, *window, before, after).map(milliseconds),
                    failed: experience::failures(clients, *window),
                    refused: experience::refusals(clients, *window),
                    reported,
                }
            })
            .collect();
        Ok(Outcome {
            way,
            workload,
            undisturbed: milliseconds(experience::longest_wait(clients, windows[0])),
            acknowledged,
            per_second: experience::rate(clients, windows[0]),
            moves,
            numbers_issued: clients.iter().map(|client| client.issued.len()).sum(),
            seconds: 0.0,
        })
    }

    /// Where the application is at the end must be all that was acknowledged to it, once.
    fn count(&self, way: Way, workload: Workload, clients: &[Experience]) -> Result<()> {
        let server = if way.is_by_hand() {
            &self.site.target
        } else {
            &self.site.source
        };
        let url = server.url(APPLICATION);
        let ledger = self
            .site
            .sql(&url, "select client || ' ' || step from public.ledger", 0)?;
        let ledger = ledger.lines().map(mark).collect::<Result<Vec<Mark>>>()?;
        let (missing, doubled) = experience::missing_and_doubled(clients, &ledger);
        ensure!(
            missing.is_empty() && doubled.is_empty(),
            "{}: lost {missing:?}, doubled {doubled:?}",
            way.name()
        );
        let twice = experience::issued_twice(clients);
        ensure!(twice.is_empty(), "{}: numbers given twice: {twice:?}", way.name());
        let wrong = self.site.sql(&url, workload.check(), 0)?;
        ensure!(wrong.is_empty(), "{}: {wrong}", way.name());
        Ok(())
    }
}

fn mark(line: &str) -> Result<Mark> {
    let (client, step) = line.split_once(' ').context("a ledger of pairs")?;
    Ok((client.parse()?, step.parse()?))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
