//! The text of `run --dry-run`: what a run would do, phase by phase, with names and figures.

use std::{collections::BTreeMap, fmt::Write};

use transhume_engine::{
    count::{counted, grouped, listed},
    finding::{Finding, Severity},
    phase::Phase,
    run::{LeftOut, Plan, Resuming, TablePlan},
};

use super::assess;
use crate::show::{
    quantity::Size,
    terminal::{
        findings::{self, Shown},
        style::{Style, Tone},
        table::table,
    },
};

pub(super) fn text(plan: &Plan, style: Style) -> String {
    if plan
        .resuming
        .as_ref()
        .is_some_and(|resuming| resuming.phase == Phase::Done)
    {
        return "The application lives on the target: `transhume run` would do nothing, `transhume finish` removes \
                what is left.\n"
            .to_owned();
    }
    let mut text = match &plan.assessment {
        Some(assessment) => format!(
            "{}\n{}",
            assess::facts(assessment, style),
            findings::report(&concerns(&assessment.findings), style, Shown::All)
        ),
        None => format!("source   {}\ntarget   {}\n", plan.source, plan.target),
    };
    for finding in &plan.findings {
        push(&mut text, &findings::line(finding));
    }
    push(&mut text, "");
    push(&mut text, &style.paint(Tone::Label, &headline(plan)));
    for (phase, lines) in phases(plan) {
        let done = plan
            .resuming
            .as_ref()
            .is_some_and(|resuming| phase < resuming.phase);
        if done {
            push(&mut text, &format!("{:<10} done", phase.name()));
        } else {
            push_phase(&mut text, phase.name(), &lines);
        }
    }
    if !plan.tables.is_empty() {
        push(&mut text, "");
        text.push_str(&tables(&plan.tables));
    }
    text.push_str(&left_out(&plan.left_out));
    let blockers = plan.blockers().len();
    push(&mut text, "");
    push(
        &mut text,
        &match blockers {
            0 => "Nothing was changed on either side. `transhume abort` would undo all of this.".to_owned(),
            _ => {
                "Nothing was changed on either side. A run would refuse to begin: remedy the blockers first."
                    .to_owned()
            }
        },
    );
    text
}

/// Without what is in order: the plan says it.
fn concerns(findings: &[Finding]) -> Vec<Finding> {
    findings
        .iter()
        .filter(|finding| finding.severity != Severity::Pass)
        .cloned()
        .collect()
}

fn headline(plan: &Plan) -> String {
    match &plan.resuming {
        None => "`transhume run` would begin a new migration:".to_owned(),
        Some(resuming) if resuming.has_runner => format!(
            "Migration {} is in phase {} and another process runs it; once that has ended, `transhume run` would go on:",
            resuming.migration, resuming.phase
        ),
        Some(resuming) => format!(
            "`transhume run` would go on with migration {} in phase {}:",
            resuming.migration, resuming.phase
        ),
    }
}

/// In the order of a run; the phases are named as `status` names them.
fn phases(plan: &Plan) -> [(Phase, Vec<String>); 5] {
    [
        (Phase::Prepare, prepare(plan)),
        (Phase::PreData, pre_data(plan)),
        (Phase::FullLoad, full_load(plan)),
        (Phase::PostData, post_data(plan)),
        (Phase::Follow, follow(plan)),
    ]
}

fn prepare(plan: &Plan) -> Vec<String> {
    let chosen = |name: &Option<String>| {
        name.clone()
            .unwrap_or_else(|| "transhume_<id> (the id is chosen when the run begins)".to_owned())
    };
    let state = "target: the schema transhume, which remembers all that is done".to_owned();
    if plan.offline {
        return vec![
            state,
            "source: nothing is made; nobody must write to it until the end".to_owned(),
        ];
    }
    vec![
        state,
        match plan.full_identities.as_slice() {
            [] => "source: no replica identity has to be changed".to_owned(),
            names => format!(
                "source: replica identity of {} set to FULL: {}",
                counted(names.len(), "table"),
                listed(names)
            ),
        },
        format!(
            "source: publication {} with {}",
            chosen(&plan.publication),
            counted(plan.published_tables, "table")
        ),
        format!("source: logical replication slot {}", chosen(&plan.slot)),
    ]
}

