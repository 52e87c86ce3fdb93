//! Medians and ratios of the runs, as tables for people.

use std::fmt::Write;

use super::{
    lag::Lag,
    round::{Run, Way},
    workload::Workload,
};
use crate::bench::summary::median;

pub(super) fn line(run: &Run) -> String {
    format!(
        "{:<9} {:<13} {:6.2} s  {:7.0} changes/s  source {:5.2} s  target {:5.2} s  client {:5.2} s  {:3.0} MiB",
        run.workload,
        if run.way == Way::Start {
            "start only"
        } else {
            run.way.name()
        },
        run.cost.wall_seconds,
        run.changes / run.cost.wall_seconds,
        run.cost.server_seconds - run.target_seconds,
        run.target_seconds,
        run.cost.client_seconds,
        run.cost.client_peak_mib,
    )
}

/// The ratios: the subscription's time by transhume's, and transhume's by that of receiving only; once as they are and
/// once without what a run of transhume takes that has nothing to apply.
pub(super) fn backlogs(workloads: &[Workload], runs: &[Run]) -> String {
    let mut text = "| workload | changes | receive s | subscription s | transhume s | of which start | × subscription, without start | × receive, without start | CPU s subscription: \
         source, target | CPU s transhume: source, target, client | client MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for workload in workloads {
        let of = |way: Way, figure: fn(&Run) -> f64| {
            let of_way = runs
                .iter()
                .filter(|run| run.workload == workload.name() && run.way == way);
            median(of_way.map(figure).collect()).unwrap_or(f64::NAN)
        };
        let wall = |way| of(way, |run| run.cost.wall_seconds);
        let source = |way| of(way, |run| run.cost.server_seconds - run.target_seconds);
        let target = |way| of(way, |run| run.target_seconds);
        let (receive, subscription) = (wall(Way::Receive), wall(Way::Subscription));
        let (ours, start) = (wall(Way::Transhume), wall(Way::Start));
        let net = ours - start;
        let _ = writeln!(
            text,
            "| {} | {:.0} | {receive:.2} | {subscription:.2} | {ours:.2} | {start:.2} | {:.2}, {:.2} | {:.2}, {:.2} | {:.1}, {:.1} | {:.1}, {:.1}, {:.1} | {:.0} |",
            workload.name(),
            of(Way::Transhume, |run| run.changes),
            subscription / ours,
            subscription / net,
            ours / receive,
            net / receive,
            source(Way::Subscription),
            target(Way::Subscription),
            source(Way::Transhume),
            target(Way::Transhume),
            of(Way::Transhume, |run| run.cost.client_seconds),
            of(Way::Transhume, |run| run.cost.client_peak_mib),
        );
    }
    text
}

pub(super) fn lags(lags: &[Lag]) -> String {
    let mut text =
        "| workload | way | transactions | p50 ms | p95 ms | p99 ms | slowest ms |\n|---|---|--:|--:|--:|--:|--:|\n".to_owned();
    for lag in lags {
        let [half, most, nearly_all, slowest] = lag.percentiles;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {half:.1} | {most:.1} | {nearly_all:.1} | {slowest:.1} |",
            lag.workload,
            lag.way.name(),
            lag.transactions
        );
    }
    text
}
