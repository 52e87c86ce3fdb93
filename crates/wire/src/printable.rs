//! Which characters must not reach a terminal or a page as they are.
//!
//! Control characters steer a terminal; bidirectional and other format characters make a line show what it does not say
//! (Unicode Technical Report 36). Names and values come from servers, so both are hostile input.

/// A character that nobody can see, or that changes how others are shown.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            // Arabic letter mark; zero width and bidirectional marks; separators; embeddings and overrides; isolates.
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotations, tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with such characters as `\u{…}`; line ends and tabs stay.
pub fn escape_hidden(text: &str) -> String {
    escape_where(text, |letter| is_hidden(letter) && !matches!(letter, '\n' | '\t'))
}

/// The same on one line.
pub fn escape_on_one_line(text: &str) -> String {
    escape_where(text, is_hidden)
}

fn escape_where(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_escaped(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown_and_all_else_stays() {
        assert_eq!(
            escape_hidden("a\u{1b}[31m\tb\nc\u{202e}\u{2066}\u{feff}\r\u{85}"),
            "a\\u{1b}[31m\tb\nc\\u{202e}\\u{2066}\\u{feff}\\u{d}\\u{85}"
        );
        assert_eq!(escape_hidden("Größe 東京 👩 é"), "Größe 東京 👩 é");
        assert_eq!(escape_on_one_line("a\nb"), "a\\u{a}b");
    }
}
