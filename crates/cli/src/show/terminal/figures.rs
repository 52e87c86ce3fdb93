//! Figures of a status in words: latency, rates, how far the load is, and every table in columns.

use std::time::Duration;

use transhume_engine::status::{Status, TableState};

use super::table::table;
use transhume_engine::count::{counted, grouped};

use crate::show::quantity::{Size, Span};

/// Both parts of it, and their age where it is worth telling.
pub(crate) fn latency(status: &Status) -> Option<String> {
    /// The runner writes them every five seconds.
    const FRESH: f64 = 10.0;
    let latency = status.latency.as_ref()?;
    let age = match latency.age_seconds {
        age if age > FRESH => format!(" ({} ago)", span(age)),
        _ => String::new(),
    };
    Some(format!(
        "{} to the runner, {} from there to the target{age}",
        span(latency.receive_seconds),
        span(latency.apply_seconds)
    ))
}

/// Of what is followed.
pub(crate) fn rate(status: &Status) -> Option<String> {
    let rates = status.rates.as_ref()?;
    status.latency.as_ref()?;
    let writes = rates
        .source_wal_bytes_per_second
        .map_or_else(String::new, |rate| {
            format!("; the source writes {}/s of WAL", bytes(rate))
        });
    Some(format!(
        "{} changes/s, {} transactions/s{writes}",
        whole(rates.changes_per_second),
        whole(rates.transactions_per_second)
    ))
}

/// Of the load, while it is under way: behind what is done, how fast it goes and how long it still takes.
pub(crate) fn load_pace(status: &Status) -> Option<String> {
    let rates = status.rates.as_ref()?;
    let share = rates.load_share.filter(|share| *share < 1.0)?;
    let left = rates
        .load_seconds_left
        .map_or_else(String::new, |left| format!(", about {} left", span(left)));
    Some(format!(
        "{:.0} %, {}/s, {} rows/s{left}",
        (share * 100.0).floor(),
        bytes(rates.bytes_loaded_per_second),
        whole(rates.rows_loaded_per_second)
    ))
}

pub(crate) fn tables(tables: &[TableState]) -> String {
    let rows = tables.iter().map(|table| {
        let changed = |count: fn(&transhume_engine::status::ChangedRows) -> u64| {
            table
                .changed
                .as_ref()
                .map_or_else(|| "?".to_owned(), |changed| grouped(count(changed)))
        };
        vec![
            format!("{}.{}", table.schema, table.name),
            if table.is_waited_for {
                "waited for".to_owned()
            } else {
                table.state.clone()
            },
            Size(table.bytes).to_string(),
            grouped(table.load.rows),
            format!("{:.0} %", (table.load.share * 100.0).floor()),
            changed(|changed| changed.inserts),
            changed(|changed| changed.updates),
            changed(|changed| changed.deletes),
            grouped(table.exceptions),
            verified(table),
        ]
    });
    let heading = [
        "table",
        "state",
        "size",
        "rows copied",
        "loaded",
        "inserts",
        "updates",
        "deletes",
        "stored",
        "verified",
    ];
    table(&heading, &[2, 3, 4, 5, 6, 7, 8], rows)
}

pub(crate) fn verified(table: &TableState) -> String {
    let Some(verified) = &table.verified else {
        return "never".to_owned();
    };
    let result = match verified.equal {
        Some(true) => "equal".to_owned(),
        Some(false) => format!("{} differ", counted(verified.differences, "row")),
        None => "not compared".to_owned(),
    };
    format!("{result} {} ago", age(verified.age_seconds))
}

/// How old something is, in one unit: nobody counts the seconds of an hour.
pub(crate) fn age(seconds: f64) -> String {
    match rounded(seconds) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

pub(crate) fn span(seconds: f64) -> Span {
    Span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

pub(crate) fn whole(rate: f64) -> String {
    grouped(rounded(rate))
}

pub(crate) fn bytes(rate: f64) -> Size {
    Size(rounded(rate))
}

/// What is no number is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate for people"
)]
fn rounded(rate: f64) -> u64 {
    rate.round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_one_unit() {
        let ages = [
            (-1.0, "0 s"),
            (119.0, "119 s"),
            (1_163.0, "19 min"),
            (86_399.0, "23 h"),
            (400_000.0, "4 d"),
        ];
        for (seconds, told) in ages {
            assert_eq!(age(seconds), told);
        }
    }
}
