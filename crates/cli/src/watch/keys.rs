//! Keys, as changes of the model; what leaves the model is returned.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::model::{Intervention, Mode, Model};
use crate::tab::Tab;

/// Lines that a page key moves by: what is in sight at the smallest size.
const PAGE: usize = 10;
/// Longer names than this are no filter.
const FILTER_LIMIT: usize = 60;

/// What the loop has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Draw, and read what is in sight now.
    Nothing,
    Quit,
    /// The operator agreed.
    Do(Intervention),
}

pub(super) fn press(model: &mut Model, key: KeyEvent) -> Effect {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if is_control {
        return match key.code {
            KeyCode::Char('c' | 'd') => Effect::Quit,
            _ => Effect::Nothing,
        };
    }
    match model.mode.clone() {
        Mode::Filtering => filtering(model, key.code),
        Mode::Asking(action) => asking(model, action, key.code),
        Mode::Helping => {
            model.mode = Mode::Looking;
            Effect::Nothing
        }
        Mode::Looking => {
            model.outcome = None;
            looking(model, key.code)
        }
    }
}

fn filtering(model: &mut Model, code: KeyCode) -> Effect {
    match code {
        KeyCode::Enter => model.mode = Mode::Looking,
        KeyCode::Esc => {
            model.filter.clear();
            model.mode = Mode::Looking;
        }
        KeyCode::Backspace => drop(model.filter.pop()),
        KeyCode::Char(letter) if model.filter.chars().count() < FILTER_LIMIT => model.filter.push(letter),
        _ => {}
    }
    model.cursor = 0;
    Effect::Nothing
}

/// Only a clear yes is one.
fn asking(model: &mut Model, action: Intervention, code: KeyCode) -> Effect {
    model.mode = Mode::Looking;
    match code {
        KeyCode::Char('y' | 'Y') => Effect::Do(action),
        _ => Effect::Nothing,
    }
}

fn looking(model: &mut Model, code: KeyCode) -> Effect {
    match code {
        KeyCode::Char('q') => return Effect::Quit,
        KeyCode::Esc => model.filter.clear(),
        KeyCode::Char('?' | 'h') => model.mode = Mode::Helping,
        KeyCode::Char('/') => {
            show(model, Tab::Tables);
            model.mode = Mode::Filtering;
        }
        KeyCode::Char('a') if model.tab == Tab::Tables => {
            model.only_unordered = !model.only_unordered;
            model.cursor = 0;
        }
        KeyCode::Char(digit @ '1'..='6') => {
            let number = usize::from(digit as u8 - b'1');
            show(model, Tab::ALL[number]);
        }
        KeyCode::Tab | KeyCode::Right => turn(model, 1),
        KeyCode::BackTab | KeyCode::Left => turn(model, Tab::ALL.len() - 1),
        KeyCode::Char(']') => choose(model, 1),
        KeyCode::Char('[') => choose(model, model.databases.len() - 1),
        KeyCode::Down | KeyCode::Char('j') => model.cursor = model.cursor.saturating_add(1),
        KeyCode::Up | KeyCode::Char('k') => model.cursor = model.cursor.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => model.cursor = model.cursor.saturating_add(PAGE),
        KeyCode::PageUp => model.cursor = model.cursor.saturating_sub(PAGE),
        KeyCode::Home | KeyCode::Char('g') => model.cursor = 0,
        KeyCode::End | KeyCode::Char('G') => model.cursor = usize::MAX,
        KeyCode::Char(letter) => ask(model, letter),
        _ => {}
    }
    Effect::Nothing
}

fn show(model: &mut Model, tab: Tab) {
    if model.tab != tab {
        model.tab = tab;
        model.cursor = 0;
    }
}

fn turn(model: &mut Model, by: usize) {
    let now = Tab::ALL
        .iter()
        .position(|tab| *tab == model.tab)
        .unwrap_or_default();
    show(model, Tab::ALL[(now + by) % Tab::ALL.len()]);
}

fn choose(model: &mut Model, by: usize) {
    model.chosen = (model.chosen + by) % model.databases.len();
    model.cursor = 0;
}

/// The letter of an action, where one is allowed and has something to work on.
fn ask(model: &mut Model, letter: char) {
    let table = || {
        let tables = model.tables();
        let table = tables.get(model.cursor.min(tables.len().saturating_sub(1)))?;
        Some(format!("{}.{}", table.schema, table.name))
    };
    let action = match letter {
        'p' => Some(Intervention::PauseLoad),
        'r' => Some(Intervention::ResumeLoad),
        's' if model.tab == Tab::Tables => table().map(Intervention::SuspendTable),
        'u' if model.tab == Tab::Tables => table().map(Intervention::ResumeTable),
        'c' if model.tab == Tab::Cutover => Some(Intervention::Check),
        _ => None,
    };
    if let Some(action) = action
        && !model.is_read_only
        && !model.is_acting
    {
        model.mode = Mode::Asking(action);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::fixture::{following, table};

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    fn typed(model: &mut Model, text: &str) -> Effect {
        text.chars()
            .map(|letter| press(model, key(KeyCode::Char(letter))))
            .last()
            .unwrap()
    }

    #[test]
    fn an_action_is_done_only_after_a_yes() {
        let mut model = following();
        assert_eq!(typed(&mut model, "p"), Effect::Nothing);
        assert_eq!(model.mode, Mode::Asking(Intervention::PauseLoad));
        assert_eq!(typed(&mut model, "n"), Effect::Nothing);
        assert_eq!(model.mode, Mode::Looking);
        typed(&mut model, "p");
        assert_eq!(typed(&mut model, "y"), Effect::Do(Intervention::PauseLoad));
    }

    #[test]
    fn the_table_that_is_chosen_is_the_one_that_is_suspended() {
        let mut model = following();
        typed(&mut model, "2/");
        typed(&mut model, "cart");
        press(&mut model, key(KeyCode::Enter));
        typed(&mut model, "s");
        assert_eq!(
            model.mode,
            Mode::Asking(Intervention::SuspendTable("shop.cart".to_owned()))
        );
        // No table is left by the filter: there is nothing to ask for.
        press(&mut model, key(KeyCode::Esc));
        typed(&mut model, "/nothing");
        press(&mut model, key(KeyCode::Enter));
        typed(&mut model, "s");
        assert_eq!(model.mode, Mode::Looking);
    }

    #[test]
    fn who_may_only_read_is_asked_nothing() {
        let mut model = following();
        model.is_read_only = true;
        for letters in ["p", "r", "2s", "u", "5c"] {
            typed(&mut model, letters);
            assert_eq!(model.mode, Mode::Looking, "{letters}");
        }
    }

    #[test]
    fn letters_of_a_filter_are_no_commands() {
        let mut model = following();
        typed(&mut model, "/q");
        assert_eq!((model.filter.as_str(), model.tab), ("q", Tab::Tables));
        assert_eq!(typed(&mut model, "p"), Effect::Nothing);
        assert_eq!(model.filter, "qp");
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(press(&mut model, interrupt), Effect::Quit);
    }

    #[test]
    fn what_is_not_in_order_comes_first() {
        let mut model = following();
        let mut tables = vec![table("a"), table("b"), table("c")];
        tables[1].state = "loading".to_owned();
        tables[2].exceptions = 3;
        model.databases[0].tables = Some(tables.into());
        let names = |model: &Model| -> Vec<String> {
            model.tables().iter().map(|table| table.name.clone()).collect()
        };
        assert_eq!(names(&model), ["c", "b", "a"]);
        typed(&mut model, "2a");
        assert_eq!(names(&model), ["c", "b"]);
    }
}
