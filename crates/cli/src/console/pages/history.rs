//! The story, line by line, the newest first.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use maud::{Markup, html};
use serde_json::Value;
use transhume_engine::status::Story;

use super::{
    super::Console,
    layout::{Page, answer},
    words::moment,
};
use crate::show::terminal::secret::redact;

pub(in super::super) async fn page(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let middle = match console.database(&name) {
        None => None,
        Some(database) => Some(database.story().await.map(|story| middle(&story))),
    };
    answer(&console, (&name, Page::History), &headers, middle)
}

fn middle(story: &Story) -> Markup {
    html! {
        section {
            h1 { "History" }
            ol class="story" reversed {
                @for line in &story.history {
                    li {
                        (moment(&line.at))
                        div {
                            strong { (line.step) }
                            @if let Some(detail) = detail(&line.detail) { p { (detail) } }
                        }
                    }
                }
            }
        }
    }
}

/// Its figures in a line; what is long is in the JSON.
fn detail(detail: &Value) -> Option<String> {
    const LONGEST: usize = 240;
    let fields = detail.as_object().filter(|fields| !fields.is_empty())?;
    let told: Vec<String> = fields
        .iter()
        .map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{}: {value}", name.replace('_', " "))
        })
        .collect();
    let told = redact(&told.join(", "));
    let mut short: String = told.chars().take(LONGEST).collect();
    if short.len() < told.len() {
        short.push('…');
    }
    Some(short)
}
