//! What a status tells, one line for each of its parts: the words that `status`, `watch` and reports share.
//!
//! None where a part does not apply yet.

use std::time::Duration;

use transhume_engine::{
    count::{counted, grouped},
    phase::Phase,
    status::{Known, SourceFigures, Status, WayBackState, WayBackStatus},
};

use super::{figures::load_pace, write_pause};
use crate::show::quantity::{Size, Span};

/// Servers by name: which is the source has changed.
pub(crate) fn way_back(status: &Status, way_back: &WayBackStatus) -> String {
    let (former, now) = (&status.source, &status.target);
    match way_back.state {
        WayBackState::Open => {
            format!("open: {former} follows {now}; `transhume fallback` moves the application back")
        }
        WayBackState::FallingBack => "a fallback is under way".to_owned(),
        WayBackState::FallenBack => {
            format!("the application is back on {former}; `transhume finish` removes what is left")
        }
        WayBackState::Removed => "taken away; `transhume finish` removes the rest".to_owned(),
        WayBackState::Unknown => format!("not known: {}", way_back.problem),
    }
}

pub(crate) fn runner(status: &Status) -> String {
    let Some(runner) = &status.runner else {
        let next = match status.phase {
            Phase::Done if status.way_back.is_some() => "the forward stream has ended",
            Phase::Done => "`transhume finish` removes what is left",
            _ => "`transhume run` continues",
        };
        return format!("none; {next}");
    };
    let waiting = match runner.waiting_for.as_str() {
        "" => String::new(),
        reason => format!(", waiting for {reason}"),
    };
    format!(
        "{}, process {}, since {}{waiting}",
        runner.host, runner.pid, runner.since
    )
}

pub(crate) fn load(status: &Status) -> Option<String> {
    let load = &status.load;
    let large_objects = match load.large_objects {
        0 => String::new(),
        all => format!(
            ", {} of {}",
            grouped(load.large_objects_done),
            counted(all, "large object")
        ),
    };
    (load.tables + load.large_objects > 0).then(|| {
        format!(
            "{} of {}, {} of {}, {}, {}{large_objects}",
            load.tables_done,
            counted(load.tables, "table"),
            load.parts_done,
            counted(load.parts, "part"),
            counted(load.rows, "row"),
            Size(load.bytes)
        ) + &load_pace(status).map_or_else(String::new, |pace| format!("; {pace}"))
    })
}

pub(crate) fn paused(status: &Status) -> Option<String> {
    let pause = status.pause.as_ref()?;
    Some(format!(
        "since {} by {}; `transhume resume` continues it",
        pause.since, pause.by
    ))
}

pub(crate) fn snapshot(status: &Status) -> Option<String> {
    let snapshot = status.snapshot.as_ref()?;
    let age = Duration::try_from_secs_f64(snapshot.age_seconds).unwrap_or_default();
    let holder = match snapshot.holder.as_str() {
        "" => "nobody now",
        holder => holder,
    };
    Some(format!("{} old, held on the source by {holder}", Span(age)))
}

pub(crate) fn build(status: &Status) -> Option<String> {
    (status.build.all > 0).then(|| {
        format!(
            "{} of {}",
            status.build.done,
            counted(status.build.all, "index or constraint")
        )
    })
}

pub(crate) fn lag(status: &Status) -> Option<String> {
    status.frontier?;
    let Some(bytes) = status.lag_bytes.map(Size) else {
        return Some(unknown(&status.source_figures));
    };
    let seconds = status
        .lag_seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let age = age(&status.source_figures);
    Some(match seconds {
        Some(seconds) if !seconds.is_zero() => format!("{bytes}, {}{age}", Span(seconds)),
        _ => format!("{bytes}{age}"),
    })
}

/// Behind a figure that was not measured just now.
fn age(figures: &SourceFigures) -> String {
    let age = figures
        .age_seconds
        .filter(|_| figures.known == Known::Reported)
        .and_then(|age| Duration::try_from_secs_f64(age).ok());
    age.map_or_else(String::new, |age| {
        format!(" ({} ago; the source: {})", Span(age), figures.problem)
    })
}

fn unknown(figures: &SourceFigures) -> String {
    let since = figures.last_known.as_ref();
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    format!("unknown{since}; the source: {}", figures.problem)
}

pub(crate) fn frontier(status: &Status) -> Option<String> {
    let frontier = status.frontier?;
    Some(match status.source_wal_end {
        Some(end) => format!("{frontier}, the source's WAL ends at {end}"),
        None => frontier.to_string(),
    })
}

pub(crate) fn applied(status: &Status) -> Option<String> {
    (status.transactions > 0).then(|| {
        format!(
            "{}, {}",
            counted(status.transactions, "transaction"),
            counted(status.changes, "change")
        )
    })
}

/// What it keeps, of what it may keep, and how long that lasts.
pub(crate) fn slot(status: &Status) -> String {
    let slot = &status.slot;
    let Some(retained) = slot.retained_bytes else {
        return match status.source_figures.known {
            Known::Unknown => format!("{}, keeps an unknown amount of WAL on the source", slot.name),
            _ => slot.name.clone(),
        };
    };
    let limit = slot.limit_bytes.map_or_else(String::new, |limit| {
        format!(" of {} ({})", Size(limit), slot.limited_by)
    });
    let growth = match slot.bytes_per_second {
        None | Some(0) => String::new(),
        Some(growth) => format!(", growing by {}/s", Size(growth)),
    };
    let full = slot.seconds_to_full.map_or_else(String::new, |seconds| {
        format!(": full in {}", Span(Duration::from_secs(seconds)))
    });
    let name = &slot.name;
    format!(
        "{name}, keeps {} of WAL on the source{limit}{growth}{full}",
        Size(retained)
    )
}

pub(crate) fn verified(status: &Status) -> Option<String> {
    let verification = status.verification.as_ref()?;
    Some(format!("{}; at {}", verification.summary, verification.lsn))
}

/// What moving the application would cost it now.
pub(crate) fn pause(status: &Status) -> Option<String> {
    status.write_pause.as_ref().map(write_pause::estimate)
}
