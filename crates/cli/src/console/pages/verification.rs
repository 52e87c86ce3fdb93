//! What was compared, when, with what result; tables that differ by name.

use std::sync::Arc;

use axum::response::Response;
use maud::{Markup, html};
use transhume_engine::{
    count::{counted, grouped},
    status::{Status, Story, TableState},
};

use super::{
    request::PageRequest,
    words::{ago, bar, moment, statement},
};
use crate::{failure::Failure, show::terminal::figures::span, tab::Tab, watched::Watched};

/// Of the tables that differ or were not compared.
const SHOWN: usize = 200;

pub(in super::super) async fn page(request: PageRequest) -> Response {
    request.answer(Tab::Verification, read(request.database()).await)
}

async fn read(database: &Watched) -> Result<Markup, Arc<Failure>> {
    let (status, tables) = (database.status().await?, database.tables().await?);
    let story = database.story().await?;
    Ok(html! {
        (last(&status))
        (apart(&tables))
        (before(&story))
    })
}

fn last(status: &Status) -> Markup {
    let Some(last) = &status.verification else {
        return html! {
            section {
                h1 { "Verification" }
                p { "Nothing was compared yet. Both sides are compared while traffic runs:" }
                (statement("transhume verify"))
            }
        };
    };
    let tone = match last.result.as_str() {
        "equal" => "good",
        "different" => "bad",
        _ => "warning",
    };
    html! {
        section class=(format!("banner {tone}")) {
            h1 { "Verification: " (last.result) }
            p { (last.summary) }
            p { "Compared at " code { (last.lsn) } "." }
            @if last.result == "different" { (statement("transhume verify --repair")) }
        }
    }
}

/// Tables whose last comparison was not an equal one.
fn apart(tables: &[TableState]) -> Markup {
    let is_apart = |table: &&TableState| {
        table
            .verified
            .as_ref()
            .is_some_and(|last| last.equal != Some(true))
    };
    let apart: Vec<&TableState> = tables.iter().filter(is_apart).collect();
    let compared = tables.iter().filter(|table| table.verified.is_some()).count();
    html! {
        section {
            h2 { "Tables" }
            (bar("Tables that were compared", compared as f64 / tables.len().max(1) as f64,
                &format!("compared at least once: {} of {}", grouped(compared as u64), counted(tables.len(), "table"))))
            @if apart.is_empty() {
                p { "No table that was compared differs." }
            } @else {
                div class="scroll" tabindex="0" role="region" aria-label="Tables that differ" { table {
                    thead { tr { th scope="col" { "Table" } th scope="col" { "Rows that differ" } th scope="col" { "When" } th scope="col" { "Note" } } }
                    tbody {
                        @for table in apart.iter().take(SHOWN) {
                            @if let Some(last) = &table.verified {
                                tr {
                                    td { (table.schema) "." (table.name) }
                                    td class=(if last.equal == Some(false) { "bad" } else { "" }) {
                                        @if last.equal.is_some() { (grouped(last.differences)) } @else { "not compared" }
                                    }
                                    td { (ago(last.age_seconds)) }
                                    td { (last.note) }
                                }
                            }
                        }
                    }
                } }
                @if apart.len() > SHOWN { p { "and " (apart.len() - SHOWN) " more: " code { "transhume status --tables" } } }
            }
        }
    }
}

fn before(story: &Story) -> Markup {
    html! {
        section {
            h2 { "Verifications so far" }
            @if story.verifications.is_empty() { p { "none" } } @else {
                div class="scroll" tabindex="0" role="region" aria-label="Verifications so far" { table {
                    thead { tr { th scope="col" { "Began" } th scope="col" { "Kind" } th scope="col" { "Result" }
                        th scope="col" { "Tables" } th scope="col" { "Different" } th scope="col" { "Took" } } }
                    tbody {
                        @for line in &story.verifications {
                            tr {
                                td { (moment(&line.started_at)) }
                                td { (line.mode) }
                                td class=(match line.result.as_str() { "equal" => "good", "different" => "bad", _ => "warning" }) { (line.result) }
                                td { (line.tables_done) " of " (line.tables) }
                                td { (line.tables_different) }
                                td { @if let Some(seconds) = line.seconds { (span(seconds)) } @else { "–" } }
                            }
                        }
                    }
                } }
            }
        }
    }
}
