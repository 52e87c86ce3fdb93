//! In order, or what is wrong and the statement to run: the same words as the web console's.

use ratatui::text::Line;
use transhume_engine::count::counted;

use super::{
    super::model::{Model, WatchedDatabase},
    text::{Paint, cut, wrapped_to},
};
use crate::{
    failure::Failure,
    show::{
        attention::{self, Trouble},
        terminal::style::Tone,
    },
    tab::Tab,
};

/// Lines of a message, and of what to run: the whole of both is under Findings.
const MESSAGE: usize = 3;
const REMEDY: usize = 5;
/// Columns that what belongs to a heading is moved in by.
const INDENT: usize = 2;

/// At most half of what is left of the screen, so that the figures stay in sight.
pub(super) fn lines(model: &Model, paint: Paint, (columns, height): (usize, usize)) -> Vec<Line<'static>> {
    let database = model.database();
    let mut lines = Vec::new();
    if let Some(problem) = &database.problem {
        lines.extend(unreadable(problem, paint, columns));
    }
    match &database.status {
        None if database.problem.is_none() => lines.push(paint.line(Tone::Faint, "reading …")),
        None => {}
        Some(_) => lines.extend(standing(database, paint, columns, model.tab, height / 2)),
    }
    lines.push(paint.line(Tone::Faint, &"─".repeat(columns)));
    lines
}

fn unreadable(problem: &Failure, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let text = format!("? The state cannot be read now: {}", problem.message);
    let mut lines: Vec<_> = wrapped_to(&text, columns, MESSAGE)
        .iter()
        .map(|line| paint.line(Tone::Warning, line))
        .collect();
    if let Some(hint) = &problem.hint {
        lines.extend(remedy(hint, paint, columns));
    }
    lines
}

fn standing(
    database: &WatchedDatabase,
    paint: Paint,
    columns: usize,
    tab: Tab,
    most: usize,
) -> Vec<Line<'static>> {
    let Some(status) = &database.status else {
        return Vec::new();
    };
    let headline = attention::headline(status);
    if !status.needs_attention() {
        let warnings =
            attention::warnings(status).map_or_else(String::new, |warnings| format!("; {warnings}"));
        return vec![paint.line(Tone::Good, &cut(&format!("✓ {headline}{warnings}"), columns))];
    }
    let troubles = attention::troubles(status);
    if tab != Tab::Overview {
        let first = troubles.first().map_or_else(String::new, in_a_line);
        return vec![paint.line(Tone::Bad, &cut(&format!("! {headline}: {first}"), columns))];
    }
    let mut lines = vec![paint.line(Tone::Bad, &format!("! {headline}"))];
    for (told, trouble) in troubles.iter().enumerate() {
        let next = of_trouble(trouble, paint, columns);
        // The first one is told in any case.
        if told > 0 && lines.len() + next.len() >= most {
            let more = counted(troubles.len() - told, "further reason");
            lines.push(indented(&format!("and {more}"), paint, Tone::Bad));
            break;
        }
        lines.extend(next);
    }
    lines
}

fn in_a_line(trouble: &Trouble) -> String {
    match trouble.title.as_str() {
        "" => trouble.message.clone(),
        title => format!("{title}: {}", trouble.message),
    }
}

fn of_trouble(trouble: &Trouble, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if !trouble.title.is_empty() {
        lines.push(paint.line(Tone::Label, &cut(&trouble.title, columns)));
    }
    let message = wrapped_to(&trouble.message, columns.saturating_sub(INDENT), MESSAGE);
    lines.extend(message.iter().map(|line| indented(line, paint, Tone::Plain)));
    lines.extend(remedy(&trouble.remedy, paint, columns));
    lines
}

fn remedy(text: &str, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    if text.is_empty() {
        return Vec::new();
    }
    let lines = wrapped_to(text, columns.saturating_sub(INDENT + 2), REMEDY);
    let line = |(index, line): (usize, &String)| {
        let before = if index == 0 { "> " } else { "  " };
        indented(&format!("{before}{line}"), paint, Tone::Warning)
    };
    lines.iter().enumerate().map(line).collect()
}

fn indented(line: &str, paint: Paint, tone: Tone) -> Line<'static> {
    paint.line(tone, &format!("{}{line}", " ".repeat(INDENT)))
}
