//! What is around every report: head and style, in one file that needs nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use transhume_engine::printable::escape_hidden;

const STYLE: &str = include_str!("style.css");

pub(in crate::show::report) fn whole(title: &str, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (content) }
        }
    };
    // What names hide is shown: the page itself has nothing to hide.
    escape_hidden(&page.into_string())
}
