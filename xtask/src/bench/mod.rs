//! `bench`: how fast transhume is beside its peers, on the same two throwaway servers.
//!
//! Runs are interleaved, and medians and ratios are what counts: a machine that is shared or throttled slows all alike.

mod apply;
mod cutover;
mod data;
mod delay;
mod kills;
mod large;
mod load;
mod measure;
mod peer;
mod site;
mod summary;
mod verify;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use clap::Subcommand;

use self::site::Site;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// The full load with its indexes, beside pg_dump and pg_restore, bare COPY, and pgcopydb if it is installed
    Load(load::Arguments),
    /// Applying changes, beside the built-in subscription and merely receiving them
    Apply(apply::Arguments),
    /// The move of the application, beside the usual procedure by hand
    Cutover(cutover::Arguments),
    /// Comparing both sides, beside md5 aggregates and pgcopydb if it is installed, and finding one row that differs
    Verify(verify::Arguments),
    /// A full load that is killed every few seconds, and how many rows are read in all
    Kills(kills::Arguments),
    /// What must stay flat: very many tables, a very large row, a start over a long way
    Large(large::Arguments),
}

pub(crate) fn bench(workspace: &Path, bench: Bench) -> Result<()> {
    match bench {
        Bench::Load(arguments) => load::load(workspace, &arguments),
        Bench::Apply(arguments) => apply::apply(workspace, &arguments),
        Bench::Cutover(arguments) => cutover::cutover(workspace, &arguments),
        Bench::Verify(arguments) => verify::verify(workspace, &arguments),
        Bench::Kills(arguments) => kills::kills(workspace, &arguments),
        Bench::Large(arguments) => large::large(workspace, &arguments),
    }
}

/// The program to measure: the one that is given, else built with this profile.
fn program(workspace: &Path, given: Option<&Path>, profile: &str) -> Result<PathBuf> {
    if let Some(path) = given {
        return Ok(path.canonicalize()?);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args(["build", "--profile", profile, "--package", "transhume-cli"])
        .current_dir(workspace);
    crate::download::run(&mut build)?;
    Ok(crate::download::target_directory(workspace)
        .join(profile)
        .join("transhume"))
}

/// An empty directory for what a bench writes; whoever makes it removes it.
fn scratch() -> Result<PathBuf> {
    let scratch = std::env::temp_dir().join(format!("transhume-bench-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    Ok(scratch)
}

/// What was asked for; all where nothing was.
fn some_or<T: Clone>(given: &[T], all: &[T]) -> Vec<T> {
    if given.is_empty() { all } else { given }.to_vec()
}

fn machine(site: &Site, fsync: bool, how: &str) -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |line| line.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism()?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory = memory
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .nth(1);
    let memory = memory.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() >> 20;
    let version = site.sql(&site.target.url("postgres"), "show server_version", 0)?;
    Ok(format!(
        "{cores} cores of {model}, {memory} GB; both servers PostgreSQL {version} on it, fsync {}; {how}",
        if fsync { "on" } else { "off" },
    ))
}
