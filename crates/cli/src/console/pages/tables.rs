//! All tables in a grid that the page's script fills: ten thousand rows, of which only those in sight are drawn.

use axum::response::Response;
use maud::{Markup, html};

use super::request::PageRequest;
use crate::tab::Tab;

/// Heading, the script's word for it, and whether it is a number.
const COLUMNS: [(&str, &str, bool); 9] = [
    ("Table", "name", false),
    ("State", "state", false),
    ("Size", "bytes", true),
    ("Loaded", "share", true),
    ("Inserts", "inserts", true),
    ("Updates", "updates", true),
    ("Deletes", "deletes", true),
    ("Stored", "exceptions", true),
    ("Verified", "verified", false),
];

pub(in super::super) async fn page(request: PageRequest) -> Response {
    // Its rows come as JSON, by the page's script.
    request.answer(Tab::Tables, Ok(grid()))
}

fn grid() -> Markup {
    html! {
        section class="wide" {
            div class="heading" {
                h1 { "Tables" }
                form class="filters" role="search" {
                    input id="filter" type="search" placeholder="Filter: name or state" aria-label="Filter tables" autocomplete="off"
                        spellcheck="false";
                    label { input id="unordered" type="checkbox"; " only what is not in order" }
                    output id="count" for="filter" { "reading" }
                }
            }
            div id="grid" class="grid" role="table" aria-label="Tables" tabindex="0" {
                div class="row head" role="row" {
                    @for (heading, key, is_number) in COLUMNS {
                        span role="columnheader" class=(if is_number { "number" } else { "" }) aria-sort=(if key == "name" { "ascending" } else { "none" }) {
                            button type="button" data-sort=(key) { (heading) }
                        }
                    }
                }
                div id="rows" role="rowgroup" {}
            }
            noscript { p class="warning" { "This grid needs the page's script. "
                code { "transhume status --tables" } " prints the same." } }
        }
    }
}
