//! What the keys do.

use ratatui::text::Line;

use super::{
    super::model::Model,
    text::{Paint, cut, left},
};
use crate::show::terminal::style::Tone;

const KEYS: [(&str, &str); 9] = [
    (
        "1 to 6, Tab, ← →",
        "overview, tables, findings, verification, cutover, history",
    ),
    ("↑ ↓ PgUp PgDn g G", "scroll; choose a table"),
    ("[ ]", "the database before or behind, where there are several"),
    ("/", "filter tables by name or state; Esc shows all again"),
    ("a", "tables: all, or only what is not in order"),
    ("?", "this help"),
    ("q, Ctrl-C", "quit; the migration continues"),
    ("", ""),
    ("", "Curves: 15 minutes; the highest point is the whole height."),
];
const ACTIONS: [(&str, &str); 5] = [
    ("p", "pause the full load"),
    ("r", "resume it"),
    ("s", "tables: suspend the chosen table"),
    ("u", "tables: resume the chosen table: it is loaded anew"),
    ("c", "cutover: run the checks"),
];

pub(super) fn lines(model: &Model, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let line = |(keys, meaning): &(&str, &str)| {
        paint.line(
            Tone::Plain,
            &cut(&format!("  {} {meaning}", left(keys, 18)), columns),
        )
    };
    let mut lines: Vec<Line<'static>> = KEYS.iter().map(line).collect();
    lines.push(Line::default());
    if model.is_read_only {
        lines.push(paint.line(
            Tone::Label,
            "Started with --read-only: nothing can be changed from here.",
        ));
    } else {
        lines.push(paint.line(Tone::Label, "Each asks before it is done:"));
        lines.extend(ACTIONS.iter().map(line));
    }
    lines
}
