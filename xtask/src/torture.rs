//! `cargo xtask torture`: rounds of the testkit's torture, each with a seed of its own, until one breaks a rule.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use transhume_testkit::torture::{Endurance, Round, Sample};

use crate::download::target_directory;

/// A seed decides the tables, the statements that are tried, and which faults come when. How the machine interleaves them it
/// cannot decide: the same seed tries the same things and most often, not always, finds the same.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  cargo xtask torture --seed 17            one round\n  \
                        cargo xtask torture --minutes 5          seeds of its own choice, which it names\n  \
                        cargo xtask torture --endure 10          ten minutes without faults: nothing grows"
)]
pub(crate) struct Torture {
    /// Of the first round; the next ones count up from it. By chance where it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// At most so many rounds [default: 1, any number with --minutes]
    #[arg(long)]
    rounds: Option<u64>,
    /// No further round begins after this time; one that is not through soon after is given up as not finished
    #[arg(long)]
    minutes: Option<u64>,
    /// Faults in a round, at most: fewer of them make a shorter round [default: as the seed says, 6 to 10]
    #[arg(long)]
    faults: Option<usize>,
    /// Instead of rounds: follows a steady rate of commits for so many minutes, with a large transaction each minute and a
    /// verification each three, and watches memory, open files and the state's size
    #[arg(long, conflicts_with_all = ["seed", "rounds", "minutes", "faults", "keep_going"])]
    endure: Option<u64>,
    /// Of --endure, as far as the machine gives them
    #[arg(long, requires = "endure", default_value_t = 1_500)]
    commits_per_second: u32,
    /// Goes on after a round that broke a rule
    #[arg(long)]
    keep_going: bool,
    /// The program to torture [default: this workspace's, built as the tests build it]
    #[arg(long)]
    program: Option<PathBuf>,
}

/// Seeds that are chosen are short enough to be typed.
const SEEDS: std::ops::Range<u64> = 1..1_000_000;
/// A round takes two minutes on a machine with two cores that others use too; so a round that began late is through too.
const GRACE: Duration = Duration::from_secs(120);

pub(crate) fn torture(workspace: &Path, options: &Torture) -> Result<()> {
    let program = match &options.program {
        Some(program) => program.canonicalize().context("looking for the program")?,
        None => build(workspace)?,
    };
    if let Some(minutes) = options.endure {
        return endure(&program, minutes, options.commits_per_second);
    }
    let first = options.seed.unwrap_or_else(|| fastrand::u64(SEEDS));
    let rounds = options
        .rounds
        .unwrap_or(if options.minutes.is_some() { u64::MAX } else { 1 });
    let end = options
        .minutes
        .map(|minutes| Instant::now() + Duration::from_secs(minutes * 60));
    let runtime = tokio::runtime::Runtime::new()?;
    println!("torture: the first seed is {first}");
    let (mut done, mut broken, mut unfinished) = (0, 0, 0);
    for seed in (first..).take(usize::try_from(rounds).unwrap_or(usize::MAX)) {
        if done > 0 && end.is_some_and(|end| Instant::now() > end) {
            break;
        }
        done += 1;
        let mut round = Round::of(seed);
        round.faults = round.faults.min(options.faults.unwrap_or(usize::MAX));
        match runtime.block_on(one(round, &program, end.map(|end| end + GRACE))) {
            Verdict::KeptTheRules => {}
            Verdict::NotFinished => unfinished += 1,
            Verdict::BrokeARule => {
                broken += 1;
                if !options.keep_going {
                    break;
                }
            }
        }
    }
    if broken > 0 {
        bail!("{broken} of {done} rounds broke a rule");
    }
    println!("{done} rounds broke no rule, {unfinished} of them were not finished in the time");
    Ok(())
}

fn endure(program: &Path, minutes: u64, commits_per_second: u32) -> Result<()> {
    let endurance = Endurance {
        time: Duration::from_secs(minutes * 60),
        commits_per_second,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let endured = runtime.block_on(endurance.run(program, tell_sample));
    let endured = endured.map_err(anyhow::Error::msg)?;
    println!(
        "{minutes} minutes: {} commits, {} large transactions and {} verifications; nothing grew, and both sides are equal",
        endured.committed, endured.large, endured.verified
    );
    Ok(())
}

fn tell_sample(sample: &Sample) {
    let largest = sample.state.iter().take(LARGEST_TABLES);
    let largest: Vec<String> = largest
        .map(|(table, bytes)| format!("{table} {}", bytes >> 10))
        .collect();
    println!(
        "after {:>4} s: {} commits, {} kB of memory, {} open files, {} kB of state ({}), {} kB of lag",
        sample.after.as_secs(),
        sample.committed,
        sample.memory_kb,
        sample.files,
        sample.state_bytes() >> 10,
        largest.join(", "),
        sample.lag_bytes >> 10
    );
}

/// Tables of the state that a line names.
const LARGEST_TABLES: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    KeptTheRules,
    BrokeARule,
    /// The machine was too slow for it: nothing is known against the program.
    NotFinished,
}

/// Says how it went.
async fn one(round: Round, program: &Path, until: Option<Instant>) -> Verdict {
    let seed = round.seed;
    let program = program.to_owned();
    // The judges of rows and ledger panic with what they found, as tests want it.
    let mut round = tokio::spawn(async move { round.run(&program).await });
    let time = until.map_or(Duration::MAX, |until| {
        until.saturating_duration_since(Instant::now())
    });
    let Ok(ended) = tokio::time::timeout(time, &mut round).await else {
        round.abort();
        // Its servers are stopped with it.
        let _ = round.await;
        println!("seed {seed}: not finished in the time; it broke no rule until then");
        return Verdict::NotFinished;
    };
    match ended {
        Ok(Ok(survived)) => {
            println!(
                "seed {seed}: {} faults, {} commits, {} transactions sent before their commit since the source's last \
                 crash, the whole target compared {} times, {:.0?}",
                survived.trace.len(),
                survived.committed,
                survived.in_progress,
                survived.compared,
                survived.took
            );
            if survived.compared == 0 {
                println!("{}", survived.trace.join("\n  "));
                return Verdict::NotFinished;
            }
            Verdict::KeptTheRules
        }
        Ok(Err(broken)) => {
            println!("{broken}\nagain: cargo xtask torture --seed {seed}");
            Verdict::BrokeARule
        }
        Err(panic) => {
            println!("seed {seed}: {panic}\nagain: cargo xtask torture --seed {seed}");
            Verdict::BrokeARule
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
