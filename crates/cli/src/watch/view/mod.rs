//! What the terminal program draws: a pure function from the model to a buffer of cells.
//!
//! From top to bottom: the servers, the databases where there are several, the tabs, what is wrong with the statement to run, the tab,
//! the keys. Asks no server and no clock.

mod banner;
mod cutover;
mod findings;
mod frame;
mod help;
mod history;
mod overview;
mod sparkline;
mod tables;
mod text;
mod verification;

#[cfg(test)]
mod tests;

use ratatui::{buffer::Buffer, layout::Rect, style::Stylize, text::Line};

use self::text::Paint;
use super::model::{Mode, Model};
use crate::tab::Tab;

/// Draws all of it; returns the last place that the cursor can be at.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> usize {
    let paint = Paint {
        is_colored: model.is_colored,
    };
    let mut top = Column { area, buffer };
    for line in frame::head(model, paint, area.width.into()) {
        top.line(&line);
    }
    let left = usize::from(top.area.height);
    for line in banner::lines(model, paint, (area.width.into(), left)) {
        top.line(&line);
    }
    let foot = top.foot();
    let rest = top.area;
    foot_line(model, paint, foot, buffer);
    let size = (rest.width.into(), rest.height.into());
    let (head, body, is_chosen) = tab(model, paint, size);
    let mut column = Column { area: rest, buffer };
    for line in head {
        column.line(&line);
    }
    scrolled(model.cursor, &body, is_chosen, &mut column)
}

/// Lines that stay, lines that scroll, and whether one of these is chosen.
type Parts<'a> = (Vec<Line<'static>>, Body<'a>, bool);

/// Ten thousand lines are made only where they are seen.
struct Body<'a> {
    count: usize,
    line: Box<dyn Fn(usize) -> Line<'static> + 'a>,
}

impl Body<'_> {
    fn of(lines: Vec<Line<'static>>) -> Self {
        Self {
            count: lines.len(),
            line: Box::new(move |index| lines.get(index).cloned().unwrap_or_default()),
        }
    }
}

fn tab(model: &Model, paint: Paint, (width, height): (usize, usize)) -> Parts<'_> {
    let text = |lines| (Vec::new(), Body::of(lines), false);
    if model.mode == Mode::Helping {
        return text(help::lines(model, paint, width));
    }
    match model.tab {
        Tab::Overview => text(overview::lines(model.database(), paint, (width, height))),
        Tab::Tables => tables::parts(model, paint, width),
        Tab::Findings => text(findings::lines(model.database(), paint, width)),
        Tab::Verification => text(verification::lines(model.database(), paint, width)),
        Tab::Cutover => text(cutover::lines(model.database(), paint, width)),
        Tab::History => text(history::lines(model.database(), paint, width)),
    }
}

fn foot_line(model: &Model, paint: Paint, area: Rect, buffer: &mut Buffer) {
    let mut column = Column { area, buffer };
    column.line(&frame::foot(model, paint, area.width.into()));
}

/// The part of the body that the cursor is in; a chosen line is shown by its colours exchanged.
fn scrolled(cursor: usize, body: &Body<'_>, is_chosen: bool, column: &mut Column<'_>) -> usize {
    let height = usize::from(column.area.height).max(1);
    let last = if is_chosen {
        body.count.saturating_sub(1)
    } else {
        body.count.saturating_sub(height)
    };
    let cursor = cursor.min(last);
    let first = if is_chosen {
        // As far down as is needed to see it, and no farther.
        cursor.saturating_sub(height - 1)
    } else {
        cursor
    };
    for index in first..body.count.min(first + height) {
        let line = (body.line)(index);
        let line = if is_chosen && index == cursor {
            line.reversed()
        } else {
            line
        };
        column.line(&line);
    }
    last
}

/// What is left of an area, filled from the top.
struct Column<'a> {
    area: Rect,
    buffer: &'a mut Buffer,
}

impl Column<'_> {
    fn line(&mut self, line: &Line<'_>) {
        if self.area.height == 0 {
            return;
        }
        self.buffer
            .set_line(self.area.x, self.area.y, line, self.area.width);
        self.area.y += 1;
        self.area.height -= 1;
    }

    /// Takes the last line away, for the keys.
    fn foot(&mut self) -> Rect {
        let height = self.area.height.min(1);
        self.area.height -= height;
        Rect {
            y: self.area.bottom(),
            height,
            ..self.area
        }
    }
}
