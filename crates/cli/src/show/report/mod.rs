//! Reports as files for a change ticket, of a cutover and of an assessment: Markdown and self-contained HTML.
//!
//! Owns their words and drawing; every figure comes from the engine's report. Refuses scripts, styles or pictures from
//! elsewhere: the page must open in ten years, on a machine without a network.

pub(crate) mod assessment;
pub(crate) mod bars;
mod html;
mod markdown;
mod page;
pub(crate) mod record;
mod timeline;

use std::path::{Path, PathBuf};

use transhume_engine::cutover::{CutoverReport, Unfinished};

use crate::failure::{Failure, Result};

/// Writes both files and returns their paths.
pub(crate) fn write(directory: &Path, report: &CutoverReport) -> Result<[PathBuf; 2]> {
    let base = format!(
        "transhume-{}-{}-{}",
        kind(report),
        report.migration,
        moment(report)
    );
    let pages = (&*markdown::page(report), &*html::page(report));
    let hint = "the cutover itself is over; its figures are in transhume.history on the target, and --json prints them";
    save(directory, &base, pages, hint)
}

/// A page of each kind; `hint` is for whoever gets none.
fn save(
    directory: &Path,
    base: &str,
    (markdown, html): (&str, &str),
    hint: &'static str,
) -> Result<[PathBuf; 2]> {
    let unwritable = |path: &Path, error: &std::io::Error| {
        Failure::new(format!("cannot write the report {}: {error}", path.display())).with_hint(hint)
    };
    std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
    let save = |name: String, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text)
            .map_err(|error| unwritable(&path, &error))
            .map(|()| path)
    };
    Ok([
        save(format!("{base}.md"), markdown)?,
        save(format!("{base}.html"), html)?,
    ])
}

fn kind(report: &CutoverReport) -> &'static str {
    if report.rehearsal { "rehearsal" } else { "cutover" }
}

/// The time of its beginning, for a file's name.
fn moment(report: &CutoverReport) -> String {
    let seconds = report.started_at.split('.').next().unwrap_or_default();
    seconds.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn title(report: &CutoverReport) -> String {
    let what = if report.rehearsal {
        "Rehearsal of a cutover"
    } else {
        "Cutover"
    };
    let outcome = match &report.unfinished {
        None => "",
        Some(unfinished) if unfinished.is_undone => ", not done",
        Some(_) => ", broken off",
    };
    format!("{what}{outcome}: {}", report.target_dsn)
}

fn not_done(report: &CutoverReport, unfinished: &Unfinished) -> String {
    let place = if unfinished.is_undone {
        format!("The application stays on {}", report.source)
    } else {
        "It could not be undone either: see \"transhume status\"".to_owned()
    };
    let detail = unfinished.detail.as_deref().unwrap_or_default();
    format!("{place}. The reason: {}. {detail}", unfinished.message)
        .trim_end()
        .to_owned()
}

/// One sentence that a tired reader can stop after.
fn verdict(report: &CutoverReport) -> String {
    if let Some(unfinished) = &report.unfinished {
        return not_done(report, unfinished);
    }
    let milliseconds = report.write_pause_milliseconds;
    if let Some(forecast) = report.forecast_milliseconds {
        return format!(
            "All but the last step was done and undone in {milliseconds:.0} ms; a cutover now would pause writes for about \
             {forecast:.0} ms."
        );
    }
    match report.late_changes {
        0 => format!(
            "The application lives on the target. Writes paused for {milliseconds:.0} ms{}, and nothing was committed on the \
             source after the fence.",
            eased_before(report)
        ),
        late => format!(
            "The application lives on the target. Writes paused for {milliseconds:.0} ms, BUT {late} CHANGES WERE COMMITTED \
             ON THE SOURCE AFTER THE FENCE and are only there."
        ),
    }
}

/// What was done, as pairs of a word and a value.
fn facts(report: &CutoverReport) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("migration", report.migration.clone()),
        ("began", report.started_at.clone()),
        ("run by", format!("{}, transhume {}", report.by, report.program)),
        ("source", report.source.clone()),
        ("target", report.target.clone()),
    ];
    if report.unfinished.is_some() {
        return facts;
    }
    facts.extend([
        ("fence LSN", report.fence_lsn.to_string()),
        ("fence taken at try", tries(report)),
        (
            "writers locked out before, to let the target catch up",
            eased(report),
        ),
        ("sequences set", report.sequences_set.to_string()),
        (
            "large objects completed in the pause",
            report.large_objects_changed.to_string(),
        ),
    ]);
    if !report.rehearsal {
        facts.push(("sessions ended on the source", report.sessions_ended.to_string()));
        facts.push((
            "changes on the source after the fence",
            report.late_changes.to_string(),
        ));
    }
    let overrides: Vec<&str> = report.gate.overrides.iter().map(|name| name.name()).collect();
    let overridden = if overrides.is_empty() {
        "none".to_owned()
    } else {
        overrides.join(", ")
    };
    facts.push(("conditions gone past by name", overridden));
    facts
}

fn tries(report: &CutoverReport) -> String {
    match each(&report.earlier_tries_milliseconds) {
        None => report.fence_attempts.to_string(),
        Some(waits) => format!(
            "{}; writers waited in vain before: {waits}",
            report.fence_attempts
        ),
    }
}

fn eased(report: &CutoverReport) -> String {
    each(&report.eased_milliseconds).unwrap_or_else(|| "not needed".to_owned())
}

/// Short waits are waits.
pub(crate) fn eased_before(report: &CutoverReport) -> String {
    each(&report.eased_milliseconds)
        .map(|moments| format!(" (and before, to let the target catch up, {moments})"))
        .unwrap_or_default()
}

/// None where there is none.
fn each(milliseconds: &[f64]) -> Option<String> {
    let texts: Vec<String> = milliseconds.iter().map(|wait| format!("{wait:.0} ms")).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// What somebody still has to do, in order.
fn remaining(report: &CutoverReport) -> Vec<String> {
    if let Some(unfinished) = &report.unfinished {
        return unfinished.remedy.iter().cloned().collect();
    }
    if report.rehearsal {
        return vec!["run \"transhume cutover\" when the time has come".to_owned()];
    }
    let mut list: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| !finding.remedy.is_empty())
        .map(|finding| format!("{}: {}", finding.code, finding.remedy))
        .collect();
    list.push(format!(
        "see that the application is connected to {}",
        report.target_dsn
    ));
    list.push("run \"transhume finish\" once nothing of the old source is needed".to_owned());
    list
}
