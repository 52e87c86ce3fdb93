//! One line of text for each kind of progress, the same with and without a terminal.

use transhume_engine::report::{BuildProgress, FollowProgress, LoadProgress, VerifyProgress};

use super::rate::Rate;
use transhume_engine::count::{counted, first_listed};

use crate::show::quantity::Size;

pub(super) fn load(progress: &LoadProgress, rate: &Rate) -> String {
    let expected = progress.bytes_expected.max(progress.bytes);
    // Bytes on the way are fewer than those on disk, which the estimate counts: at the end none is left.
    let (of, rest) = if progress.tables_done == progress.tables {
        (String::new(), 0)
    } else {
        (format!(" of about {}", Size(expected)), expected - progress.bytes)
    };
    format!(
        "{} of {}, {}, {}{of}{}",
        progress.tables_done,
        counted(progress.tables, "table"),
        counted(progress.rows, "row"),
        Size(progress.bytes),
        pace(rate, rest),
    )
}

pub(super) fn build(progress: &BuildProgress) -> String {
    // More names than these make the line wrap.
    const SHOWN: usize = 2;
    let current = first_listed(&progress.current, SHOWN);
    let now = if current.is_empty() {
        current
    } else {
        format!(", now {current}")
    };
    format!(
        "{} of {}{now}",
        progress.done,
        counted(progress.all, "index or constraint")
    )
}

pub(super) fn follow(progress: &FollowProgress) -> String {
    format!(
        "lag {}, {:.0} changes/s, applied LSN {}, {}, {}",
        Size(progress.lag_bytes),
        progress.changes_per_second,
        progress.frontier,
        counted(progress.transactions, "transaction"),
        counted(progress.changes, "change"),
    )
}

pub(super) fn verify(progress: &VerifyProgress, rate: &Rate) -> String {
    format!(
        "{} of {}, {} of {}{}",
        progress.tables_done,
        counted(progress.tables, "table"),
        Size(progress.bytes_done),
        Size(progress.bytes),
        pace(rate, progress.bytes.saturating_sub(progress.bytes_done)),
    )
}

fn pace(rate: &Rate, rest: u64) -> String {
    let speed = rate.per_second().map(|bytes| {
        // A rate is far from the limits of either type.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let bytes = Size(bytes as u64);
        format!(", {bytes}/s")
    });
    let left = match rest {
        0 => None,
        _ => rate.time_left(rest).map(|left| format!(", {left} left")),
    };
    speed.unwrap_or_default() + &left.unwrap_or_default()
}
