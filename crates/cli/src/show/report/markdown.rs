//! The report as Markdown: tables that also read well as plain text.

use std::fmt::Write;

use transhume_engine::{cutover::CutoverReport, printable::escape_on_one_line};

use super::{facts, remaining, timeline, title, verdict};

pub(super) fn page(report: &CutoverReport) -> String {
    let mut text = format!("# {}\n\n{}\n\n", escaped(&title(report)), verdict(report));
    push(&mut text, format_args!("| | |\n|---|---|\n"));
    for (name, value) in facts(report) {
        push(&mut text, format_args!("| {name} | {} |\n", escaped(&value)));
    }
    if report.unfinished.is_none() {
        pause(&mut text, report);
    }
    push(
        &mut text,
        format_args!("\n## Checks\n\n| check | state | evidence |\n|---|---|---|\n"),
    );
    for condition in &report.gate.conditions {
        let evidence = escaped(&condition.evidence);
        push(
            &mut text,
            format_args!(
                "| {} | {} | {evidence} |\n",
                condition.name,
                condition.state.name()
            ),
        );
    }
    list(
        &mut text,
        "Findings",
        report
            .findings
            .iter()
            .map(|finding| format!("{} {}: {}", finding.code, finding.object, finding.message)),
    );
    list(
        &mut text,
        "Left out of the target's schema",
        report.left_out.iter().cloned(),
    );
    list(&mut text, "What remains to do", remaining(report).into_iter());
    text
}

fn pause(text: &mut String, report: &CutoverReport) {
    push(text, format_args!("\n## The write pause\n\n"));
    push(
        text,
        format_args!("| step | from ms | takes ms |\n|---|--:|--:|\n"),
    );
    for bar in timeline::bars(report) {
        push(
            text,
            format_args!("| {} | {:.1} | {:.1} |\n", escaped(bar.name), bar.from, bar.takes),
        );
    }
}

fn list(text: &mut String, heading: &str, items: impl Iterator<Item = String>) {
    push(text, format_args!("\n## {heading}\n\n"));
    let mut is_empty = true;
    for item in items {
        is_empty = false;
        push(text, format_args!("- {}\n", escaped(&item)));
    }
    if is_empty {
        text.push_str("nothing\n");
    }
}

/// Names come from the source: none may break out of its cell or line, become HTML or a link, or hide a part of itself.
pub(super) fn escaped(text: &str) -> String {
    let line = escape_on_one_line(&text.replace(['\n', '\r'], " "));
    let mut escaped = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '[' | ']' | '~' => escaped.extend(['\\', letter]),
            _ => escaped.push(letter),
        }
    }
    escaped
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing into a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_name_is_nothing_but_text() {
        assert_eq!(
            escaped("public.<script>|[x](y)\u{202e}\u{1b}\n`z`"),
            "public.&lt;script&gt;\\|\\[x\\](y)\\\\u{202e}\\\\u{1b} \\`z\\`"
        );
    }
}
