//! The first page: what is wrong, where it stands, and how it went.

use std::{cmp::Ordering, sync::Arc};

use axum::{extract::Query, response::Response};
use maud::{Markup, html};
use serde::Deserialize;
use transhume_engine::{
    count::{counted, grouped},
    finding::Severity,
    phase::Phase,
    status::{Known, Sample, Status},
};

use super::{
    super::curve,
    layout::path,
    request::PageRequest,
    words::{ago, bar, milliseconds, moment, remedy, tile, tone},
};
use crate::{
    failure::Failure,
    show::{
        attention,
        breakable::breakable,
        quantity::{Size, Span},
        terminal::figures::{bytes, latency, load_pace, span, whole},
    },
    tab::Tab,
    watched::Watched,
};

/// Seconds until a slot is full that are few enough to act at once, as the alert rules have it.
const SOON: u64 = 4 * 3600;

/// Spans that curves can be drawn over, in minutes.
const SPANS: [(u32, &str); 4] = [(15, "15 min"), (60, "1 h"), (360, "6 h"), (1440, "24 h")];

#[derive(Deserialize)]
pub(in super::super) struct Wish {
    minutes: Option<u32>,
}

pub(in super::super) async fn page(request: PageRequest, Query(wish): Query<Wish>) -> Response {
    let minutes = wish
        .minutes
        .filter(|minutes| SPANS.iter().any(|(known, _)| known == minutes));
    request.answer(Tab::Overview, read(request.database(), minutes).await)
}

async fn read(database: &Watched, minutes: Option<u32>) -> Result<Markup, Arc<Failure>> {
    let status = database.status().await?;
    let samples = database.samples().await.unwrap_or_default();
    let minutes = minutes.unwrap_or_else(|| usual_span(&samples));
    Ok(middle(&database.name, &status, &samples, minutes))
}

/// Where nobody has chosen: an hour, or less while nothing is older.
fn usual_span(samples: &[Sample]) -> u32 {
    let age = samples
        .first()
        .zip(samples.last())
        .map_or(0.0, |(first, last)| last.at - first.at);
    if age < f64::from(SPANS[0].0) * 60.0 {
        SPANS[0].0
    } else {
        SPANS[1].0
    }
}

fn middle(name: &str, status: &Status, samples: &[Sample], minutes: u32) -> Markup {
    html! {
        (banner(status))
        (stepper(status))
        dl class="tiles" { (tiles(status)) }
        (load(status))
        section {
            div class="heading" {
                h2 { "Curves" }
                nav class="spans" aria-label="Span of the curves" {
                    @for (span, label) in SPANS {
                        a href=(format!("{}?minutes={span}", path(Tab::Overview, name)))
                            aria-current=[(span == minutes).then_some("true")] { (label) }
                    }
                }
            }
            (curve::all(samples, minutes))
        }
        (fallback(status))
        (facts(status))
    }
}

/// In order, or what is wrong and the first thing to do about it.
fn banner(status: &Status) -> Markup {
    let headline = attention::headline(status);
    if !status.needs_attention() {
        return html! {
            section class="banner good" {
                h1 { (headline) }
                @if let Some(warnings) = attention::warnings(status) { p { (warnings) "." } }
            }
        };
    }
    html! {
        section class="banner bad" role="alert" {
            h1 { (headline) }
            @for trouble in attention::troubles(status) {
                article {
                    @if !trouble.title.is_empty() { h2 { code { (trouble.title) } } }
                    p { (trouble.message) }
                    @if !trouble.remedy.is_empty() { (remedy(&trouble.remedy)) }
                }
            }
        }
    }
}

/// The phases as steps, with what each took.
fn stepper(status: &Status) -> Markup {
    let took = |phase: Phase| status.phases.iter().find(|span| span.phase == phase);
    let shown = Phase::ALL
        .into_iter()
        .filter(|phase| *phase != Phase::Opening || status.phase == *phase);
    html! {
        ol class="stepper" aria-label="Phases" {
            @for phase in shown {
                @let class = match phase.cmp(&status.phase) { Ordering::Less => "past", Ordering::Equal => "now", Ordering::Greater => "" };
                li class=(class) aria-current=[(phase == status.phase).then_some("step")] {
                    span { (phase.name()) }
                    @match took(phase) {
                        Some(past) if past.seconds.is_some() => small { (span(past.seconds.unwrap_or_default())) },
                        Some(now) => small { "since " (moment(&now.since)) },
                        None => small { " " },
                    }
                }
            }
        }
    }
}

fn tiles(status: &Status) -> Markup {
    html! {
        @if status.frontier.is_some() {
            @let below = status.lag_seconds.map_or_else(String::new, |seconds| span(seconds).to_string());
            (tile("Lag", status.lag_bytes.map_or_else(|| "unknown".to_owned(), |lag| Size(lag).to_string()),
                figures_age(status).unwrap_or(below), ""))
        }
        @if let Some(known) = &status.latency {
            (tile("Latency", milliseconds((known.receive_seconds + known.apply_seconds) * 1_000.0),
                latency(status).unwrap_or_default(), ""))
        }
        @if let Some(rates) = &status.rates {
            @if status.latency.is_some() {
                @let writes = rates.source_wal_bytes_per_second
                    .map_or_else(String::new, |rate| format!("; the source writes {}/s of WAL", bytes(rate)));
                (tile("Changes a second", whole(rates.changes_per_second),
                    format!("{} transactions/s{writes}", whole(rates.transactions_per_second)), ""))
            }
        }
        (slot(status))
        @if let Some(pause) = &status.write_pause {
            (tile("Write pause if cut over now", milliseconds(pause.forecast.milliseconds),
                pause.rehearsal_age_seconds.map_or_else(|| "estimated; no rehearsal yet".to_owned(), |age| format!("rehearsed {}", ago(age))), ""))
        }
        @match &status.verification {
            Some(last) => {
                @let tone = match last.result.as_str() { "equal" => "good", "different" => "bad", _ => "warning" };
                (tile("Verified", &last.result, format!("{}, {}", counted(last.tables, "table"), ago(last.age_seconds)), tone))
            }
            None => (tile("Verified", "never", "transhume verify", "")),
        }
        @if let Some(snapshot) = &status.snapshot {
            (tile("Snapshot on the source", span(snapshot.age_seconds).to_string(), "keeps vacuum back until the load is done", ""))
        }
        (tile("Applied", grouped(status.changes), format!("changes in {}", counted(status.transactions, "transaction")), ""))
    }
}

