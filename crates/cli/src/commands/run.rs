//! `run`: prepares, copies, builds and follows; resumes whatever was begun.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use transhume_engine::{
    count::{counted, is_or_are},
    endpoints::Endpoints,
    run::{self, RunEnd, RunOptions, RunReason, run},
};

use super::{
    assess::depth,
    group::Group,
    notify, plan,
    serve::{TokenArguments, listen, listening_at},
};
use crate::{
    arguments::{FollowArguments, LoadArguments, SelectionArguments},
    failure::{Exit, Result},
    invocation::Invocation,
    settings::{Config, application::PgBouncerArguments, replace},
    show::{progress::shown, quantity::Size},
};

const EXAMPLES: &str = "\
Examples:
  transhume run                                 start or resume; stop it with Ctrl-C at any time
  transhume run --dry-run                       print the plan and change nothing
  transhume run --until-caught-up               for scripts: ends once the target has caught up
  transhume run --offline                       the application is stopped: copy, compare, open the target
  transhume run --loaders 8 --builders 4 --rate-limit 200MB
  transhume run --wal-budget 200GB --wal-action drop-slot    the source's disk comes first";

/// Start the migration, or go on with it
///
/// Creates publication and slot on the source, copies schema and rows to the target, builds indexes
/// and constraints, and then follows every change until it is stopped. Selection and connections
/// are fixed by the first run; a later run goes on with the same migration.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    /// End with 0 once the target has caught up with the source
    ///
    /// Caught up means: it has passed the source's WAL end as it was when the load was done and the
    /// backlog was met. The migration stays; a later run goes on.
    #[arg(long)]
    until_caught_up: bool,
    /// Move without following, for an application that is stopped meanwhile
    ///
    /// Makes no slot and no publication, so that the source needs no logical replication: copies schema and rows, compares both
    /// sides, and opens the target where they are equal. Resumes like any other run. Nobody must write to the source.
    #[arg(long, conflicts_with = "until_caught_up")]
    offline: bool,
    /// Print what would be done, and change nothing
    ///
    /// Assesses both sides and prints the plan: what would be made on which side under which name, each
    /// table with its parts and format, and what the target would not get. On a migration that has begun
    /// it says what is done and what is left.
    /// Exits with 1 where something blocks it.
    #[arg(long)]
    dry_run: bool,
    /// Begin without trying the schema on the target first
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    load: LoadArguments,
    #[arg(long, value_name = "SIZE")]
    part_size: Option<Size>,
    #[command(flatten)]
    follow: FollowArguments,
    #[arg(long, value_name = "DIRECTORY")]
    programs: Option<PathBuf>,
    /// Answer with the web console and metrics meanwhile, on this address and port
    #[arg(long, value_name = "ADDRESS", conflicts_with = "dry_run", value_parser = listening_at)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    token: TokenArguments,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Lets clients go on that a cutover which died has left waiting
    #[command(flatten)]
    pgbouncer: PgBouncerArguments,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.selection.overlay(settings);
        self.load.overlay(settings);
        self.follow.overlay(settings);
        replace(&mut settings.part_size, self.part_size.as_ref());
        replace(&mut settings.programs, self.programs.as_ref());
        self.pgbouncer.overlay(settings);
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let members = [invocation];
    let running = Box::pin(notify::beside(&members, run_one(arguments, invocation)));
    beside_console(arguments, &members, running).await
}

/// All databases of the file, with one console where one is asked for.
pub(super) async fn together(arguments: &Arguments, group: &Group) -> Result<Exit> {
    let members: Vec<&Invocation> = group.members.iter().collect();
    let running = group.at_once(|member| run_one(arguments, member));
    let running = Box::pin(notify::beside(&members, running));
    beside_console(arguments, &members, running).await
}

/// The console lives as long as the run; that it fails does not end a run.
async fn beside_console(
    arguments: &Arguments,
    members: &[&Invocation],
    running: impl Future<Output = Result<Exit>>,
) -> Result<Exit> {
    let Some(address) = arguments.listen else {
        return running.await;
    };
    let terminal = &members[0].terminal;
    let token = arguments.token.read()?;
    let listening = listen(address, terminal).await?;
    let serving = async {
        if let Err(failure) = listening.serve(members, token).await {
            terminal.failure(&failure);
        }
        // Stopped in order: the run ends by itself.
        std::future::pending().await
    };
    tokio::select! {
        exit = running => exit,
        exit = serving => exit,
    }
}

/// Following has no end of its own; what has one was not reached where it was interrupted.
async fn run_one(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let ended = migrate(arguments, invocation).await;
    if arguments.until_caught_up || arguments.dry_run {
        return ended;
    }
    invocation.stopping.of_service(ended)
}

async fn migrate(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let options = RunOptions {
        selection: invocation.selection(),
        load: invocation.load_options(),
        follow: invocation.follow_options(),
        pgbouncer: invocation.settings.application.pgbouncer()?,
        programs: invocation.settings.programs.clone(),
        until_caught_up: arguments.until_caught_up,
        offline: arguments.offline,
        depth: depth(arguments.quick),
    };
    if arguments.dry_run {
        return dry_run(arguments, invocation, &endpoints, &options).await;
    }
    let end = shown(&invocation.terminal, async |reporter| {
        run(&endpoints, &options, reporter, &invocation.cancellation).await
    })
    .await?;
    if arguments.json {
        invocation.terminal.print_json(&end)?;
    }
    invocation.terminal.note(&summary(&end));
    Ok(match end.reason {
        RunReason::CaughtUp if end.exceptions > 0 => Exit::OperatorMustAct,
        _ => Exit::Success,
    })
}

async fn dry_run(
    arguments: &Arguments,
    invocation: &Invocation,
    endpoints: &Endpoints,
    options: &RunOptions,
) -> Result<Exit> {
    let work = shown(&invocation.terminal, async |reporter| {
        Box::pin(run::plan(endpoints, options, reporter)).await
    });
    let plan = invocation.or_interrupted(work).await??;
    invocation
        .terminal
        .print_result(arguments.json, &plan, plan::text)?;
    Ok(if plan.blockers().is_empty() {
        Exit::Success
    } else {
        Exit::OperatorMustAct
    })
}

/// How it ended, and what comes next.
fn summary(end: &RunEnd) -> String {
    let RunEnd {
        migration,
        phase,
        frontier,
        reason,
        exceptions,
    } = end;
    match reason {
        RunReason::CaughtUp if *exceptions > 0 => format!(
            "caught up at {frontier}, but {} {} stored in transhume.exception instead of being applied: \
             `transhume status` names their tables, `transhume table reload` loads them anew",
            counted(*exceptions, "change"),
            is_or_are(*exceptions),
        ),
        RunReason::CaughtUp => format!(
            "caught up at {frontier}; migration {migration} stays in phase {phase}: run again to follow, \
             then `transhume verify` and `transhume cutover`"
        ),
        RunReason::Moved => {
            "everything is on the target and was found equal: point the application there; `transhume finish` removes what is left"
                .to_owned()
        }
        RunReason::Done => {
            "the application lives on the target; `transhume finish` removes what is left".to_owned()
        }
        RunReason::FallenBack => {
            "the application is back on the old source; `transhume finish` removes what is left".to_owned()
        }
        RunReason::Stopped => {
            format!("asked to stop; migration {migration} stays in phase {phase} at {frontier}")
        }
    }
}
