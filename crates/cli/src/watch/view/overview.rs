//! Where it stands: one line a figure, with its last quarter of an hour drawn where samples tell it.

use ratatui::text::{Line, Span};
use transhume_engine::{
    phase::Phase,
    status::{Sample, Status},
};

use super::{
    super::model::WatchedDatabase,
    sparkline::sparkline,
    text::{Paint, cut, left, wrapped_to},
};
use crate::show::{
    quantity::{Size, Span as Time},
    series::{Points, lag, points, rates},
    terminal::{
        figures::{bytes, span, whole},
        standing,
        style::Tone,
    },
};

const LABEL: usize = 12;
/// Columns of a sparkline: a minute each at the least, and no wider than is read at a glance.
const CURVE: (usize, usize) = (16, 90);
/// From so many columns on a curve gets half of them, else a third.
const WIDE: usize = 140;
/// Lines of a curve at the most, where the screen has more than the figures need.
const TALLEST: usize = 4;
/// Lines of a figure that is long.
const LINES: usize = 2;

struct Row {
    label: &'static str,
    value: String,
    curve: Option<Vec<Points>>,
}

pub(super) fn lines(
    database: &WatchedDatabase,
    paint: Paint,
    (columns, height): (usize, usize),
) -> Vec<Line<'static>> {
    let Some(status) = &database.status else {
        return Vec::new();
    };
    let samples: Vec<&Sample> = database.samples.iter().collect();
    let rows = rows(status, &samples);
    let all = |tall: usize| -> Vec<Line<'static>> {
        let lines = rows.iter().flat_map(|row| drawn(row, paint, columns, tall));
        lines.collect()
    };
    // What is left is shared by the curves, with an empty line below each.
    let flat = all(1);
    let curves = rows.iter().filter(|row| row.curve.is_some()).count();
    match height.saturating_sub(flat.len()).checked_div(curves) {
        Some(more) if more > 1 => all(more.min(TALLEST)),
        _ => flat,
    }
}

fn drawn(row: &Row, paint: Paint, columns: usize, tall: usize) -> Vec<Line<'static>> {
    let label = paint.span(Tone::Label, &left(row.label, LABEL));
    let room = columns.saturating_sub(LABEL);
    let Some(parts) = &row.curve else {
        let lines = wrapped_to(&row.value, room, LINES);
        let line = |(index, line): (usize, &String)| match index {
            0 => Line::from(vec![label.clone(), paint.span(Tone::Plain, line)]),
            _ => paint.line(Tone::Plain, &(" ".repeat(LABEL) + line)),
        };
        return lines.iter().enumerate().map(line).collect();
    };
    let share = if columns < WIDE { columns / 3 } else { columns / 2 };
    let curve = share.clamp(CURVE.0, CURVE.1).min(room);
    let value = left(&cut(&row.value, room - curve), room - curve);
    let mut before = vec![label, paint.span(Tone::Plain, &value)];
    let mut lines = Vec::new();
    for marks in sparkline(parts, curve, tall) {
        before.push(Span::styled(marks, paint.style(Tone::Good)));
        lines.push(Line::from(before));
        before = vec![Span::raw(" ".repeat(LABEL + room - curve))];
    }
    if tall > 1 {
        lines.push(Line::default());
    }
    lines
}

fn rows(status: &Status, samples: &[&Sample]) -> Vec<Row> {
    let mut rows = vec![text("phases", Some(phases(status)))];
    rows.extend(load(status));
    rows.extend(following(status, samples));
    rows.push(text("slot", Some(slot(status))));
    rows.push(text("pause", standing::pause(status)));
    rows.push(text("verified", standing::verified(status)));
    rows.push(text("snapshot", standing::snapshot(status)));
    rows.push(text("runner", Some(standing::runner(status))));
    rows.push(text("applied LSN", standing::frontier(status)));
    rows.push(text("changes", standing::applied(status)));
    if let Some(way_back) = &status.way_back {
        rows.push(text("fallback", Some(standing::way_back(status, way_back))));
        if let Some(stream) = &way_back.stream {
            rows.push(text("  lag", standing::lag(stream)));
            rows.push(text("  runner", Some(standing::runner(stream))));
            rows.push(text("  slot", Some(slot(stream))));
        }
    }
    for held in &status.held_until_cutover {
        rows.push(text("held back", Some(held.clone())));
    }
    for deviation in &status.deviations {
        rows.push(text("changed", Some(deviation.clone())));
    }
    rows.retain(|row| !row.value.is_empty());
    rows
}

