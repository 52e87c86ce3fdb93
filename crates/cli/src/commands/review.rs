//! `review`: how the target does the source's work after a cutover, and what is left to switch off.

use std::fmt::Write;

use clap::Args;
use transhume_engine::review::{Review, review};

use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::{
        progress::shown,
        terminal::{
            findings::{self, Shown},
            style::{Style, Tone},
        },
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume review                              a day after the cutover, and again after a week
  transhume review --all
  transhume review --json | jq '.queries.slower[]'";

/// After a cutover: compare how both servers do their work, and list what to switch off on the old one
///
/// Statements by pg_stat_statements of both sides (slower ones first), indexes that are not used any more, missing statistics, versions of
/// extensions, jobs, publications and slots that the target lacks, and what the old server still does. Reads only, and needs no
/// migration: it can be asked again after `finish`, for as long as the old server is there. Exits with 1 where there is a warning.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Show every finding, not only the first five of each code
    #[arg(long)]
    all: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let selection = invocation.selection();
    let work = shown(&invocation.terminal, async |reporter| {
        review(&endpoints, &selection, reporter).await
    });
    let reviewed = invocation.or_interrupted(work).await??;
    let shown = Shown::all(arguments.all);
    invocation
        .terminal
        .print_result(arguments.json, &reviewed, |reviewed, style| {
            text(reviewed, style, shown)
        })?;
    Ok(if reviewed.has_warnings() {
        Exit::OperatorMustAct
    } else {
        Exit::Success
    })
}

fn text(review: &Review, style: Style, shown: Shown) -> String {
    let label = |word: &str| style.paint(Tone::Label, word);
    let mut text = format!(
        "{}   {}\n{}   {}\n",
        label("source"),
        review.source,
        label("target"),
        review.target
    );
    if let Some(queries) = &review.queries {
        push(
            &mut text,
            &format!("{}  {}", label("queries"), queries.in_words()),
        );
    }
    text.push('\n');
    text.push_str(&findings::report(&review.findings, style, shown));
    push(&mut text, "\nWhen nobody needs the old server any more:");
    for (number, step) in review.remaining.iter().enumerate() {
        push(
            &mut text,
            &format!("  {}. {}", number + 1, step.replace('\n', "\n     ")),
        );
    }
    text
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("text grows");
}
