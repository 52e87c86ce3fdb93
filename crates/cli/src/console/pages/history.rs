//! The story, line by line, the newest first.

use axum::response::Response;
use maud::{Markup, html};
use transhume_engine::status::Story;

use super::{request::PageRequest, words::moment};
use crate::{
    show::{breakable::breakable, story::detail},
    tab::Tab,
};

pub(in super::super) async fn page(request: PageRequest) -> Response {
    let story = request.database().story().await;
    request.answer(Tab::History, story.map(|story| middle(&story)))
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