fn pre_data(plan: &Plan) -> Vec<String> {
    vec![match &plan.programs {
        Some(programs) => format!(
            "target: schemas, types, functions and tables, by pg_dump and pg_restore {} of {}",
            programs.version, programs.directory
        ),
        None => "pg_dump and pg_restore that fit were not found".to_owned(),
    }]
}

fn full_load(plan: &Plan) -> Vec<String> {
    let parts: usize = plan.tables.iter().map(|table| table.parts).sum();
    let bytes: i64 = plan.tables.iter().map(|table| table.bytes).sum();
    let mut lines = vec![
        format!(
            "rows of {} ({}) in {}, by {}",
            counted(plan.tables.len(), "table"),
            size(bytes),
            counted(parts, "part"),
            counted(plan.loaders as usize, "loader"),
        ),
        format!(
            "indexes, keys and statistics as tables complete, by {}",
            counted(plan.builders as usize, "builder")
        ),
    ];
    lines.extend(plan.resuming.as_ref().and_then(progress));
    lines
}

/// What is done of a load that has begun.
fn progress(resuming: &Resuming) -> Option<String> {
    let (load, build) = (&resuming.load, &resuming.build);
    (load.tables > 0).then(|| {
        format!(
            "done so far: {} of {}, {} of {}, {} of {}",
            load.tables_done,
            counted(load.tables, "table"),
            load.parts_done,
            counted(load.parts, "part"),
            build.done,
            counted(build.all, "index or constraint")
        )
    })
}

fn post_data(plan: &Plan) -> Vec<String> {
    let keys = if plan.replica_role {
        "target: triggers, policies, rules and the rest of the schema"
    } else {
        "target: triggers, policies, rules and the rest of the schema; foreign keys are held until the cutover"
    };
    vec![keys.to_owned()]
}

fn follow(plan: &Plan) -> Vec<String> {
    if plan.offline {
        return vec![
            "nothing is followed: both sides are compared".to_owned(),
            "target: opened where they are equal".to_owned(),
        ];
    }
    let how = if plan.replica_role {
        "with session_replication_role = replica: neither triggers nor foreign keys act on it"
    } else {
        "session_replication_role = replica is refused: triggers of the target are disabled until the cutover"
    };
    vec![
        format!("every later change is applied, {how}"),
        "until `transhume cutover`, or until it is stopped".to_owned(),
    ]
}

fn tables(tables_planned: &[TablePlan]) -> String {
    let rows = tables_planned.iter().map(|planned| {
        let rows = match u64::try_from(planned.rows_estimate) {
            Ok(rows) => grouped(rows),
            Err(_) => "unknown".to_owned(),
        };
        let parts = match planned.parts_done {
            0 => planned.parts.to_string(),
            done => format!("{done} of {} done", planned.parts),
        };
        // The reason for binary is always the same.
        let format = match planned.format.as_str() {
            "text" => format!("text: {}", planned.format_reason),
            other => other.to_owned(),
        };
        vec![planned.table.clone(), rows, size(planned.bytes), parts, format]
    });
    table(
        &["table", "rows (estimate)", "size", "parts", "format"],
        &[1, 2, 3],
        rows,
    )
}

fn left_out(all: &[LeftOut]) -> String {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for LeftOut { object, reason } in all {
        by_reason.entry(reason).or_default().push(object.clone());
    }
    let mut text = String::new();
    if !by_reason.is_empty() {
        push(&mut text, "\nThe target would not get:");
    }
    for (reason, objects) in by_reason {
        push(&mut text, &format!("  {}\n    {reason}", listed(&objects)));
    }
    text
}

fn push_phase(text: &mut String, name: &str, lines: &[String]) {
    for (number, line) in lines.iter().enumerate() {
        let name = if number == 0 { name } else { "" };
        push(text, &format!("{name:<10} {line}"));
    }
}

/// Catalogs have signed sizes.
fn size(bytes: i64) -> String {
    Size(u64::try_from(bytes).unwrap_or(0)).to_string()
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing into a string cannot fail");
}
