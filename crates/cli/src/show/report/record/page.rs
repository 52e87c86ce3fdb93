//! The page: what a reader of next year asks first stands first.

use maud::{Markup, html};
use transhume_engine::{
    assess::ForecastOutcome,
    count::{and_more, counted, grouped},
    cutover::ConditionState,
    phase::Phase,
    status::{Record, Switch, TableState, WayBackState},
};

use super::{Chapter, cutover};
use crate::{
    failure::Failure,
    show::{
        breakable::breakable,
        forecast as in_words,
        report::{bars, page::whole},
        terminal::secret::redact,
    },
};

/// Of the tables that are not equal, and of the largest: all of them are in the CSV file.
const APART: usize = 200;
const LARGEST: usize = 20;

pub(super) fn page(chapters: &[Chapter]) -> String {
    let names: Vec<&str> = chapters.iter().map(|chapter| chapter.database.as_str()).collect();
    let title = format!("Migration of {}", names.join(", "));
    let content = html! {
        h1 { (title) }
        @for chapter in chapters {
            article {
                @if chapters.len() > 1 { h1 { (chapter.database) } }
                @match &chapter.record {
                    Ok(record) => (database(chapter, record)),
                    Err(failure) => (unread(failure)),
                }
            }
        }
    };
    whole(&title, &content)
}

fn unread(failure: &Failure) -> Markup {
    html! {
        p class="verdict bad" { "Its state cannot be read: " (redact(&failure.message)) }
        @if let Some(hint) = &failure.hint { p { (redact(hint)) } }
    }
}

fn database(chapter: &Chapter, record: &Record) -> Markup {
    let (is_good, verdict) = verdict(record);
    html! {
        p class=(if is_good { "verdict" } else { "verdict bad" }) { (breakable(&verdict)) }
        @if let Some(switch) = cutover(record) { (bars::drawing(&steps(switch))) }
        (facts(record))
        @if let Some(switch) = cutover(record).or(record.switches.first()) { (checks(switch)) }
        (tables(chapter, &record.tables))
        (findings(record))
        (tried(record))
        (phases(record))
        h2 { "Fallback" }
        p { (way_back(record)) }
        p { (counted(record.returns.len(), "change")) " of transhume's own, with the statements that put each of them back: "
            code { (chapter.file("return.sql")) } }
    }
}

/// One sentence that a tired reader can stop after, and whether it is good news.
fn verdict(record: &Record) -> (bool, String) {
    let status = &record.status;
    if let Some(switch) = cutover(record).filter(|_| status.phase == Phase::Done) {
        let pause = switch.write_pause_milliseconds;
        return match switch.late_changes {
            0 => (
                true,
                format!(
                    "The application lives on {}. Writes paused for {pause:.0} ms, and nothing was committed on {} after \
                         the fence.",
                    status.target, status.source
                ),
            ),
            late => (
                false,
                format!(
                    "The application lives on {}, but {} committed on {} after the fence and only there.",
                    status.target,
                    counted(late, "change was"),
                    status.source
                ),
            ),
        };
    }
    let failed = record.switches.first().filter(|switch| !switch.rehearsal);
    match failed.and_then(|switch| switch.unfinished.as_ref()) {
        Some(broken) if broken.is_undone => (
            false,
            format!(
                "The application lives on {}: the last cutover was undone. {}.",
                status.source, broken.message
            ),
        ),
        Some(broken) => (
            false,
            format!(
                "The last cutover broke off and somebody must look at both sides. {}.",
                broken.message
            ),
        ),
        None => (
            !status.needs_attention(),
            format!(
                "The application lives on {}; the migration is in phase {}.",
                status.source, status.phase
            ),
        ),
    }
}

/// Of a moment in RFC 3339: whoever needs its fractions finds them in the JSON.
fn to_the_second(at: &str) -> String {
    match at.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => at.to_owned(),
    }
}

fn steps(switch: &Switch) -> Vec<(String, f64)> {
    let steps = switch.steps.iter();
    steps.map(|step| (step.name.clone(), step.milliseconds)).collect()
}

