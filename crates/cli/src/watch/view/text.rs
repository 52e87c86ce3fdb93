//! Text on a grid of cells: cleaned, coloured, cut and wrapped to a width.
//!
//! Invariant: the only way from a name or a message of a server to a cell leads through [`clean`].

use ratatui::{
    style::{Color, Modifier, Style},
    text::{Line, Span},
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::show::terminal::{
    secret::{printable, redact},
    style::Tone,
};

/// Colours, where they are wanted.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    pub(super) is_colored: bool,
}

impl Paint {
    pub(super) fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        let (color, modifier) = match tone {
            Tone::Plain => return plain,
            Tone::Label => return plain.add_modifier(Modifier::BOLD),
            Tone::Faint => return plain.add_modifier(Modifier::DIM),
            Tone::Good => (Color::Green, Modifier::empty()),
            Tone::Warning => (Color::Yellow, Modifier::BOLD),
            Tone::Bad => (Color::Red, Modifier::BOLD),
        };
        let style = plain.add_modifier(modifier);
        if self.is_colored { style.fg(color) } else { style }
    }

    pub(super) fn span(self, tone: Tone, text: &str) -> Span<'static> {
        Span::styled(clean(text), self.style(tone))
    }

    pub(super) fn line(self, tone: Tone, text: &str) -> Line<'static> {
        Line::from(self.span(tone, text))
    }
}

/// One line of what can be shown: no secret, nothing that steers a terminal or turns its text around.
pub(super) fn clean(text: &str) -> String {
    let text = redact(&printable(text));
    text.replace(['\n', '\t'], " ")
}

pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// At most so many cells; what is cut ends in `…`.
pub(super) fn cut(text: &str, cells: usize) -> String {
    let text = clean(text);
    if text.width() <= cells {
        return text;
    }
    let (kept, _) = split_at(&text, cells.saturating_sub(1));
    if cells == 0 {
        String::new()
    } else {
        format!("{kept}…")
    }
}

/// Exactly so many cells, to the left.
pub(super) fn left(text: &str, cells: usize) -> String {
    let text = cut(text, cells);
    let rest = cells.saturating_sub(text.width());
    text + &" ".repeat(rest)
}

/// Exactly so many cells, to the right.
pub(super) fn right(text: &str, cells: usize) -> String {
    let text = cut(text, cells);
    let rest = cells.saturating_sub(text.width());
    " ".repeat(rest) + &text
}

/// Lines of at most so many cells, broken between words where they have room; line ends stay.
pub(super) fn wrapped(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    for paragraph in text.trim_end().split('\n') {
        let mut line = String::new();
        for word in clean(paragraph).split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > cells {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            while line.width() > cells {
                let (kept, rest) = split_at(&line, cells);
                let rest = rest.to_owned();
                lines.push(kept.to_owned());
                line = rest;
            }
        }
        lines.push(line);
    }
    lines
}

/// The same, of which the first so many; what is left out is shown by `…`.
pub(super) fn wrapped_to(text: &str, cells: usize, lines: usize) -> Vec<String> {
    let mut all = wrapped(text, cells);
    if all.len() > lines {
        all.truncate(lines);
        if let Some(last) = all.last_mut() {
            *last = cut(&format!("{last} …"), cells);
            if !last.ends_with('…') {
                last.push('…');
            }
        }
    }
    all
}

/// As much as fits, at least one character, and the rest.
fn split_at(text: &str, cells: usize) -> (&str, &str) {
    let mut taken = 0;
    for (index, letter) in text.char_indices() {
        taken += letter.width().unwrap_or(0);
        if taken > cells && index > 0 {
            return text.split_at(index);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_server_steers_the_terminal() {
        assert_eq!(clean("a\u{1b}[2J\nb\t\u{202e}c"), "a\\u{1b}[2J b \\u{202e}c");
        assert_eq!(clean("postgresql://ann:s3cret@h/d"), "postgresql://ann:***@h/d");
    }

    #[test]
    fn wide_letters_count_as_the_cells_that_they_take() {
        assert_eq!(cut("日本語テーブル", 7), "日本語…");
        assert_eq!(left("日本", 6), "日本  ");
        assert_eq!(right("12", 4), "  12");
        assert!(wrapped("日本語テーブル", 5).iter().all(|line| width(line) <= 5));
    }

    #[test]
    fn text_is_broken_between_words_and_no_word_is_lost() {
        assert_eq!(
            wrapped("alter table shop.a add b", 12),
            ["alter table", "shop.a add b"]
        );
        assert_eq!(wrapped("one\ntwo", 12), ["one", "two"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped_to("one two three four", 9, 1), ["one two …"]);
    }
}
