//! `table`: one table at a time, while the rest goes on.

use clap::{Args, Subcommand};
use transhume_engine::tables::{TableStanding, Wish, add, choose, choose_new, fulfil};

use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::{
        document::StandingDocument,
        progress::shown,
        terminal::{confirm::confirm, style::Style},
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume table reload public.orders          empty it on the target and load it anew
  transhume table add shop.invoices             take a table in that the migration has not
  transhume table suspend 'shop.audit_*'        skip its changes from now on
  transhume table resume 'shop.audit_*'         load what is suspended anew";

/// Take single tables in, load them anew or set them aside, while the rest goes on
///
/// The runner does it; this command asks it and waits. Changes of a table that is being loaded are skipped where
/// the load has them already. The first one that it has not holds all applying until the table is loaded, so the lag
/// grows meanwhile by what the source writes.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Empty tables on the target and load them anew
    Reload(Tables),
    /// Take tables of the source into the migration: definitions, rows and every change from now on
    Add(Tables),
    /// Skip the changes of tables until they are resumed; no cutover before that
    Suspend(Tables),
    /// Load suspended tables anew and follow them again
    Resume(Tables),
}

#[derive(Debug, Args)]
struct Tables {
    /// Tables, such as public.orders or shop.audit_*
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print the tables and their states as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let (wish, tables, what) = match &arguments.action {
        Action::Add(tables) => return take_in(tables, invocation).await,
        Action::Reload(tables) => (Wish::Reload, tables, "emptied on the target and loaded anew"),
        Action::Suspend(tables) => (
            Wish::Suspend,
            tables,
            "left as they are on the target from now on",
        ),
        Action::Resume(tables) => (Wish::Resume, tables, "emptied on the target and loaded anew"),
    };
    let endpoints = invocation.endpoints()?;
    let chosen = choose(&endpoints, wish, &tables.names).await?;
    let question = format!("These tables will be {what}: {}.", chosen.names().join(", "));
    confirm(&invocation.terminal, tables.yes, "table", &question)?;
    let standing = shown(&invocation.terminal, async |reporter| {
        fulfil(&endpoints, &chosen, reporter, &invocation.cancellation).await
    })
    .await?;
    show(tables, invocation, standing)
}

async fn take_in(tables: &Tables, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let new = choose_new(&endpoints, &tables.names).await?;
    let question = format!(
        "These tables will join the migration: {}.",
        new.names().join(", ")
    );
    confirm(&invocation.terminal, tables.yes, "table", &question)?;
    let standing = shown(&invocation.terminal, async |reporter| {
        add(&endpoints, &new, reporter, &invocation.cancellation).await
    })
    .await?;
    show(tables, invocation, standing)
}

fn show(tables: &Tables, invocation: &Invocation, standing: Vec<TableStanding>) -> Result<Exit> {
    let standing = StandingDocument { tables: standing };
    let text = |standing: &StandingDocument, _: Style| standing_text(&standing.tables);
    invocation.terminal.print_result(tables.json, &standing, text)?;
    Ok(Exit::Success)
}

fn standing_text(standing: &[TableStanding]) -> String {
    let line =
        |standing: &TableStanding| format!("{:<10} {}\n", standing.state.name(), standing.table.plain());
    standing.iter().map(line).collect()
}
