//! `verify`: compares both sides while traffic runs.

use std::time::Duration;

use clap::Args;
use transhume_engine::verify::{TableComparison, Verification, VerifyOptions, verify};

use crate::{
    arguments::{count, replace},
    config::Config,
    failure::{Exit, Failure, Result},
    invocation::Invocation,
    progress::shown,
    quantity::{Span, grouped},
    terminal::{
        objects,
        style::{Style, Tone},
        table::table,
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume verify && transhume cutover
  transhume verify --json | jq '.tables[] | select(.equal | not)'

Exits with 0 where both sides are equal, 1 where they differ, 2 where they could not be compared.";

/// Compare both sides, exactly, while traffic runs
///
/// Every table is counted and digested on both sides at the same commit of the source. Nothing has
/// to be stopped, and every difference that is found is real. Definitions, owners, privileges, comments,
/// sequences, large objects, and the states of indexes, constraints and triggers are compared as well.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Tables compared at once
    #[arg(long, value_name = "NUMBER", env = "TRANSHUME_COMPARERS", value_parser = count::<usize>)]
    comparers: Option<usize>,
    /// Check all foreign keys against their rows, not only those that nothing has checked
    #[arg(long)]
    all_constraints: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        replace(&mut settings.comparers, self.comparers.as_ref());
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let mut options = VerifyOptions::default();
    if let Some(comparers) = invocation.settings.comparers {
        options.comparers = comparers;
    }
    options.all_constraints = arguments.all_constraints;
    let verification = shown(&invocation.terminal, async |reporter| {
        verify(&endpoints, &options, reporter, &invocation.cancellation).await
    })
    .await
    .map_err(|error| not_done(error.into()))?;
    let terminal = &invocation.terminal;
    for finding in &verification.not_compared {
        terminal.finding(finding);
    }
    terminal.print_result(arguments.json, &verification, text)?;
    Ok(if verification.equal {
        Exit::Success
    } else {
        Exit::OperatorMustAct
    })
}

/// Here 1 means different, so a comparison that was refused or stopped is 2.
fn not_done(failure: Failure) -> Failure {
    match failure.exit {
        Exit::OperatorMustAct => failure.with_exit(Exit::NotDone),
        _ => failure,
    }
}

/// Tables that differ come first; they are what must be looked at.
fn text(verification: &Verification, style: Style) -> String {
    let (equal, different): (Vec<_>, Vec<_>) = verification.tables.iter().partition(|table| table.equal);
    let rows = different.iter().chain(&equal).map(|table| row(table));
    let listed = table(&["table", "source rows", "target rows", "result"], &[1, 2], rows);
    let seconds = Duration::try_from_secs_f64(verification.seconds).unwrap_or_default();
    let result = match different.len() {
        0 => style.paint(Tone::Good, "the rows of both sides are equal"),
        1 => style.paint(Tone::Bad, "1 table differs"),
        many => style.paint(Tone::Bad, &format!("{many} tables differ")),
    };
    let objects = objects::text(&verification.objects, style);
    format!(
        "{listed}\n{result}: {} tables compared at {} in {}\n\n{objects}",
        verification.tables.len(),
        verification.lsn,
        Span(seconds)
    )
}

fn row(comparison: &TableComparison) -> Vec<String> {
    let count = |rows: i64| u64::try_from(rows).map_or_else(|_| rows.to_string(), grouped);
    vec![
        comparison.table.plain(),
        count(comparison.source_rows),
        count(comparison.target_rows),
        if comparison.equal { "equal" } else { "DIFFERENT" }.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use transhume_engine::{ident::QualifiedName, lsn::Lsn, verify::ObjectComparison};

    use super::*;

    #[test]
    fn tables_that_differ_come_first() {
        let comparison = |name, source_rows, target_rows| TableComparison {
            table: QualifiedName::new("shop", name),
            source_rows,
            target_rows,
            equal: source_rows == target_rows,
        };
        let verification = Verification {
            equal: false,
            lsn: Lsn(0x16_0000),
            seconds: 2.5,
            tables: vec![comparison("customer", 1_200, 1_200), comparison("orders", 30, 29)],
            objects: ObjectComparison::default(),
            not_compared: Vec::new(),
        };
        let expected = "\
table          source rows  target rows  result
shop.orders             30           29  DIFFERENT
shop.customer        1,200        1,200  equal

1 table differs: 2 tables compared at 0/160000 in 2.5 s

0 objects compared (): all agree

Not compared
";
        assert_eq!(text(&verification, Style::plain()), expected);
    }
}
