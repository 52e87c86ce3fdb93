//! `demo`: a whole migration between two throwaway servers, with live traffic.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use transhume_demo::demo::{DemoOptions, DemoReport, demo};

use crate::show::terminal::switch;
use transhume_engine::count::counted;

use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::{
        progress::shown,
        quantity::{Size, Span},
        terminal::{
            objects,
            style::{Style, Tone},
        },
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume demo
  transhume demo --customers 20000 --clients 8";

/// Show a whole migration between two throwaway servers on this machine
///
/// Starts two servers, fills one with a shop-like database, runs live traffic that records every
/// acknowledged commit, migrates, verifies, cuts over, and prints what happened. Exits with 1 where an
/// acknowledged commit is missing or doubled.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Directory with initdb and postgres [default: the newest that is installed]
    #[arg(long, value_name = "DIRECTORY", env = "TRANSHUME_BINARIES")]
    binaries: Option<PathBuf>,
    /// Customers in the shop; 100000 make about 300 MB
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    customers: u32,
    /// Clients that buy all the time
    #[arg(long, value_name = "NUMBER", default_value_t = 4)]
    clients: u16,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let options = DemoOptions {
        binaries: arguments.binaries.clone(),
        customers: arguments.customers,
        clients: arguments.clients,
    };
    let report = shown(&invocation.terminal, async |reporter| {
        Box::pin(demo(&options, reporter, &invocation.cancellation)).await
    })
    .await?;
    invocation.terminal.print_result(arguments.json, &report, text)?;
    Ok(if report.is_exact() {
        Exit::Success
    } else {
        Exit::OperatorMustAct
    })
}

fn text(report: &DemoReport, style: Style) -> String {
    let exact = if report.is_exact() {
        style.paint(
            Tone::Good,
            "every acknowledged commit is on the target exactly once",
        )
    } else {
        style.paint(
            Tone::Bad,
            &format!(
                "{} missing, {} doubled",
                counted(report.missing, "commit"),
                report.doubled
            ),
        )
    };
    let traffic = &report.traffic;
    let lines = [
        heading(style, "Load"),
        format!(
            "  {}, {}, {}; caught up with the traffic after {}",
            counted(report.tables, "table"),
            counted(report.rows_loaded, "row"),
            Size(report.bytes_loaded),
            seconds(report.run_seconds)
        ),
        heading(style, "Follow"),
        format!(
            "  {} in {} applied",
            counted(report.changes_applied, "change"),
            counted(report.transactions_applied, "transaction")
        ),
        heading(style, "Verify"),
        format!(
            "  {} equal, in {}",
            counted(report.tables_equal, "table"),
            seconds(report.verify_seconds)
        ),
        format!("  {}", objects::headline(&report.objects, style)),
        objects::named(&report.objects),
        heading(style, "Cutover"),
        switch::text(&report.cutover, style)
            .lines()
            .map(|line| format!("  {line}"))
            .collect::<Vec<_>>()
            .join("\n"),
        format!(
            "  reverse replication kept up: {} of the old source equal while the clients bought on the target",
            counted(report.tables_equal_on_the_way_back, "table")
        ),
        heading(style, "Application"),
        format!(
            "  {} purchases, {:.0} in a second, {} refused and tried again, {} unanswered",
            traffic.purchases, traffic.purchases_per_second, traffic.refused, traffic.unanswered
        ),
        format!(
            "  longest time without a purchase: {:.0} ms",
            traffic.longest_gap_milliseconds
        ),
        format!(
            "  {} acknowledged, {} found: {exact}",
            counted(report.acknowledged, "commit"),
            counted(report.found, "commit")
        ),
    ];
    let reported: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    reported.join("\n")
        + "\n\nWhere to look next: README.md for a migration of your own, docs/architecture.md for how it works.\n"
}

fn heading(style: Style, text: &str) -> String {
    style.paint(Tone::Label, text)
}

fn seconds(seconds: f64) -> Span {
    Span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