fn text(label: &'static str, value: Option<String>) -> Row {
    Row {
        label,
        value: value.unwrap_or_default(),
        curve: None,
    }
}

fn phases(status: &Status) -> String {
    let told: Vec<String> = status
        .phases
        .iter()
        .map(|past| match past.seconds {
            Some(seconds) => format!("{} {}", past.phase, span(seconds)),
            None => format!("{} since {}", past.phase, past.since),
        })
        .collect();
    if told.is_empty() {
        return format!("{} since {}", status.phase, status.phase_since);
    }
    told.join(", ")
}

/// While it is under way; what is loaded since long needs no line.
fn load(status: &Status) -> Vec<Row> {
    let load = &status.load;
    if status.phase > Phase::PostData && load.tables_done == load.tables {
        return Vec::new();
    }
    let share = status.rates.as_ref().and_then(|rates| rates.load_share);
    let bar = share.map(|share| format!("{} {:.0} %", bar(share), (share * 100.0).floor()));
    vec![
        text("load", bar),
        text("", standing::load(status)),
        text("paused", standing::paused(status)),
        text("builds", standing::build(status)),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of the bar"
)]
fn bar(share: f64) -> String {
    const CELLS: usize = 24;
    let done = ((share.clamp(0.0, 1.0) * CELLS as f64).floor() as usize).min(CELLS);
    format!("[{}{}]", "█".repeat(done), "░".repeat(CELLS - done))
}

fn following(status: &Status, samples: &[&Sample]) -> Vec<Row> {
    if status.frontier.is_none() {
        return Vec::new();
    }
    let newest = samples
        .last()
        .map_or(0.0, |sample| sample.at + sample.age_seconds);
    let value = |of: &dyn Fn(&Sample) -> Option<f64>| Some(points(samples, newest, of));
    let rate = |of: &dyn Fn(&Sample) -> Option<i64>| Some(rates(samples, newest, of));
    let row = |label, value: Option<String>, curve| Row {
        label,
        value: value.unwrap_or_else(|| "unknown".to_owned()),
        curve,
    };
    let known = status.latency.as_ref();
    let measured = status.rates.as_ref().filter(|_| known.is_some());
    let per_second = |rate: Option<f64>| rate.map(|rate| format!("{}/s", bytes(rate)));
    vec![
        row("lag", standing::lag(status), value(&lag)),
        row(
            "to runner",
            known.map(|known| format!("{} after the commit", span(known.receive_seconds))),
            value(&|sample| sample.receive_seconds),
        ),
        row(
            "to target",
            known.map(|known| format!("{} after that", span(known.apply_seconds))),
            value(&|sample| sample.apply_seconds),
        ),
        row(
            "rate",
            measured.map(|rates| {
                let changes = whole(rates.changes_per_second);
                format!(
                    "{changes} changes/s, {} transactions/s",
                    whole(rates.transactions_per_second)
                )
            }),
            rate(&|sample| sample.applied.map(|_| sample.changes)),
        ),
        row(
            "source WAL",
            measured.and_then(|rates| per_second(rates.source_wal_bytes_per_second)),
            rate(&|sample| sample.source_wal_end),
        ),
    ]
}

/// What it keeps, of what, and for how long; the limit's name is in `status`.
fn slot(status: &Status) -> String {
    let slot = &status.slot;
    let Some(retained) = slot.retained_bytes else {
        return standing::slot(status);
    };
    let limit = slot.limit_bytes.map_or_else(
        || " (no limit)".to_owned(),
        |limit| format!(" of {}", Size(limit)),
    );
    let full = slot.seconds_to_full.map_or_else(String::new, |seconds| {
        format!(", full in {}", Time(std::time::Duration::from_secs(seconds)))
    });
    format!("keeps {}{limit} of WAL on the source{full}", Size(retained))
}
