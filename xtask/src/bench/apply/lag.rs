//! How long after its commit on the source a row is written on the target, under steady traffic.
//!
//! Both servers have one clock. The source keeps commit timestamps (`track_commit_timestamp`); those of the target would not
//! do, since the subscription writes the source's there. A column that only the target has says when the row came.

use std::process::Stdio;

use anyhow::{Context, Result};
use serde::Serialize;

use super::round::{Round, Way};

#[derive(Debug, Clone, Serialize)]
pub(super) struct Lag {
    pub(super) workload: &'static str,
    pub(super) way: Way,
    /// Milliseconds of the 50th, 95th and 99th percentile and of the slowest.
    pub(super) percentiles: [f64; 4],
    pub(super) transactions: usize,
}

const STAMPS: &str =
    "select id, extract(epoch from pg_xact_commit_timestamp(xmin)) from public.bench_stamp order by id";

const ARRIVALS: &str = "select id, extract(epoch from arrived) from public.bench_stamp order by id";

pub(super) fn measure(round: &Round<'_>, rate: u32, seconds: u32) -> Result<Vec<Lag>> {
    let mut lags = Vec::new();
    for way in Way::APPLYING {
        round.target(
            way,
            "alter table public.bench_stamp add column arrived timestamptz default clock_timestamp()",
        )?;
        let before: usize = round.source("select count(*) from bench_stamp")?.parse()?;
        if way == Way::Subscription {
            round.target(way, "alter subscription bench enable")?;
            traffic(round, rate, seconds)?;
            arrived(round, way)?;
            round.target(way, "alter subscription bench disable")?;
        } else {
            let mut running = round.follow_transhume()?.spawn()?;
            // What was written while the others were measured comes first.
            let done = arrived(round, way)
                .and_then(|()| traffic(round, rate, seconds))
                .and_then(|()| arrived(round, way));
            let ended = std::process::Command::new("kill")
                .args(["-INT", &running.id().to_string()])
                .status();
            running.wait()?;
            done?;
            ended?;
        }
        lags.push(lag(round, way, before)?);
    }
    Ok(lags)
}

fn traffic(round: &Round<'_>, rate: u32, seconds: u32) -> Result<()> {
    let script = std::env::temp_dir().join(format!("transhume-lag-{}.sql", std::process::id()));
    let spread = round.workload.spread();
    // The first seconds are the start of whoever applies; they are left out.
    std::fs::write(
        &script,
        format!("call public.traffic(1, {spread});\ninsert into bench_stamp default values;\n"),
    )?;
    let status = round
        .site
        .program("pgbench")
        .args([
            "-n",
            "-c",
            &round.workload.clients().to_string(),
            "-R",
            &rate.to_string(),
            "-T",
            &seconds.to_string(),
        ])
        .arg("-f")
        .arg(&script)
        .arg(round.site.source.url("bench"))
        .stdout(Stdio::null())
        .status()
        .context("starting pgbench")?;
    std::fs::remove_file(&script)?;
    anyhow::ensure!(status.success(), "pgbench failed ({status})");
    Ok(())
}

fn arrived(round: &Round<'_>, way: Way) -> Result<()> {
    let count = round.source("select max(id) from bench_stamp")?;
    round.target(
        way,
        &format!(
            "do $$ begin while not exists (select from bench_stamp where id = {count}) loop
             commit; perform pg_sleep(0.02); end loop; end $$"
        ),
    )?;
    Ok(())
}

fn lag(round: &Round<'_>, way: Way, before: usize) -> Result<Lag> {
    let read = |text: &str| -> Vec<(u64, f64)> {
        text.lines()
            .filter_map(|line| line.split_once('|'))
            .filter_map(|(id, at)| Some((id.parse().ok()?, at.parse().ok()?)))
            .collect()
    };
    let left = read(&round.source(STAMPS)?);
    let came = read(&round.target(way, ARRIVALS)?);
    let mut milliseconds: Vec<f64> = left
        .iter()
        .zip(&came)
        // A fifth, for the start.
        .skip(before + (left.len() - before) / 5)
        .map(|((_, left), (_, came))| (came - left) * 1000.0)
        .collect();
    milliseconds.sort_by(f64::total_cmp);
    let at = |share: usize| {
        let place = (milliseconds.len() * share / 1000).min(milliseconds.len().saturating_sub(1));
        milliseconds.get(place).copied().unwrap_or(f64::NAN)
    };
    Ok(Lag {
        workload: round.workload.name(),
        way,
        percentiles: [at(500), at(950), at(990), at(1000)],
        transactions: milliseconds.len(),
    })
}
