//! The distribution of the waits over all trials, for people.

use std::fmt::Write;

use super::trial::{Outcome, Way};

pub(super) fn line(outcome: &Outcome) -> String {
    format!(
        "{:<36} longest wait {:7.1} ms  between {:7.1} ms{}  {} acknowledged, {} failed",
        outcome.way.name(),
        outcome.longest_wait,
        outcome.between,
        outcome
            .reported
            .map_or_else(String::new, |reported| format!("  reported {reported:6.1} ms")),
        outcome.acknowledged,
        outcome.failed,
    )
}

pub(super) fn table(ways: &[Way], outcomes: &[Outcome]) -> String {
    let mut text = "| way | trials | longest wait of a client: p50, p95, max ms | last commit on the source to first on the \
                    target: p50, p95, max ms | write pause reported: p50, p95, max ms | acknowledged | failed | lost or doubled |\n\
                    |---|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for way in ways {
        let own: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.way == *way).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            way.name(),
            own.len(),
            spread(own.iter().map(|outcome| outcome.longest_wait)),
            spread(own.iter().map(|outcome| outcome.between)),
            spread(own.iter().filter_map(|outcome| outcome.reported)),
            own.iter().map(|outcome| outcome.acknowledged).sum::<usize>(),
            own.iter().map(|outcome| outcome.failed).sum::<u64>(),
            own.iter()
                .map(|outcome| outcome.lost + outcome.doubled)
                .sum::<usize>(),
        );
    }
    text
}

fn spread(figures: impl Iterator<Item = f64>) -> String {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let Some(last) = figures.len().checked_sub(1) else {
        return String::new();
    };
    // The smallest figure that is not exceeded by this share of all.
    let at = |percent: usize| {
        figures[(figures.len() * percent)
            .div_ceil(100)
            .saturating_sub(1)
            .min(last)]
    };
    format!("{:.0}, {:.0}, {:.0}", at(50), at(95), figures[last])
}
