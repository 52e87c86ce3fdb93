//! What a run costs: time on the clock, processor time of servers and clients, and the clients' memory.
//!
//! Read from /proc, so Linux only. A server's time is that of its postmaster, of the children that it has reaped and of
//! those alive; the clients' is what this process has reaped meanwhile.

use std::{
    collections::HashMap,
    fs,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde::Serialize;

/// How often the clients' peak memory is read: a process that lives shorter is small.
const SAMPLING: Duration = Duration::from_millis(10);

/// The kernel's unit of times in /proc, the same on every Linux that PostgreSQL runs on.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Cost {
    pub(super) wall_seconds: f64,
    pub(super) server_seconds: f64,
    pub(super) client_seconds: f64,
    /// Largest sum of the peaks of client processes that lived at the same time.
    pub(super) client_peak_mib: f64,
}

/// Runs the command and says what it and the servers spent.
pub(super) fn run(mut command: Command, postmasters: &[u32]) -> Result<(ExitStatus, Cost)> {
    let before = (servers(postmasters)?, reaped()?);
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_of_tree(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(SAMPLING);
    };
    let cost = Cost {
        wall_seconds: started.elapsed().as_secs_f64(),
        server_seconds: servers(postmasters)? - before.0,
        client_seconds: reaped()? - before.1,
        client_peak_mib: peak as f64 / 1024.0,
    };
    Ok((status, cost))
}

/// Of /proc/<pid>/stat, what is needed here.
struct Process {
    parent: u32,
    own_ticks: u64,
    reaped_ticks: u64,
}

fn process(pid: u32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; fields are counted after it, state being the third of the line.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| fields.get(place - 3)?.parse::<u64>().ok();
    Some(Process {
        parent: u32::try_from(number(4)?).ok()?,
        own_ticks: number(14)? + number(15)?,
        reaped_ticks: number(16)? + number(17)?,
    })
}

fn processes() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, process(pid)?))).collect()
}

/// Processor seconds that these servers have spent.
pub(super) fn servers(postmasters: &[u32]) -> Result<f64> {
    let all = processes();
    let mut ticks = 0;
    for postmaster in postmasters {
        let own = all.get(postmaster).context("a server has gone")?;
        ticks += own.own_ticks + own.reaped_ticks;
        let children = all.values().filter(|process| process.parent == *postmaster);
        ticks += children
            .map(|child| child.own_ticks + child.reaped_ticks)
            .sum::<u64>();
    }
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

fn reaped() -> Result<f64> {
    let own = process(std::process::id()).context("reading /proc/<own pid>/stat")?;
    Ok(own.reaped_ticks as f64 / TICKS_PER_SECOND)
}

/// KiB.
fn peak_of_tree(root: u32) -> u64 {
    let all = processes();
    let mut sum = 0;
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        sum += peak_of(pid).unwrap_or_default();
        open.extend(
            all.iter()
                .filter(|(_, process)| process.parent == pid)
                .map(|(pid, _)| *pid),
        );
    }
    sum
}

fn peak_of(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