fn facts(record: &Record) -> Markup {
    let status = &record.status;
    let version = record.source_version.as_deref();
    let source = version.map_or("it does not answer".to_owned(), |version| {
        format!("PostgreSQL {version}")
    });
    let mut facts = vec![
        ("from", format!("{} ({source})", status.source)),
        (
            "to",
            format!("{} (PostgreSQL {})", status.target, record.target_version),
        ),
        ("migration", status.migration.clone()),
        (
            "written",
            format!(
                "{}, by transhume {}",
                to_the_second(&record.written_at),
                record.program
            ),
        ),
        (
            "changes applied",
            format!(
                "{} in {}",
                grouped(status.changes),
                counted(status.transactions, "transaction")
            ),
        ),
    ];
    if let Some(switch) = cutover(record) {
        let overrides = switch.gate.iter().flat_map(|gate| &gate.overrides);
        let overrides: Vec<&str> = overrides.map(|name| name.name()).collect();
        facts.extend([
            (
                "cut over",
                format!(
                    "{} by {}, transhume {}",
                    to_the_second(&switch.started_at),
                    switch.by,
                    switch.program
                ),
            ),
            ("fence LSN", switch.fence_lsn.clone()),
            ("sequences set", grouped(switch.sequences_set)),
            (
                "large objects completed in the pause",
                grouped(switch.large_objects_changed),
            ),
            ("sessions ended on the source", switch.sessions_ended.to_string()),
            (
                "checks that were overridden",
                if overrides.is_empty() {
                    "none".to_owned()
                } else {
                    overrides.join(", ")
                },
            ),
        ]);
    }
    html! { table class="facts" { @for (name, value) in facts { tr { th scope="row" { (name) } td { (breakable(&value)) } } } } }
}

fn checks(switch: &Switch) -> Markup {
    let Some(gate) = &switch.gate else {
        return html! {};
    };
    html! {
        h2 { "Checks of the " (switch.step) }
        div class="wide" { table {
            tr { th scope="col" { "check" } th scope="col" { "state" } th scope="col" { "evidence" } }
            @for condition in &gate.conditions {
                tr {
                    td { (condition.name.name()) }
                    td class=(match condition.state {
                        ConditionState::Met => "good",
                        ConditionState::Degraded => "warning",
                        ConditionState::Unmet | ConditionState::Overridden => "bad",
                    }) { (match condition.state {
                        ConditionState::Met => "passed",
                        ConditionState::Unmet => "failed",
                        state => state.name(),
                    }) }
                    td { (condition.evidence) }
                }
            }
        } }
    }
}

/// In a word, as the grid of the console has it.
pub(super) fn result(table: &TableState) -> &'static str {
    match table.verified.as_ref().map(|verified| verified.equal) {
        None => "never compared",
        Some(None) => "not compared",
        Some(Some(true)) => "equal",
        Some(Some(false)) => "different",
    }
}

fn tables(chapter: &Chapter, tables: &[TableState]) -> Markup {
    let apart: Vec<&TableState> = tables.iter().filter(|table| result(table) != "equal").collect();
    let mut largest: Vec<&TableState> = tables.iter().filter(|table| result(table) == "equal").collect();
    largest.sort_by_key(|table| std::cmp::Reverse(table.bytes));
    html! {
        h2 { "Tables" }
        p { (counted(tables.len(), "table")) ", " (grouped((tables.len() - apart.len()) as u64)) " found equal when each was compared last. All of "
            "them with rows and digests: " code { (chapter.file("tables.csv")) } }
        @if !apart.is_empty() {
            h3 { "Not found equal" }
            (list(&apart[..apart.len().min(APART)]))
            @if apart.len() > APART { p { (and_more(apart.len() - APART)) } }
        }
        @if !largest.is_empty() {
            h3 { "The largest that are equal" }
            (list(&largest[..largest.len().min(LARGEST)]))
        }
    }
}

