//! Small pieces that several pages show alike.

use maud::{Markup, html};
use transhume_engine::finding::Severity;

use crate::show::{quantity::Span, terminal::figures::span};

/// A figure with its name, and a line of what it means below.
pub(super) fn tile(name: &str, value: impl AsRef<str>, below: impl AsRef<str>, tone: &str) -> Markup {
    html! {
        div class=(format!("tile {tone}")) {
            dt { (name) }
            dd {
                span class="value" { (value.as_ref()) }
                @if !below.as_ref().is_empty() { span class="below" { (below.as_ref()) } }
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
pub(super) fn remedy(text: &str) -> Markup {
    if is_to_paste(text) {
        return statement(text);
    }
    if let Some((place, rest)) = text.split_once(": ")
        && PLACES.iter().any(|start| place.starts_with(start))
        && is_to_paste(rest)
    {
        return html! { p class="remedy" { (place) ":" } (statement(rest)) };
    }
    html! {
        p class="remedy" { strong { "What to do: " } (breakable(text)) }
        @for command in quoted_commands(text) { (statement(command)) }
    }
}

/// How it begins where a statement is to be run.
const PLACES: [&str; 3] = ["on the ", "in database ", "in the database "];

/// First words of what a shell or psql takes, and of comments above it; remedies in prose begin with others.
const FIRST_WORDS: [&str; 20] = [
    "#",
    "--",
    "alter",
    "analyze",
    "aws",
    "az",
    "call",
    "create",
    "delete",
    "drop",
    "gcloud",
    "grant",
    "insert",
    "psql",
    "reindex",
    "revoke",
    "rollback",
    "select",
    "transhume",
    "update",
];

/// What shows that a text which begins like a statement goes on as a sentence.
const SENTENCES: [&str; 8] = [
    ", or ",
    "; or ",
    "; then ",
    ", then ",
    " the ",
    " them ",
    "…",
    "\"transhume ",
];

fn is_to_paste(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_comment = matches!(first, "#" | "--");
    FIRST_WORDS.contains(&first) && (is_comment || !SENTENCES.iter().any(|words| text.contains(words)))
}

/// The commands that a sentence quotes. A quote inside of a shell's own quotes belongs to a name and ends nothing.
fn quoted_commands(text: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("\"transhume ") {
        let command = &rest[start + 1..];
        let mut is_in_name = false;
        let end = command.find(|character: char| {
            is_in_name ^= character == '\'';
            character == '"' && !is_in_name
        });
        let Some(end) = end else { break };
        if !command[..end].contains('…') {
            commands.push(&command[..end]);
        }
        rest = &command[end + 1..];
    }
    commands
}

/// Text that may hold long addresses and paths: it breaks behind their marks, before it breaks inside a word.
pub(super) fn breakable(text: &str) -> Markup {
    html! {
        @for piece in text.split_inclusive(['/', '?', '&', '=', '@', ',', '_']) { (piece) wbr; }
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
    format!("{} ago", span(seconds.max(0.0)))
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
    fn only_what_a_shell_or_psql_takes_can_be_copied() {
        for taken in [
            "transhume run",
            "transhume table resume 'shop.a b'",
            "alter table shop.item replica identity full;",
            "grant select on sequence shop.n to mover",
        ] {
            assert!(is_to_paste(taken), "{taken}");
        }
        for prose in [
            "remedy the cause and run the same command again",
            "grant … to …, or let its owner do it",
            "create them on the target, or make the role a member of their owner",
            "update the source to PostgreSQL 15.8 or a later minor version",
            "create the table shop.item on the target as the source has it",
            "see \"transhume status\"",
            "",
        ] {
            assert!(!is_to_paste(prose), "{prose}");
        }
        let placed = remedy("on the target: alter database shop set x = 1;").into_string();
        assert!(placed.contains("data-copy=\"alter database"), "{placed}");
    }

    #[test]
    fn commands_in_a_sentence_are_taken_out_whole() {
        let text = "mend it, then \"transhume table reload 'a\"b' shop.c\", or \"transhume table add …\", or \"transhume run\"";
        assert_eq!(
            quoted_commands(text),
            ["transhume table reload 'a\"b' shop.c", "transhume run"]
        );
        assert!(quoted_commands("an \"open one: \"transhume run").is_empty());
    }

    #[test]
    fn addresses_break_behind_their_marks_and_stay_escaped() {
        let markup = breakable("host=a/b <i>").into_string();
        assert_eq!(markup, "host=<wbr>a/<wbr>b &lt;i&gt;<wbr>");
    }
}
