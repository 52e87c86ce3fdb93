//! What is there on every tab: the servers, the databases, the tabs above; keys, questions and outcomes below.

use ratatui::text::{Line, Span};

use super::{
    super::model::{Mode, Model, WatchedDatabase},
    text::{Paint, cut, left, width},
};
use crate::{
    show::{quantity::Span as Time, terminal::style::Tone},
    tab::Tab,
};

pub(super) fn head(model: &Model, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![servers(model.database(), paint, columns)];
    if model.databases.len() > 1 {
        lines.push(databases(model, paint, columns));
    }
    lines.push(tabs(model, paint));
    lines
}

/// Where it comes from and goes to, the phase, and how old all of it is.
fn servers(database: &WatchedDatabase, paint: Paint, columns: usize) -> Line<'static> {
    let Some(status) = &database.status else {
        return paint.line(
            Tone::Label,
            &cut(&format!("transhume {}", database.name), columns),
        );
    };
    let state = format!("{}, read {} ago", status.phase, Time(database.age));
    let room = columns.saturating_sub(width(&state) + 1);
    let way = format!("{} → {}", server(&status.source), server(&status.target));
    Line::from(vec![
        paint.span(Tone::Label, &cut(&way, room)),
        Span::raw(" ".repeat((room + 1).saturating_sub(width(&cut(&way, room))))),
        paint.span(Tone::Plain, &state),
    ])
}

/// `old.example.com/shop` of a connection string.
fn server(label: &str) -> &str {
    let label = label.split_once("://").map_or(label, |(_, rest)| rest);
    label.rsplit_once('@').map_or(label, |(_, server)| server)
}

/// Each with a mark; the one that is shown in brackets.
fn databases(model: &Model, paint: Paint, columns: usize) -> Line<'static> {
    /// Longer names leave no room for others.
    const LONGEST: usize = 20;
    let mut spans = Vec::new();
    let mut used = 0;
    // What is chosen is in sight however many there are.
    let skipped = model.chosen.saturating_sub(columns / (LONGEST + 6));
    for (index, database) in model.databases.iter().enumerate().skip(skipped) {
        let (mark, tone) = mark(database);
        let name = cut(&database.name, LONGEST);
        let text = if index == model.chosen {
            format!("[{mark} {name}]")
        } else {
            format!(" {mark} {name} ")
        };
        used += width(&text) + 1;
        if used > columns {
            break;
        }
        let text = text + " ";
        spans.push(Span::styled(text, paint.style(tone)));
    }
    Line::from(spans)
}

fn mark(database: &WatchedDatabase) -> (char, Tone) {
    match (&database.status, &database.problem) {
        (_, Some(_)) => ('?', Tone::Warning),
        (None, None) => ('·', Tone::Faint),
        (Some(status), None) if status.needs_attention() => ('!', Tone::Bad),
        (Some(_), None) => ('✓', Tone::Good),
    }
}

fn tabs(model: &Model, paint: Paint) -> Line<'static> {
    let tabs = Tab::ALL.iter().enumerate().flat_map(|(index, tab)| {
        let text = format!("{} {}", index + 1, tab.name());
        if *tab == model.tab {
            [paint.span(Tone::Label, &format!("[{text}]")), Span::raw(" ")]
        } else {
            [Span::raw(format!(" {text} ")), Span::raw(" ")]
        }
    });
    Line::from(tabs.collect::<Vec<_>>())
}

/// A question first, then what was done, then the keys.
pub(super) fn foot(model: &Model, paint: Paint, columns: usize) -> Line<'static> {
    match &model.mode {
        Mode::Asking(action) => {
            let keys = "  y / n";
            let question = cut(&action.question(), columns.saturating_sub(width(keys)));
            return paint.line(Tone::Warning, &(question + keys));
        }
        Mode::Filtering => {
            let text = format!("filter: {}▏  Enter keeps it, Esc ends it", model.filter);
            return paint.line(Tone::Label, &cut(&text, columns));
        }
        Mode::Helping => return paint.line(Tone::Faint, "any key goes back"),
        Mode::Looking => {}
    }
    if let Some(outcome) = &model.outcome {
        let tone = if outcome.is_good { Tone::Good } else { Tone::Bad };
        return paint.line(tone, &cut(&outcome.text, columns));
    }
    if model.is_acting {
        return paint.line(Tone::Warning, "asked for, and not done yet …");
    }
    Line::from(paint.span(Tone::Faint, &left(&fitting(&keys(model), columns), columns)))
}

/// Those that can be told whole; the help tells of all.
fn fitting(keys: &[&str], columns: usize) -> String {
    let mut told = String::new();
    for key in keys {
        let between = if told.is_empty() { "" } else { "  " };
        if width(&told) + width(between) + width(key) > columns {
            break;
        }
        told = told + between + key;
    }
    told
}

/// The tabs tell of their numbers themselves.
fn keys(model: &Model) -> Vec<&'static str> {
    let mut keys = vec!["q quit", "? help"];
    if model.is_read_only {
        keys.push("read-only");
    }
    if model.databases.len() > 1 {
        keys.push("[ ] database");
    }
    match model.tab {
        Tab::Tables => keys.extend(["↑↓ choose", "/ filter", "a not in order"]),
        _ => keys.extend(["↑↓ scroll", "/ tables"]),
    }
    match model.tab {
        _ if model.is_read_only => {}
        Tab::Tables => keys.extend(["s suspend", "u resume"]),
        Tab::Cutover => keys.push("c check"),
        _ if model.database().is_loading() => keys.extend(["p pause load", "r resume it"]),
        _ => {}
    }
    keys
}
