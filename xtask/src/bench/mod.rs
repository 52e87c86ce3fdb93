//! `bench`: how fast transhume is beside its peers, on the same two throwaway servers.
//!
//! Runs are interleaved, and medians and ratios are what counts: a machine that is shared or throttled slows all alike.

mod data;
mod load;
mod measure;
mod peer;
mod site;
mod summary;

use std::path::Path;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// The full load with its indexes, beside pg_dump and pg_restore, bare COPY, and pgcopydb if it is installed
    Load(load::Arguments),
}

pub(crate) fn bench(workspace: &Path, bench: Bench) -> Result<()> {
    match bench {
        Bench::Load(arguments) => load::load(workspace, &arguments),
    }
}
