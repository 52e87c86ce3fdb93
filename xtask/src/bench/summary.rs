//! Medians and ratios of the runs, as a table for people and as JSON.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;

use super::{data::DataSet, measure::Cost, peer::Peer};

/// One way of copying one set, once.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Run {
    pub(super) set: &'static str,
    pub(super) peer: &'static str,
    #[serde(flatten)]
    pub(super) cost: Cost,
    /// Of `wall_seconds`, what passed after the load: following until caught up. Only transhume does.
    pub(super) follow_seconds: f64,
    /// Where it leaves statistics to the operator, what ANALYZE takes afterwards.
    pub(super) analyze_seconds: Option<f64>,
}

impl Run {
    fn load_seconds(&self) -> f64 {
        self.cost.wall_seconds - self.follow_seconds
    }

    fn with_analyze(&self) -> f64 {
        self.load_seconds() + self.analyze_seconds.unwrap_or_default()
    }
}

#[derive(Debug, Serialize)]
struct Summary<'a> {
    machine: &'a str,
    sizes: &'a [(&'static str, u64)],
    runs: &'a [Run],
}

pub(super) fn json(machine: &str, sizes: &[(&'static str, u64)], runs: &[Run]) -> Result<String> {
    Ok(serde_json::to_string_pretty(&Summary { machine, sizes, runs })?)
}

/// A Markdown table; the ratio is transhume's time by the peer's.
pub(super) fn table(machine: &str, sizes: &[(&'static str, u64)], sets: &[DataSet], runs: &[Run]) -> String {
    let mut text = format!(
        "{machine}\n\n\
         | data set | way | s | s with ANALYZE | ratio | with ANALYZE | server CPU s | client CPU s | client MiB |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|\n"
    );
    for set in sets {
        let size = sizes
            .iter()
            .find(|(name, _)| *name == set.name())
            .map_or(0, |(_, size)| *size);
        for peer in Peer::ALL {
            let of = |figure: fn(&Run) -> f64, peer: Peer| {
                let figures = runs
                    .iter()
                    .filter(|run| run.set == set.name() && run.peer == peer.name());
                median(figures.map(figure).collect())
            };
            let Some(seconds) = of(Run::load_seconds, peer) else {
                continue;
            };
            let analyzed = of(Run::with_analyze, peer).unwrap_or_default();
            let ratio = |ours: Option<f64>, theirs: f64| {
                ours.map_or_else(String::new, |ours| format!("{:.2}", ours / theirs))
            };
            let _ = writeln!(
                text,
                "| {} ({} MB) | {} | {seconds:.2} | {analyzed:.2} | {} | {} | {:.2} | {:.2} | {:.0} |",
                set.name(),
                size >> 20,
                peer.name(),
                ratio(of(Run::load_seconds, Peer::Transhume), seconds),
                ratio(of(Run::with_analyze, Peer::Transhume), analyzed),
                of(|run| run.cost.server_seconds, peer).unwrap_or_default(),
                of(|run| run.cost.client_seconds, peer).unwrap_or_default(),
                of(|run| run.cost.client_peak_mib, peer).unwrap_or_default(),
            );
        }
    }
    text
}

pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => None,
        count if count % 2 == 1 => Some(figures[middle]),
        _ => Some(f64::midpoint(figures[middle - 1], figures[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middle_ones() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
