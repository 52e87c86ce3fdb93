//! Before the switch: the forecast drawn step by step, the checks on demand, the rehearsals; after it, what it took.

use std::sync::Arc;

use axum::response::Response;
use maud::{Markup, html};
use transhume_engine::{
    phase::Phase,
    status::{HistoryLine, Status, Story},
};

use super::{
    request::PageRequest,
    words::{ago, milliseconds, moment, statement},
};
use crate::{
    failure::Failure,
    show::{report::bars, story::steps},
    tab::Tab,
    watched::Watched,
};

pub(in super::super) async fn page(request: PageRequest) -> Response {
    request.answer(Tab::Cutover, read(request.database()).await)
}

async fn read(database: &Watched) -> Result<Markup, Arc<Failure>> {
    let (status, story) = (database.status().await?, database.story().await?);
    Ok(html! {
        section {
            h1 { "Cutover" }
            (forecast(&status))
        }
        @if status.phase == Phase::Follow { (checks()) }
        (switches(&story))
    })
}

fn forecast(status: &Status) -> Markup {
    let Some(pause) = &status.write_pause else {
        return html! { p { (match status.phase {
            Phase::Done => "The application lives on the target.",
            Phase::Cutover | Phase::Opening => "A cutover is under way.",
            _ => "The write pause is forecast once the target follows.",
        }) } };
    };
    let parts = pause.forecast.parts.iter();
    let steps: Vec<(String, f64)> = parts
        .map(|part| {
            let how = if part.measured { "" } else { " (estimated)" };
            (format!("{}{how}", part.name.short()), part.milliseconds)
        })
        .collect();
    html! {
        p class="figure" { "Writers would wait about " strong { (milliseconds(pause.forecast.milliseconds)) } "." }
        (bars::drawing(&steps))
        p {
            @match pause.rehearsal_age_seconds {
                Some(age) => { "Measured by a rehearsal " (ago(age)) ". Lag counts as it is now." }
                None => { "Nothing was rehearsed yet. A rehearsal does all but the last step on the real servers, and undoes it:" }
            }
        }
        @if pause.rehearsal_age_seconds.is_none() { (statement("transhume cutover --rehearse")) }
    }
}

fn checks() -> Markup {
    html! {
        section {
            h2 { "Checks" }
            p { "What the cutover looks at before it begins; what could not be built so far is tried once more." }
            p class="actions" { button type="button" data-act="check" data-into="checks" { "Check now" } }
            div id="checks" data-keep="" aria-live="polite" {}
            (statement("transhume cutover --check"))
        }
    }
}

/// Rehearsals and cutovers that the story tells of, the newest first.
fn switches(story: &Story) -> Markup {
    let told: Vec<&HistoryLine> = story
        .history
        .iter()
        .filter(|line| !steps(line).is_empty())
        .collect();
    html! {
        section {
            h2 { "Rehearsals and cutovers" }
            @if told.is_empty() { p { "none yet" } }
            @for line in told {
                article {
                    h3 { (line.step) ", " (moment(&line.at)) }
                    (bars::drawing(&steps(line)))
                }
            }
        }
    }
}
