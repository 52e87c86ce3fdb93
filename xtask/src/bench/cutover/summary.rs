//! The distribution of the waits over all trials, for people: lines to follow the bench by, tables to paste.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    trial::{Direction, Move, Outcome, Way},
    workload::Workload,
};

pub(super) fn line(outcome: &Outcome) -> String {
    let mut text = format!(
        "{:<21}{:<6} {:5.0}/s, undisturbed {:4.0} ms",
        outcome.way.name(),
        outcome.workload.name(),
        outcome.per_second,
        outcome.undisturbed
    );
    for moved in &outcome.moves {
        let _ = write!(
            text,
            " | {} wait {:4.0}, between {}",
            direction(moved.direction),
            moved.longest_wait,
            moved
                .between
                .map_or_else(|| "?".to_owned(), |between| format!("{between:.0}")),
        );
        if let Some(reported) = &moved.reported {
            let _ = write!(text, ", pause {:.0}", reported.pause);
            if !reported.eased.is_empty() {
                let _ = write!(text, " eased {:.0?}", reported.eased);
            }
            if !reported.earlier_tries.is_empty() {
                let _ = write!(text, " after {:.0?}", reported.earlier_tries);
            }
        }
        if !moved.failed.is_empty() {
            let _ = write!(text, ", failed {:?}", moved.failed);
        }
        if moved.refused > 0 {
            let _ = write!(text, ", refused {}", moved.refused);
        }
    }
    let _ = write!(text, " ({:.1} s)", outcome.seconds);
    text
}

/// One kind of move under one workload.
struct Group<'a> {
    way: Way,
    workload: Workload,
    direction: Direction,
    trials: Vec<(&'a Outcome, &'a Move)>,
}

fn groups(outcomes: &[Outcome]) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    for way in Way::ALL {
        for workload in Workload::ALL {
            for direction in [Direction::Cutover, Direction::Fallback] {
                let own = outcomes
                    .iter()
                    .filter(|outcome| outcome.way == way && outcome.workload == workload);
                let trials: Vec<_> = own
                    .flat_map(|outcome| outcome.moves.iter().map(move |moved| (outcome, moved)))
                    .filter(|(_, moved)| moved.direction == direction)
                    .collect();
                if !trials.is_empty() {
                    groups.push(Group {
                        way,
                        workload,
                        direction,
                        trials,
                    });
                }
            }
        }
    }
    groups
}

/// Milliseconds are p50, p95 and the maximum.
pub(super) fn table(outcomes: &[Outcome]) -> String {
    let mut text = "| way | workload | move | moves | longest wait of a client, ms | last commit on one to first on the other, ms \
                    | write pause reported, ms | tries of the fence | failed transactions of a move |\n\
                    |---|---|---|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for group in groups(outcomes) {
        let moves = || group.trials.iter().map(|(_, moved)| *moved);
        let reported = || moves().filter_map(|moved| moved.reported.as_ref());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            group.way.name(),
            group.workload.name(),
            direction(group.direction),
            group.trials.len(),
            spread(moves().map(|moved| moved.longest_wait)),
            spread(moves().filter_map(|moved| moved.between)),
            spread(reported().map(|reported| reported.pause)),
            spread(reported().map(|reported| f64::from(reported.fence_attempts))),
            spread(moves().map(|moved| moved.failed.values().sum::<u64>() as f64)),
        );
    }
    let undisturbed = outcomes.iter().map(|outcome| outcome.undisturbed);
    let acknowledged: usize = outcomes.iter().map(|outcome| outcome.acknowledged).sum();
    let numbers: usize = outcomes.iter().map(|outcome| outcome.numbers_issued).sum();
    let _ = writeln!(
        text,
        "\nWhile nothing moved the longest wait of a client was {} ms. {acknowledged} acknowledged transactions: none lost, none \
         doubled. {numbers} numbers of sequences: none given twice.",
        spread(undisturbed)
    );
    text
}

/// Where transhume's own pause goes, in milliseconds.
pub(super) fn steps(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for group in groups(outcomes) {
        let mut places: Vec<&str> = Vec::new();
        let mut spent: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let reported = group
            .trials
            .iter()
            .filter_map(|(_, moved)| moved.reported.as_ref());
        for step in reported.flat_map(|reported| &reported.steps) {
            if !places.contains(&step.name.as_str()) {
                places.push(&step.name);
            }
            spent.entry(&step.name).or_default().push(step.milliseconds);
        }
        if places.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "\n{}, {}, {}: p50, p95, max of each step",
            group.way.name(),
            group.workload.name(),
            direction(group.direction)
        );
        for name in places {
            let _ = writeln!(text, "  {name:<42} {}", spread(spent[name].iter().copied()));
        }
    }
    text
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Cutover => "cutover",
        Direction::Fallback => "fallback",
    }
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
