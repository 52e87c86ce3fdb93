//! The story, line by line, the newest first.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use maud::{Markup, html};
use transhume_engine::status::Story;

use super::{super::Console, layout::answer, words::moment};
use crate::{
    show::{breakable::breakable, story::detail},
    tab::Tab,
};

pub(in super::super) async fn page(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let middle = match console.database(&name) {
        None => None,
        Some(database) => Some(database.story().await.map(|story| middle(&story))),
    };
    answer(&console, (&name, Tab::History), &headers, middle)
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
                            @if let Some(detail) = detail(line) { p { (breakable(&detail)) } }
                        }
                    }
                }
            }
        }
    }
}
