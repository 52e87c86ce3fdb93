//! Colour, where it is wanted. It never carries meaning alone: every coloured word says the same.

use super::secret::printable;

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// Where the stream is a terminal and NO_COLOR is not set.
    #[default]
    Auto,
    Always,
    Never,
}

/// What a piece of text is, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Label,
    Good,
    Warning,
    Bad,
    Faint,
}

/// Whether one stream gets colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    colored: bool,
}

impl Style {
    pub(crate) fn new(choice: ColorChoice, is_terminal: bool) -> Self {
        // https://no-color.org: set and not empty.
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colored = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !no_color,
        };
        Self { colored }
    }

    /// No colour, for text that goes on to somewhere else.
    pub(crate) fn plain() -> Self {
        Self { colored: false }
    }

    pub(crate) fn is_colored(self) -> bool {
        self.colored
    }

    /// Text with control characters as escapes but the colours that [`Self::paint`] puts in. Names and
    /// messages of a server are in it too: the worst that they can do is to be coloured.
    pub(crate) fn printable(self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(found) = rest.find('\u{1b}').filter(|_| self.colored) {
            kept.push_str(&printable(&rest[..found]));
            let length = color_length(&rest[found..]);
            kept.push_str(&rest[found..found + length]);
            rest = &rest[found + length..];
            if length == 0 {
                kept.push_str(&printable(&rest[..1]));
                rest = &rest[1..];
            }
        }
        kept + &printable(rest)
    }

    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        // SGR parameters (ECMA-48): bold, and the basic colours that every palette has.
        let code = match tone {
            Tone::Plain => None,
            Tone::Label => Some("1"),
            Tone::Good => Some("32"),
            Tone::Warning => Some("1;33"),
            Tone::Bad => Some("1;31"),
            Tone::Faint => Some("2"),
        };
        match code {
            Some(code) if self.colored && !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }
}

/// Bytes of a colour sequence at the start of the text: escape, `[`, digits and `;`, `m`. 0 for any other.
fn color_length(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let length = parameters
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b';')
        .count();
    if parameters[length..].starts_with('m') {
        "\u{1b}[".len() + length + "m".len()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_pass_and_only_where_they_are_wanted() {
        let colored = Style { colored: true };
        let text = format!("{} a\u{1b}[2Jb\u{7}\u{1b}", colored.paint(Tone::Bad, "bad"));
        assert_eq!(
            colored.printable(&text),
            "\u{1b}[1;31mbad\u{1b}[0m a\\u{1b}[2Jb\\u{7}\\u{1b}"
        );
        assert_eq!(
            Style::plain().printable(&text),
            "\\u{1b}[1;31mbad\\u{1b}[0m a\\u{1b}[2Jb\\u{7}\\u{1b}"
        );
        assert_eq!(Style::plain().paint(Tone::Bad, "bad"), "bad");
    }
}
