//! The story, the newest first.

use ratatui::text::Line;

use super::{
    super::model::WatchedDatabase,
    text::{Paint, cut, wrapped_to},
};
use crate::show::{story::detail, terminal::style::Tone};

/// Lines of one entry's figures.
const DETAIL: usize = 3;

pub(super) fn lines(database: &WatchedDatabase, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let Some(story) = &database.story else {
        return vec![paint.line(Tone::Faint, "reading …")];
    };
    let mut lines = Vec::new();
    for line in &story.history {
        let heading = format!("{}  {}", line.at, line.step);
        lines.push(paint.line(Tone::Label, &cut(&heading, columns)));
        let detail = detail(line).unwrap_or_default();
        for line in wrapped_to(&detail, columns.saturating_sub(4), DETAIL) {
            if !line.is_empty() {
                lines.push(paint.line(Tone::Plain, &format!("    {line}")));
            }
        }
    }
    lines
}