fn list(tables: &[&TableState]) -> Markup {
    html! {
        div class="wide" { table {
            tr { th scope="col" { "table" } th scope="col" { "result" } th scope="col" { "compared" } th scope="col" class="number" { "source rows" }
                th scope="col" class="number" { "target rows" } th scope="col" { "digests" } }
            @for table in tables {
                @let verified = table.verified.as_ref();
                @let read = verified.and_then(|verified| verified.read.as_ref());
                tr {
                    td { (table.schema) "." (table.name) }
                    td class=(match result(table) { "equal" => "good", "different" => "bad", _ => "warning" }) { (result(table)) }
                    td { (verified.map_or("", |verified| verified.at.as_str())) }
                    @match read {
                        Some(read) => {
                            td class="number" { (grouped(read.source_rows)) }
                            td class="number" { (grouped(read.target_rows)) }
                            td class="digest" {
                                (read.source_digest)
                                @if read.source_digest != read.target_digest { br; (read.target_digest) }
                            }
                        }
                        None => td colspan="3" { (verified.map_or("", |verified| verified.note.as_str())) },
                    }
                }
            }
        } }
    }
}

fn findings(record: &Record) -> Markup {
    html! {
        h2 { "Findings" }
        @if record.status.finding_groups.is_empty() { p { "none" } }
        @for group in &record.status.finding_groups {
            div class="finding" {
                p { strong { (group.code) } ", " (group.severity.name()) ": " (counted(group.count, "finding")) }
                p { (group.message) }
                @if !group.objects.is_empty() {
                    p class="faint" { (group.objects.join(", ")) @if group.count > group.objects.len() { ", …" } }
                }
                @if !group.remedy.is_empty() { pre { (group.remedy.as_str()) } }
            }
        }
    }
}

fn tried(record: &Record) -> Markup {
    html! {
        h2 { "Rehearsals and cutovers" }
        @if record.switches.is_empty() { p { "none" } } @else {
            div class="wide" { table {
                tr { th scope="col" { "began" } th scope="col" { "what" } th scope="col" { "by" } th scope="col" class="number" { "ms" } th scope="col" { "came to" } }
                @for switch in &record.switches {
                    tr {
                        td { (to_the_second(&switch.started_at)) }
                        td { (switch.step) }
                        td { (switch.by) }
                        td class="number" { (format!("{:.0}", switch.write_pause_milliseconds)) }
                        td { @match (&switch.unfinished, switch.forecast_milliseconds) {
                            (Some(broken), _) => (broken.message),
                            (None, Some(forecast)) => (format!("a forecast of {forecast:.0} ms")),
                            (None, None) => "its end",
                        } }
                    }
                }
            } }
        }
        h2 { "Verifications" }
        @if record.verifications.is_empty() { p { "none" } } @else {
            div class="wide" { table {
                tr { th scope="col" { "began" } th scope="col" { "mode" } th scope="col" { "at LSN" } th scope="col" class="number" { "tables" } th scope="col" { "result" } }
                @for line in &record.verifications {
                    tr {
                        td { (line.started_at) }
                        td { (line.mode) }
                        td { (line.lsn) }
                        td class="number" { (grouped(line.tables.unsigned_abs())) }
                        td { (line.result) }
                    }
                }
            } }
        }
    }
}

fn phases(record: &Record) -> Markup {
    html! {
        h2 { "Phases" }
        div class="wide" { table {
            @for span in &record.status.phases {
                tr {
                    th scope="row" { (span.phase.name()) }
                    td { "since " (span.since) }
                    td class="number" { @if let Some(seconds) = span.seconds { (format!("{seconds:.0} s")) } }
                }
            }
        } }
        @if let Some(outcome) = &record.forecast { p { (forecast(outcome)) } }
    }
}

/// What was expected of load and builds, and what came of it.
fn forecast(outcome: &ForecastOutcome) -> String {
    let expected = in_words::duration(&outcome.forecast);
    match outcome.took_seconds.zip(outcome.factor) {
        Some((took, factor)) => format!(
            "Forecast of load and builds: {expected}. They took {}, {factor:.1} times that.",
            in_words::span(took)
        ),
        None => format!("Forecast of load and builds: {expected}. They are under way."),
    }
}

fn way_back(record: &Record) -> &'static str {
    match record.status.way_back.as_ref().map(|back| back.state) {
        None => "There is no reverse replication.",
        Some(WayBackState::Open) => {
            "The old source follows the target: \"transhume fallback\" moves the application back."
        }
        Some(WayBackState::FallingBack) => "A fallback is under way.",
        Some(WayBackState::FallenBack) => "The application is back on the old source.",
        Some(WayBackState::Unknown) => "Whether the old source follows is not known: it does not answer.",
        Some(WayBackState::Removed) => "Reverse replication was removed.",
    }
}
