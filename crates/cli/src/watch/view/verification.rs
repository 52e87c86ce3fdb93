//! The last verification, the tables that it did not find equal, and those before it.

use ratatui::text::Line;
use transhume_engine::{
    count::{and_more, counted, grouped},
    status::{Story, TableState},
};

use super::{
    super::model::WatchedDatabase,
    text::{Paint, cut, left, right, wrapped_to},
};
use crate::show::terminal::{
    figures::{span, verified},
    standing,
    style::Tone,
};

/// Of the tables that are not equal.
const SHOWN: usize = 200;

pub(super) fn lines(database: &WatchedDatabase, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let Some(status) = &database.status else {
        return Vec::new();
    };
    let mut lines: Vec<Line<'static>> = match &status.verification {
        None => vec![
            paint.line(
                Tone::Plain,
                "Nothing was compared yet. Both sides are compared while traffic runs:",
            ),
            paint.line(Tone::Warning, "  > transhume verify"),
        ],
        Some(last) => {
            let tone = tone(&last.result);
            let told = standing::verified(status).unwrap_or_default();
            let told = wrapped_to(&told, columns, 3);
            told.iter().map(|line| paint.line(tone, line)).collect()
        }
    };
    if status
        .verification
        .as_ref()
        .is_some_and(|last| last.result == "different")
    {
        lines.push(paint.line(Tone::Warning, "  > transhume verify --repair"));
    }
    lines.push(Line::default());
    if let Some(tables) = &database.tables {
        lines.extend(apart(tables, paint, columns));
    }
    if let Some(story) = &database.story {
        lines.push(Line::default());
        lines.extend(before(story, paint, columns));
    }
    lines
}

fn tone(result: &str) -> Tone {
    match result {
        "equal" => Tone::Good,
        "different" => Tone::Bad,
        _ => Tone::Warning,
    }
}

fn apart(tables: &[TableState], paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let compared = tables.iter().filter(|table| table.verified.is_some()).count();
    let apart: Vec<&TableState> = tables
        .iter()
        .filter(|table| {
            table
                .verified
                .as_ref()
                .is_some_and(|last| last.equal != Some(true))
        })
        .collect();
    let heading = format!(
        "compared at least once: {} of {}; {} not equal",
        grouped(compared as u64),
        counted(tables.len(), "table"),
        grouped(apart.len() as u64)
    );
    let mut lines = vec![paint.line(Tone::Label, &cut(&heading, columns))];
    for table in apart.iter().take(SHOWN) {
        let differs = table
            .verified
            .as_ref()
            .is_some_and(|last| last.equal == Some(false));
        let note = table.verified.as_ref().map_or("", |last| last.note.as_str());
        let line = format!("  {}.{}: {} {note}", table.schema, table.name, verified(table));
        let tone = if differs { Tone::Bad } else { Tone::Warning };
        lines.push(paint.line(tone, &cut(line.trim_end(), columns)));
    }
    if apart.len() > SHOWN {
        let more = format!("  {}: transhume status --tables", and_more(apart.len() - SHOWN));
        lines.push(paint.line(Tone::Faint, &cut(&more, columns)));
    }
    lines
}

fn before(story: &Story, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let heading = format!(
        "{} {} {} {} {}",
        left("began", 26),
        left("kind", 10),
        left("result", 11),
        right("tables", 15),
        right("took", 12)
    );
    let mut lines = vec![paint.line(Tone::Faint, &cut(&heading, columns))];
    for line in &story.verifications {
        let took = line
            .seconds
            .map_or_else(|| "–".to_owned(), |took| span(took).to_string());
        let text = format!(
            "{} {} {} {} {}",
            left(&line.started_at, 26),
            left(&line.mode, 10),
            left(&line.result, 11),
            right(&format!("{} of {}", line.tables_done, line.tables), 15),
            right(&took, 12)
        );
        lines.push(paint.line(tone(&line.result), &cut(&text, columns)));
    }
    lines
}
