//! Small pieces that several pages show alike.

use maud::{Markup, html};
use transhume_engine::finding::{Remedy, Severity};

use crate::show::{
    breakable::breakable,
    quantity::Span,
    terminal::figures::{age, span},
};

/// A figure with its name, and a line of what it means below.
pub(super) fn tile(name: &str, value: impl AsRef<str>, below: impl AsRef<str>, tone: &str) -> Markup {
    html! {
        div class=(format!("tile {tone}")) {
            dt { (name) }
            dd {
                span class="value" { (value.as_ref()) }
                @if !below.as_ref().is_empty() { span class="below" { (breakable(below.as_ref())) } }
            }
        }
    }
}

/// A command or a statement that can be taken along.
pub(super) fn statement(text: &str) -> Markup {
    html! {
        div class="statement" {
            pre { code { (text) } }
            button type="button" class="copy" data-copy=(text) { "Copy" }
        }
    }
}

/// What to do about a finding: a box for what can be taken along as it stands, a sentence for the rest.
pub(super) fn remedy(remedy: &Remedy) -> Markup {
    if remedy.is_run_whole() {
        return statement(remedy);
    }
    if let Some((place, code)) = remedy.place_and_statement() {
        return html! { p class="remedy" { (place) ":" } (statement(code)) };
    }
    html! {
        p class="remedy" { strong { "What to do: " } (breakable(remedy)) }
        @for code in remedy.to_run() { (statement(code)) }
    }
}

/// How much of something is done.
pub(super) fn bar(name: &str, share: f64, label: &str) -> Markup {
    let percent = (share.clamp(0.0, 1.0) * 100.0).floor();
    html! {
        div class="progress" {
            progress max="100" value=(percent) aria-label=(name) {}
            span { (label) }
        }
    }
}

pub(super) fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker => "bad",
        Severity::Warning => "warning",
        Severity::Pass => "good",
    }
}

/// As a reader counts them.
pub(super) fn ago(seconds: f64) -> String {
    format!("{} ago", age(seconds))
}

/// A duration of milliseconds.
pub(super) fn milliseconds(milliseconds: f64) -> String {
    if milliseconds < 1_000.0 {
        return format!("{milliseconds:.0} ms");
    }
    let Span(duration) = span(milliseconds / 1_000.0);
    Span(duration).to_string()
}

/// The clock's time of a moment in RFC 3339, which the script turns into the reader's own.
pub(super) fn moment(at: &str) -> Markup {
    html! { time datetime=(at) { (at) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_be_run_can_be_copied_and_nothing_else() {
        let shown = |what: Remedy| remedy(&what).into_string();
        let placed = shown(Remedy::on_target("alter database shop set x = 1;"));
        assert!(placed.contains("data-copy=\"alter database"), "{placed}");
        let whole = shown(Remedy::run("transhume run"));
        assert!(whole.contains("data-copy=\"transhume run\""), "{whole}");
        let prose = shown("create the table shop.item on the target as the source has it".into());
        assert!(
            !prose.contains("data-copy") && prose.contains("What to do"),
            "{prose}"
        );
        let quoted = shown("mend it, then \"transhume table reload shop.c\"".into());
        assert!(
            quoted.contains("data-copy=\"transhume table reload shop.c\""),
            "{quoted}"
        );
    }
}
