//! An assessment as files that one can hand on: Markdown and self-contained HTML, with the verdict on top.
//!
//! Owns their words and order; every fact comes from the engine's assessment.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use maud::{Markup, html};
use transhume_engine::{
    assess::{AssessedTable, Assessment, EndSummary},
    count::{counted, grouped},
    finding::{Finding, Severity},
    printable::escape_hidden,
};

use super::{markdown::escaped, page::whole, save};
use crate::{
    failure::Result,
    show::{forecast as in_words, quantity::Size, terminal::write_pause::forecast},
};

/// Writes both files and returns their paths.
pub(crate) fn write(directory: &Path, assessment: &Assessment) -> Result<[PathBuf; 2]> {
    let moment: String = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S").to_string();
    let base = format!("transhume-assessment-{moment}");
    let hint = "the assessment itself is over; --json prints it";
    save(
        directory,
        &base,
        (&markdown_page(assessment), &html_page(assessment)),
        hint,
    )
}

fn title(assessment: &Assessment) -> String {
    format!("Assessment: {}", assessment.source.endpoint)
}

/// One sentence that a tired reader can stop after.
fn verdict(assessment: &Assessment) -> String {
    let blockers = assessment.blockers().len();
    let to = match &assessment.target {
        Some(target) => format!(" to {}", target.endpoint),
        None => String::new(),
    };
    if blockers > 0 {
        return format!(
            "{} must be remedied before this database can be moved{to}.",
            counted(blockers, "blocker")
        );
    }
    format!(
        "Nothing stands in the way of moving this database{to}; {} to read.",
        match assessment.warnings().len() {
            0 => "there is no warning".to_owned(),
            count => counted(count, "warning"),
        }
    )
}

/// A row for each fact: what it is, on the source, on the target.
fn sides(assessment: &Assessment) -> Vec<[String; 3]> {
    let fact = |name: &str, of: &dyn Fn(&EndSummary) -> String| {
        [
            name.to_owned(),
            of(&assessment.source),
            assessment
                .target
                .as_ref()
                .map_or_else(|| "not looked at".to_owned(), of),
        ]
    };
    vec![
        fact("server", &|end| end.endpoint.clone()),
        fact("platform", &|end| end.platform_name.to_owned()),
        fact("PostgreSQL", &|end| end.server_version.clone()),
        fact("database", &|end| end.database.clone()),
        fact("role", &|end| end.role.clone()),
        fact("encoding", &|end| end.encoding.clone()),
        fact("sorts text by", &|end| end.collate.clone()),
        fact("tables with rows of their own", &|end| {
            grouped(u64::try_from(end.tables).unwrap_or(u64::MAX))
        }),
        fact("their size", &|end| size(end.bytes)),
        fact("connections free for us", &|end| end.free_connections.to_string()),
    ]
}

fn parameters(assessment: &Assessment) -> Vec<[String; 5]> {
    assessment
        .parameters
        .iter()
        .map(|difference| {
            [
                difference.name.clone(),
                difference.source.clone(),
                difference
                    .target
                    .clone()
                    .unwrap_or_else(|| "unknown there".to_owned()),
                if difference.changes_results { "yes" } else { "no" }.to_owned(),
                difference.remedy.to_string(),
            ]
        })
        .collect()
}

fn table_row(table: &AssessedTable) -> [String; 5] {
    let rows = match u64::try_from(table.rows_estimate) {
        Ok(rows) => grouped(rows),
        Err(_) => "never analysed".to_owned(),
    };
    [
        table.table.clone(),
        rows,
        size(table.bytes),
        table.key.clone(),
        if table.is_selected {
            "yes"
        } else {
            "no: not selected"
        }
        .to_owned(),
    ]
}

/// From here to the day, each step with its command.
fn timeline(assessment: &Assessment) -> Vec<String> {
    let mut steps = Vec::new();
    if assessment.has_blockers() {
        steps.push("remedy the blockers above, and assess again: transhume assess".to_owned());
    }
    steps.extend(
        [
            "bring the roles: transhume roles --apply",
            "see the plan: transhume run --dry-run",
            "load and follow: transhume run",
            "compare both sides: transhume verify",
            "rehearse the cutover and learn its pause: transhume cutover --rehearse",
            "move the application: transhume cutover; and back, should it be needed: transhume fallback",
            "remove what is left: transhume finish",
        ]
        .map(str::to_owned),
    );
    steps
}

const GROUPS: [(Severity, &str); 3] = [
    (Severity::Blocker, "Blockers"),
    (Severity::Warning, "Warnings"),
    (Severity::Pass, "In order"),
];

fn of(assessment: &Assessment, severity: Severity) -> impl Iterator<Item = &Finding> {
    assessment
        .findings
        .iter()
        .filter(move |finding| finding.severity == severity)
}

const SIDES: [&str; 3] = ["", "source", "target"];
const PARAMETERS: [&str; 5] = [
    "parameter",
    "source",
    "target",
    "changes results",
    "to be the same",
];
const TABLES: [&str; 5] = ["table", "rows (estimate)", "size", "key", "moves"];
const LEFT_OUT: [&str; 2] = ["object", "why"];

