//! What is around every page: head, navigation, the other databases.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::Console;
use crate::{failure::Failure, show::terminal::secret::redact, tab::Tab};

const SCRIPT: &str = r#"<script src="/assets/console.js" defer></script>"#;
const BRAND: &str = r#"<img src="/assets/icon.svg" alt="" width="26" height="26">"#;

/// Where a database's page is.
pub(super) fn path(tab: Tab, database: &str) -> String {
    let name = percent_encoded(database);
    match tab {
        Tab::Overview => format!("/db/{name}"),
        tab => format!("/db/{name}/{}", tab.name().to_lowercase()),
    }
}

/// A database may be called anything.
pub(super) fn percent_encoded(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| {
        if is_plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    name.bytes().map(encode).collect()
}

pub(super) fn whole(console: &Console, database: &str, tab: Tab, middle: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (tab.name()) " · " (database) " · transhume" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/console.css";
                (PreEscaped(SCRIPT))
            }
            body data-database=(percent_encoded(database)) data-acts[console.access.allows_actions()] {
                a class="skip" href="#main" { "Skip to the content" }
                (head(console, database, tab))
                main id="main" tabindex="-1" { (middle) }
                p id="said" class="hidden" role="status" aria-live="polite" {}
                footer {
                    "transhume " (env!("CARGO_PKG_VERSION"))
                    " · keys: " kbd { "1" } "–" kbd { "6" } " pages, " kbd { "/" } " filter, " kbd { "t" } " light or dark"
                }
            }
        }
    }
}

fn head(console: &Console, database: &str, tab: Tab) -> Markup {
    html! {
        header {
            a class="brand" href="/" { (PreEscaped(BRAND)) "transhume" }
            @if console.databases.len() > 1 {
                nav class="databases" aria-label="Databases" {
                    @for other in &console.databases {
                        a href=(path(tab, &other.name)) aria-current=[(other.name == database).then_some("true")] { (other.name) }
                    }
                }
            } @else {
                span class="database" { (database) }
            }
            span id="live" class="live" title="Whether this page is kept up to date" { "connecting" }
            button id="theme" type="button" aria-label="Light or dark" { "◐" }
        }
        nav class="pages" aria-label="Pages" {
            @for other in Tab::ALL {
                a href=(path(other, database)) aria-current=[(other == tab).then_some("page")] { (other.name()) }
            }
        }
    }
}

/// Stands where the page would: what is wrong, and what to do about it.
pub(super) fn problem(failure: &Failure) -> Markup {
    html! {
        section class="banner bad" role="alert" {
            h1 { "The state cannot be read" }
            p { (redact(&failure.message)) }
            @if let Some(detail) = &failure.detail { p { (redact(detail)) } }
            @if let Some(hint) = &failure.hint { p { strong { "What to do: " } (redact(hint)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_may_be_called_anything() {
        assert_eq!(path(Tab::Overview, "a/b \"ü"), "/db/a%2Fb%20%22%C3%BC");
        assert_eq!(path(Tab::Tables, "shop"), "/db/shop/tables");
    }
}
