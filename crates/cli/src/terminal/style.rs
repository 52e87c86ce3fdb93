//! Colour, where it is wanted. It never carries meaning alone: every coloured word says the same.

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
