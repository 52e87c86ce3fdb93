//! `verify`: compares both sides while traffic runs.

mod report;

use clap::Args;
use transhume_engine::{
    sides::Sides,
    verify::{Mode, Role, Verification, VerifyOptions, verify},
};

use crate::{
    arguments::{RoleArguments, count},
    failure::{Exit, Failure, Result},
    invocation::{Invocation, verify_options},
    settings::{Config, replace},
    show::{
        progress::shown,
        quantity::{Size, Span},
        terminal::findings::Shown,
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume verify && transhume cutover
  transhume verify --mode sample                a first look at large tables, in seconds
  transhume verify --mode since-last            only what has changed since it was found equal
  transhume verify --mode recheck               while long transactions on the source leave no consistent point
  transhume verify --table 'shop.order*' --show-values
  transhume verify --repair                     rewrites the rows that differ, and compares them again
  transhume verify --mode since-last --every 15min   until something differs
  transhume verify --join                       on another machine, while one verifies
  transhume verify --json | jq '.rows[] | [.table.name, .difference, .key]'
  transhume verify --source URL --target URL    any two databases, both quiet

Exits with 0 where both sides are equal, 1 where they differ, 2 where they could not be compared or, with
--mode recheck, where rows changed too fast to tell.";

/// Compare both sides, exactly, while traffic runs
///
/// Every table is digested on both sides at the same commit of the source, and where the digests differ,
/// down to the rows and columns that do. Nothing has to be stopped, and every difference that is found is
/// real. Definitions, owners, privileges, comments, sequences, large objects, and the states of indexes,
/// constraints and triggers are compared as well. Between two databases without a migration both must be quiet, or two snapshots be given.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Only these tables, such as shop or public.order*
    #[arg(long = "table", value_name = "PATTERN", value_delimiter = ',')]
    tables: Vec<String>,
    /// Which tables, and how closely: full, sample, since-last or recheck [default: full]
    ///
    /// full: all rows of all tables, at one commit of the source. sample: some rows of large tables, for a first look.
    /// since-last: only tables that were changed, loaded or redefined since they were last found equal, exactly by LSN.
    /// recheck: without a consistent point; nothing is held, and what differs is read again until it is decided.
    #[arg(long, value_name = "MODE", default_value_t, hide_default_value = true)]
    mode: Mode,
    /// Compare again and again, waiting this long between two rounds, until something differs
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["repair", "join", "resume"])]
    every: Option<Span>,
    /// Rewrite the rows that differ on the target, then compare their tables again
    #[arg(long)]
    repair: bool,
    /// Show the values of the columns that differ; they are the application's data
    #[arg(long)]
    show_values: bool,
    #[arg(long, value_name = "NUMBER", value_parser = count::<usize>)]
    rows: Option<usize>,
    #[arg(long, value_name = "NUMBER", value_parser = count::<usize>)]
    comparers: Option<usize>,
    #[arg(long, value_name = "SIZE")]
    rate_limit: Option<Size>,
    /// Largest part of a table that is read at once: smaller ones share finer among machines [default: 64MB]
    #[arg(long, value_name = "SIZE")]
    part_size: Option<Size>,
    #[arg(long, value_name = "DURATION")]
    hold_timeout: Option<Span>,
    /// Check all foreign keys against their rows, not only those that nothing has checked
    #[arg(long)]
    all_constraints: bool,
    /// Show every table and every finding about objects, not only the first 40 tables and five findings of each code
    #[arg(long)]
    all: bool,
    /// Go on with a verification that ended early: tables that have a result keep it
    #[arg(long, conflicts_with = "join")]
    resume: bool,
    /// Help the verification that another process runs
    #[arg(long)]
    join: bool,
    /// Exported snapshot of the source, without a migration
    #[arg(long, value_name = "NAME", requires = "target_snapshot")]
    source_snapshot: Option<String>,
    /// Exported snapshot of the target, without a migration
    #[arg(long, value_name = "NAME", requires = "source_snapshot")]
    target_snapshot: Option<String>,
    #[command(flatten)]
    roles: RoleArguments,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        replace(&mut settings.comparers, self.comparers.as_ref());
        replace(&mut settings.compared_rate_limit, self.rate_limit.as_ref());
        replace(&mut settings.hold_timeout, self.hold_timeout.as_ref());
        replace(&mut settings.named_rows, self.rows.as_ref());
        self.roles.overlay(settings);
    }

    /// What cannot be asked for together, beside what clap knows of.
    fn refuse_contradictions(&self) -> Result<()> {
        let contradiction = match self.mode {
            Mode::Full => return Ok(()),
            mode if self.resume || self.join => format!("--mode {mode} with --resume or --join"),
            Mode::Recheck if self.source_snapshot.is_some() => "--mode recheck with snapshots".to_owned(),
            mode @ (Mode::Sample | Mode::Recheck) if self.repair => format!("--mode {mode} with --repair"),
            _ => return Ok(()),
        };
        Err(Failure::new(format!("{contradiction} is not possible"))
            .with_hint("leave one of them out")
            .with_exit(Exit::NotDone))
    }

    /// Both are given, or none.
    fn snapshots(&self) -> Option<Sides<String>> {
        let (source, target) = self.source_snapshot.clone().zip(self.target_snapshot.clone())?;
        Some(Sides { source, target })
    }

    fn options(&self, settings: &Config) -> VerifyOptions {
        VerifyOptions {
            mode: self.mode,
            tables: self.tables.clone(),
            show_values: self.show_values,
            repair: self.repair,
            part_bytes: self.part_size.map(|size| size.0.max(1)),
            all_constraints: self.all_constraints,
            role: match (self.resume, self.join) {
                (true, _) => Role::Resumes,
                (_, true) => Role::Joins,
                _ => Role::Begins,
            },
            snapshots: self.snapshots(),
            ..verify_options(settings)
        }
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    arguments.refuse_contradictions()?;
    let options = arguments.options(&invocation.settings);
    loop {
        let verification = once(&options, invocation).await?;
        tell(arguments, &verification, invocation)?;
        if verification.is_undecided() {
            return Ok(Exit::NotDone);
        }
        if !verification.equal {
            return Ok(Exit::OperatorMustAct);
        }
        let Some(rest) = arguments.every else {
            return Ok(Exit::Success);
        };
        tokio::select! {
            () = tokio::time::sleep(rest.0) => {}
            () = invocation.cancellation.cancelled() => return Ok(Exit::Success),
        }
    }
}

async fn once(options: &VerifyOptions, invocation: &Invocation) -> Result<Verification> {
    let endpoints = invocation.endpoints()?;
    shown(&invocation.terminal, async |reporter| {
        verify(&endpoints, options, reporter, &invocation.cancellation).await
    })
    .await
    .map_err(|error| not_done(error.into()))
}

fn tell(arguments: &Arguments, verification: &Verification, invocation: &Invocation) -> Result<()> {
    let terminal = &invocation.terminal;
    for finding in &verification.not_compared {
        terminal.finding(finding);
    }
    let shown = Shown::all(arguments.all);
    terminal.print_result(arguments.json, verification, |verification, style| {
        report::text(verification, style, shown)
    })
}

/// Here 1 means different, so a comparison that was refused or stopped is 2.
fn not_done(failure: Failure) -> Failure {
    match failure.exit {
        Exit::OperatorMustAct => failure.with_exit(Exit::NotDone),
        _ => failure,
    }
}
