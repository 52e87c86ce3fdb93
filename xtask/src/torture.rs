//! `cargo xtask torture`: rounds of the testkit's torture, each with a seed of its own, until one breaks a rule.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use transhume_testkit::torture::Round;

use crate::download::target_directory;

/// A seed decides the tables, the statements that are tried, and which faults come when. How the machine interleaves them it
/// cannot decide: the same seed tries the same things and most often, not always, finds the same.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  cargo xtask torture --seed 17            one round\n  \
                        cargo xtask torture --minutes 5          seeds of its own choice, which it names"
)]
pub(crate) struct Torture {
    /// Of the first round; the next ones count up from it. By chance where it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// At most so many rounds [default: 1, any number with --minutes]
    #[arg(long)]
    rounds: Option<u64>,
    /// No further round begins after this time
    #[arg(long)]
    minutes: Option<u64>,
    /// Goes on after a round that broke a rule
    #[arg(long)]
    keep_going: bool,
    /// The program to torture [default: this workspace's, built as the tests build it]
    #[arg(long)]
    program: Option<PathBuf>,
}

/// Seeds that are chosen are short enough to be typed.
const SEEDS: std::ops::Range<u64> = 1..1_000_000;

pub(crate) fn torture(workspace: &Path, options: &Torture) -> Result<()> {
    let program = match &options.program {
        Some(program) => program.canonicalize().context("looking for the program")?,
        None => build(workspace)?,
    };
    let first = options.seed.unwrap_or_else(|| fastrand::u64(SEEDS));
    let rounds = options
        .rounds
        .unwrap_or(if options.minutes.is_some() { u64::MAX } else { 1 });
    let end = options
        .minutes
        .map(|minutes| Instant::now() + Duration::from_secs(minutes * 60));
    let runtime = tokio::runtime::Runtime::new()?;
    let (mut done, mut broken) = (0, 0);
    for seed in (first..).take(usize::try_from(rounds).unwrap_or(usize::MAX)) {
        if done > 0 && end.is_some_and(|end| Instant::now() > end) {
            break;
        }
        done += 1;
        if !runtime.block_on(one(seed, &program)) {
            broken += 1;
            if !options.keep_going {
                break;
            }
        }
    }
    if broken > 0 {
        bail!("{broken} of {done} rounds broke a rule");
    }
    println!("{done} rounds broke no rule");
    Ok(())
}

/// Says how it went, and whether well.
async fn one(seed: u64, program: &Path) -> bool {
    let program = program.to_owned();
    // The judges of rows and ledger panic with what they found, as tests want it.
    let round = tokio::spawn(async move { Round::of(seed).run(&program).await });
    match round.await {
        Ok(Ok(survived)) => {
            println!(
                "seed {seed}: {} faults, {} commits, the whole target compared {} times, {:.0?}",
                survived.trace.len(),
                survived.committed,
                survived.compared,
                survived.took
            );
            true
        }
        Ok(Err(broken)) => {
            println!("{broken}\nagain: cargo xtask torture --seed {seed}");
            false
        }
        Err(panic) => {
            println!("seed {seed}: {panic}\nagain: cargo xtask torture --seed {seed}");
            false
        }
    }
}

fn build(workspace: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "transhume-cli"])
        .current_dir(workspace)
        .status()?;
    if !status.success() {
        bail!("the program does not build");
    }
    Ok(target_directory(workspace).join("debug/transhume"))
}