/// Where they were not measured just now.
fn figures_age(status: &Status) -> Option<String> {
    let figures = &status.source_figures;
    match figures.known {
        Known::Measured => None,
        Known::Reported => Some(format!(
            "as of {}; the source: {}",
            ago(figures.age_seconds?),
            figures.problem
        )),
        Known::Unknown => Some(format!("the source: {}", figures.problem)),
    }
}

fn slot(status: &Status) -> Markup {
    let slot = &status.slot;
    let Some(retained) = slot.retained_bytes else {
        return tile(
            "WAL kept on the source",
            "unknown",
            figures_age(status).unwrap_or_default(),
            "",
        );
    };
    let limit = slot.limit_bytes.map_or_else(
        || "no limit is set".to_owned(),
        |limit| format!("of {} ({})", Size(limit), slot.limited_by),
    );
    let full = slot.seconds_to_full.map(|seconds| {
        let full = Span(std::time::Duration::from_secs(seconds));
        format!(", full in {full}")
    });
    let tone = if slot.seconds_to_full.is_some_and(|seconds| seconds < SOON) {
        "bad"
    } else {
        ""
    };
    tile(
        "WAL kept on the source",
        Size(retained).to_string(),
        limit + &full.unwrap_or_default(),
        tone,
    )
}

fn load(status: &Status) -> Markup {
    let load = &status.load;
    let is_under_way = status.phase <= Phase::PostData || load.tables_done < load.tables;
    if !is_under_way || load.tables == 0 {
        return html! {};
    }
    let share = status.rates.as_ref().and_then(|rates| rates.load_share);
    let share = share.unwrap_or(load.parts_done as f64 / load.parts.max(1) as f64);
    html! {
        section {
            h2 { "Full load" }
            (bar("Full load", share, &load_pace(status).unwrap_or_else(|| format!("{:.0} %", (share * 100.0).floor()))))
            p { (load.tables_done) " of " (load.tables) " tables, " (load.parts_done) " of " (load.parts) " parts, "
                (grouped(load.rows)) " rows, " (Size(load.bytes)) }
            @if status.build.all > 0 {
                (bar("Indexes and constraints", status.build.done as f64 / status.build.all as f64,
                    &format!("indexes and constraints: {} of {}", status.build.done, status.build.all)))
            }
            @if let Some(pause) = &status.pause { p class="warning" { "Paused since " (moment(&pause.since)) " by " (pause.by) "." } }
            p class="actions" {
                button type="button" data-act="pause" { "Pause the load" }
                button type="button" data-act="resume" { "Resume it" }
            }
        }
    }
}

fn fallback(status: &Status) -> Markup {
    let Some(back) = &status.way_back else {
        return html! {};
    };
    html! {
        section {
            h2 { "Fallback" }
            @match &back.stream {
                Some(stream) => {
                    p { (status.source) " follows " (status.target) ": " code { "transhume fallback" } " moves the application back." }
                    dl class="tiles" { (tiles(stream)) }
                }
                None => p class="warning" { "Its state is not known: " (back.problem) },
            }
        }
    }
}

fn facts(status: &Status) -> Markup {
    html! {
        section {
            h2 { "Facts" }
            table class="facts" {
                tbody {
                    tr { th scope="row" { "From" } td { (breakable(&status.source)) } }
                    tr { th scope="row" { "To" } td { (breakable(&status.target)) } }
                    tr { th scope="row" { "Migration" } td { (status.migration) ", slot " (breakable(&status.slot.name)) } }
                    tr { th scope="row" { "Runner" } td {
                        @match &status.runner {
                            Some(runner) => {
                                (runner.host) ", process " (runner.pid) ", since " (moment(&runner.since))
                                @if !runner.waiting_for.is_empty() { p class="warning" { "waiting for " (runner.waiting_for) } }
                            }
                            None => "none",
                        }
                    } }
                    @if let Some(applied) = status.frontier { tr { th scope="row" { "Applied LSN" } td {
                        (applied) @if let Some(end) = status.source_wal_end { ", the source's WAL ends at " (end) }
                    } } }
                    @for changed in &status.deviations { tr { th scope="row" { "Changed" } td { (breakable(changed)) } } }
                    @for held in &status.held_until_cutover { tr { th scope="row" { "Held back" } td { (breakable(held)) } } }
                    tr { th scope="row" { "Findings" } td class=(tone(worst(status))) { (status.findings.len()) } }
                }
            }
        }
    }
}

fn worst(status: &Status) -> Severity {
    let groups = status.finding_groups.first();
    groups.map_or(Severity::Pass, |group| group.severity)
}