fn left_out(assessment: &Assessment) -> Vec<[String; 2]> {
    assessment
        .left_out()
        .into_iter()
        .map(|(object, reason)| [object, reason])
        .collect()
}

/// What the sample says of load and builds, where one was taken.
fn of_the_move(assessment: &Assessment) -> Vec<String> {
    let forecast = assessment.forecast.iter();
    forecast
        .flat_map(|forecast| {
            [
                format!("Load and builds: {}", in_words::duration(forecast)),
                format!("Room: {}", in_words::needs(forecast)),
            ]
        })
        .collect()
}

fn markdown_page(assessment: &Assessment) -> String {
    let mut text = format!(
        "# {}\n\n**{}**\n",
        escaped(&title(assessment)),
        escaped(&verdict(assessment))
    );
    markdown_table(&mut text, "Both servers", &SIDES, &sides(assessment));
    if assessment.target.is_some() {
        push(
            &mut text,
            &format!(
                "\nPause of writes at a cutover: {}\n",
                forecast(&assessment.write_pause)
            ),
        );
    }
    for line in of_the_move(assessment) {
        push(&mut text, &format!("\n{line}\n"));
    }
    for (severity, heading) in GROUPS {
        push(&mut text, &format!("\n## {heading}\n\n"));
        for finding in of(assessment, severity) {
            push(&mut text, &markdown_finding(finding));
        }
        if of(assessment, severity).next().is_none() {
            push(&mut text, "none\n");
        }
    }
    markdown_table(
        &mut text,
        "Parameters that differ",
        &PARAMETERS,
        &parameters(assessment),
    );
    let tables: Vec<_> = assessment.tables.iter().map(table_row).collect();
    markdown_table(&mut text, "Tables", &TABLES, &tables);
    markdown_table(
        &mut text,
        "What the target does not get",
        &LEFT_OUT,
        &left_out(assessment),
    );
    push(&mut text, "\n## From here to the day\n\n");
    for step in timeline(assessment) {
        push(&mut text, &format!("1. {}\n", escaped(&step)));
    }
    text
}

/// A remedy is a block of its own, so that it is copied as it is.
fn markdown_finding(finding: &Finding) -> String {
    let mut text = format!(
        "- **{}** {} — {}\n",
        escaped(&finding.code),
        escaped(&finding.object),
        escaped(&finding.message)
    );
    if finding.severity != Severity::Pass && !finding.remedy.is_empty() {
        push(&mut text, "\n");
        for line in finding.remedy.lines() {
            push(&mut text, &format!("      {}\n", escape_hidden(line)));
        }
        push(&mut text, "\n");
    }
    text
}

fn markdown_table<const COLUMNS: usize>(
    text: &mut String,
    heading: &str,
    head: &[&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) {
    push(text, &format!("\n## {heading}\n\n"));
    if rows.is_empty() {
        push(text, "none\n");
        return;
    }
    push(
        text,
        &format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(COLUMNS)),
    );
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        push(text, &format!("| {} |\n", cells.join(" | ")));
    }
}

fn html_page(assessment: &Assessment) -> String {
    let tables: Vec<_> = assessment.tables.iter().map(table_row).collect();
    let content = html! {
        h1 { (title(assessment)) }
        p class=(if assessment.has_blockers() { "verdict bad" } else { "verdict" }) { (verdict(assessment)) }
        (html_table("Both servers", &SIDES, &sides(assessment)))
        @if assessment.target.is_some() {
            p { "Pause of writes at a cutover: " (forecast(&assessment.write_pause)) }
        }
        @for line in of_the_move(assessment) { p { (line) } }
        @for (severity, heading) in GROUPS {
            h2 { (heading) }
            @for finding in of(assessment, severity) { (html_finding(finding)) }
            @if of(assessment, severity).next().is_none() { p { "none" } }
        }
        (html_table("Parameters that differ", &PARAMETERS, &parameters(assessment)))
        (html_table("Tables", &TABLES, &tables))
        (html_table("What the target does not get", &LEFT_OUT, &left_out(assessment)))
        h2 { "From here to the day" }
        ol { @for step in timeline(assessment) { li { (step) } } }
    };
    whole(&title(assessment), &content)
}

fn html_finding(finding: &Finding) -> Markup {
    let class = match finding.severity {
        Severity::Blocker => "bad",
        Severity::Warning => "warning",
        Severity::Pass => "good",
    };
    html! {
        p { b class=(class) { (finding.code) } " " (finding.object) @if !finding.object.is_empty() { ": " } (finding.message) }
        @if finding.severity != Severity::Pass && !finding.remedy.is_empty() { pre { (finding.remedy.as_str()) } }
    }
}

fn html_table<const COLUMNS: usize>(
    heading: &str,
    head: &[&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> Markup {
    html! {
        h2 { (heading) }
        @if rows.is_empty() {
            p { "none" }
        } @else {
            div class="wide" {
                table {
                    tr { @for name in head { th { (name) } } }
                    @for row in rows { tr { @for cell in row { td { (cell) } } } }
                }
            }
        }
    }
}

/// Catalogs have signed sizes.
fn size(bytes: i64) -> String {
    Size(u64::try_from(bytes).unwrap_or(0)).to_string()
}

fn push(text: &mut String, more: &str) {
    text.write_str(more).expect("writing into a string cannot fail");
}
