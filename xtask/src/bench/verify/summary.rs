//! Medians and ratios of the comparisons, as a table for people and as JSON.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;

use super::way::Way;
use crate::bench::{measure::Cost, summary::median};

/// One way of comparing one set, once.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Run {
    pub(super) set: &'static str,
    pub(super) way: &'static str,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    #[serde(flatten)]
    pub(super) cost: Cost,
    /// Processor time of the source alone.
    pub(super) source_seconds: f64,
}

#[derive(Debug, Serialize)]
struct Summary<'a> {
    machine: &'a str,
    runs: &'a [Run],
}

pub(super) fn json(machine: &str, runs: &[Run]) -> Result<String> {
    Ok(serde_json::to_string_pretty(&Summary { machine, runs })?)
}

pub(super) fn line(run: &Run) -> String {
    format!(
        "{:<8} {:<24} {:7.2} s  source {:6.2} s  servers {:6.2} s  client {:5.2} s  {:4.0} MiB",
        run.set,
        run.way,
        run.cost.wall_seconds,
        run.source_seconds,
        run.cost.server_seconds,
        run.cost.client_seconds,
        run.cost.client_peak_mib,
    )
}

/// A Markdown table; ratios are transhume's by that of the way.
#[expect(clippy::cast_precision_loss, reason = "sizes and rates are read by people")]
pub(super) fn table(machine: &str, runs: &[Run]) -> String {
    let mut text = format!(
        "{machine}\n\n\
         | data set | way | s | ratio | rows/s | MB/s | source CPU s | ratio | of one core | client CPU s | client MiB |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    );
    let mut sets: Vec<&str> = runs.iter().map(|run| run.set).collect();
    sets.dedup();
    sets.truncate(
        sets.iter()
            .skip(1)
            .position(|set| *set == sets[0])
            .map_or(sets.len(), |end| end + 1),
    );
    for set in sets {
        for way in Way::ALL {
            let of = |figure: fn(&Run) -> f64, way: Way| {
                let found = runs.iter().filter(|run| run.set == set && run.way == way.name());
                median(found.map(figure).collect()).unwrap_or_default()
            };
            let Some(run) = runs.iter().find(|run| run.set == set && run.way == way.name()) else {
                continue;
            };
            let wall: fn(&Run) -> f64 = |run| run.cost.wall_seconds;
            let source: fn(&Run) -> f64 = |run| run.source_seconds;
            let seconds = of(wall, way);
            let _ = writeln!(
                text,
                "| {set} ({} MB) | {} | {seconds:.2} | {:.2} | {:.0} | {:.0} | {:.2} | {:.2} | {:.0} % | {:.2} | {:.0} |",
                run.bytes >> 20,
                run.way,
                of(wall, Way::Transhume) / seconds,
                run.rows as f64 / seconds,
                run.bytes as f64 / seconds / 1e6,
                of(source, way),
                of(source, Way::Transhume) / of(source, way),
                100.0 * of(source, way) / seconds,
                of(|run| run.cost.client_seconds, way),
                of(|run| run.cost.client_peak_mib, way),
            );
        }
    }
    text
}
