//! Every table, what is not in order first; only the lines in sight are made.

use ratatui::text::Line;
use transhume_engine::{
    count::{counted, grouped},
    status::TableState,
};

use super::{
    super::model::{Model, Urgency, urgency},
    Body, Parts,
    text::{Paint, cut, left, right},
};
use crate::show::{
    quantity::Size,
    terminal::{figures, style::Tone},
};

/// Columns after the name, with their widths; those further right are left out where there is no room.
const COLUMNS: [(&str, usize); 8] = [
    ("state", 10),
    ("loaded", 6),
    ("verified", 20),
    ("stored", 6),
    ("size", 8),
    ("inserts", 11),
    ("updates", 11),
    ("deletes", 11),
];
/// Names are cut below this only where the screen is narrower.
const NAME: (usize, usize) = (24, 70);

/// Which of the columns there is room for, and how wide the name is.
#[derive(Clone, Copy)]
struct Widths {
    name: usize,
    columns: usize,
}

impl Widths {
    fn of(columns: usize) -> Self {
        let mut left = columns.saturating_sub(NAME.0);
        let mut shown = 0;
        for (_, width) in COLUMNS {
            if left < width + 2 {
                break;
            }
            left -= width + 2;
            shown += 1;
        }
        Self {
            name: (NAME.0 + left).min(NAME.1).min(columns),
            columns: shown,
        }
    }

    fn line(self, name: &str, values: &[String]) -> String {
        let mut line = left(name, self.name);
        let cells = values.iter().zip(COLUMNS).take(self.columns);
        for (value, (heading, width)) in cells {
            let is_word = matches!(heading, "state" | "verified");
            let cell = if is_word {
                left(value, width)
            } else {
                right(value, width)
            };
            line.push_str("  ");
            line.push_str(&cell);
        }
        line
    }
}

pub(super) fn parts(model: &Model, paint: Paint, columns: usize) -> Parts<'_> {
    let Some(all) = &model.database().tables else {
        return (
            vec![paint.line(Tone::Faint, "reading …")],
            Body::of(Vec::new()),
            false,
        );
    };
    let layout = Widths::of(columns);
    let tables = model.tables();
    let shown = if tables.len() == all.len() {
        counted(all.len(), "table")
    } else {
        let filter = match model.filter.as_str() {
            "" => "not in order".to_owned(),
            filter => format!("filter \"{filter}\""),
        };
        format!(
            "{} of {}: {filter}",
            grouped(tables.len() as u64),
            counted(all.len(), "table")
        )
    };
    let headings = COLUMNS.map(|(heading, _)| heading.to_owned());
    let head = vec![
        paint.line(Tone::Label, &cut(&shown, columns)),
        paint.line(Tone::Faint, &layout.line("table", &headings)),
    ];
    let body = Body {
        count: tables.len(),
        line: Box::new(move |index| {
            tables
                .get(index)
                .map_or_else(Line::default, |&table| of_table(table, layout, paint))
        }),
    };
    (head, body, true)
}

fn of_table(table: &TableState, layout: Widths, paint: Paint) -> Line<'static> {
    let changed = |count: fn(&transhume_engine::status::ChangedRows) -> u64| {
        table
            .changed
            .as_ref()
            .map_or_else(|| "?".to_owned(), |changed| grouped(count(changed)))
    };
    let state = if table.is_waited_for {
        "waited for".to_owned()
    } else {
        table.state.clone()
    };
    let values = [
        state,
        format!("{:.0} %", (table.load.share * 100.0).floor()),
        figures::verified(table),
        grouped(table.exceptions),
        Size(table.bytes).to_string(),
        changed(|changed| changed.inserts),
        changed(|changed| changed.updates),
        changed(|changed| changed.deletes),
    ];
    let tone = match urgency(table) {
        Urgency::Wrong => Tone::Bad,
        Urgency::UnderWay => Tone::Warning,
        Urgency::InOrder => Tone::Plain,
    };
    paint.line(
        tone,
        &layout.line(&format!("{}.{}", table.schema, table.name), &values),
    )
}
