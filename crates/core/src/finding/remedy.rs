//! What ends a finding: sentences, and within them what is run as it stands.
//!
//! Owns which parts of a remedy a person can take along. Whoever words it says so ([`Remedy::run`]), so that nobody who shows it
//! later guesses from the words. In a sentence, a command of this program stands between double quotes and is known by that.
//! Invariants: the text is the same wherever it is shown; what is run lies within it, in order, and no two pieces overlap.

use std::{
    fmt,
    ops::{Deref, Range},
};

use serde::{Deserialize, Serialize};

/// How a sentence names a command of this program.
const QUOTED_COMMAND: &str = "\"transhume ";

/// Reads as its text; empty where nothing needs doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(into = "Document", from = "Document")]
pub struct Remedy {
    text: String,
    to_run: Vec<Range<usize>>,
}

/// As documents give it, within whatever it belongs to: words for people, and beside them what a script may run.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct Document {
    /// What remedies it, in words; empty where nothing needs doing.
    remedy: String,
    /// Of the remedy what is run as it stands, in its order: statements, commands, and options of `transhume`.
    #[serde(default)]
    to_run: Vec<String>,
}

impl Remedy {
    /// A statement or a command that is run as it stands.
    pub fn run(code: impl Into<String>) -> Self {
        let text = code.into();
        let whole = 0..text.len();
        Self {
            to_run: (!text.is_empty()).then_some(whole).into_iter().collect(),
            text,
        }
    }

    /// What is run on the target, after the words that say so.
    pub fn on_target(statement: impl Into<String>) -> Self {
        Self::on("target", statement)
    }

    /// What is run on a side, after the words that say so.
    pub fn on(side: &str, statement: impl Into<String>) -> Self {
        Self::from(format!("on the {side}: ")).then(Self::run(statement))
    }

    /// One behind the other; statements that are run one by one are run together too.
    pub fn joined(remedies: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let mut all = remedies.into_iter();
        let Some(first) = all.next() else {
            return Self::default();
        };
        all.fold(first, |before, next| {
            if before.is_run_whole() && next.is_run_whole() {
                return Self::run(format!("{before}{separator}{next}"));
            }
            let mut joined = before;
            joined.text.push_str(separator);
            joined.then(next)
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn then(mut self, more: impl Into<Self>) -> Self {
        let more = more.into();
        let before = self.text.len();
        self.text.push_str(&more.text);
        let moved = more.to_run.iter();
        self.to_run
            .extend(moved.map(|range| range.start + before..range.end + before));
        self
    }

    /// Behind a statement or a command a comment is part of it: it can be pasted along.
    #[must_use]
    pub fn with_comment(mut self, comment: &str) -> Self {
        self.text.push_str(comment);
        let (before, end) = (self.text.len() - comment.len(), self.text.len());
        if let Some(last) = self.to_run.last_mut().filter(|last| last.end == before) {
            last.end = end;
        }
        self
    }

    /// All of it is run as it stands.
    pub fn is_run_whole(&self) -> bool {
        matches!(&self.to_run[..], [range] if *range == (0..self.text.len()))
    }

    /// The words before the one statement that ends it, and that statement.
    pub fn place_and_statement(&self) -> Option<(&str, &str)> {
        let [range] = &self.to_run[..] else { return None };
        let place = self.text[..range.start].strip_suffix(": ")?;
        (range.end == self.text.len()).then_some((place, &self.text[range.start..]))
    }

    /// What can be run, in the order of the text.
    pub fn to_run(&self) -> impl Iterator<Item = &str> {
        self.to_run.iter().map(|range| &self.text[range.clone()])
    }

    /// As the state keeps it: what is run stands between backquotes, as in Markdown; a backquote of the text has a backslash.
    pub fn marked(&self) -> String {
        let mut marked = String::with_capacity(self.text.len() + 2 * self.to_run.len());
        for (place, character) in self.text.char_indices() {
            let borders = self.to_run.iter().flat_map(|range| [range.start, range.end]);
            marked.extend(borders.filter(|border| *border == place).map(|_| '`'));
            if matches!(character, '`' | '\\') {
                marked.push('\\');
            }
            marked.push(character);
        }
        if self.to_run.last().is_some_and(|last| last.end == self.text.len()) {
            marked.push('`');
        }
        marked
    }

    /// What [`Remedy::marked`] wrote. What is marked to no end is a sentence.
    pub fn from_marked(marked: &str) -> Self {
        let mut remedy = Self::default();
        let mut open = None;
        let mut characters = marked.chars();
        while let Some(character) = characters.next() {
            match (character, open) {
                ('`', None) => open = Some(remedy.text.len()),
                ('`', Some(start)) => {
                    remedy.to_run.push(start..remedy.text.len());
                    open = None;
                }
                ('\\', _) => remedy.text.extend(characters.next()),
                _ => remedy.text.push(character),
            }
        }
        remedy
    }
}

/// The commands that a sentence quotes. A quote inside of a shell's own quotes belongs to a name and ends nothing; a command
/// with something left to fill in cannot be run.
fn quoted_commands(text: &str) -> Vec<Range<usize>> {
    let mut commands = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find(QUOTED_COMMAND) {
        let start = from + found + 1;
        let mut is_in_name = false;
        let end = text[start..].find(|character: char| {
            is_in_name ^= character == '\'';
            character == '"' && !is_in_name
        });
        let Some(length) = end else { break };
        if !text[start..start + length].contains('…') {
            commands.push(start..start + length);
        }
        from = start + length + 1;
    }
    commands
}

impl From<String> for Remedy {
    fn from(text: String) -> Self {
        Self {
            to_run: quoted_commands(&text),
            text,
        }
    }
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<&String> for Remedy {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Self> for Remedy {
    fn from(remedy: &Self) -> Self {
        remedy.clone()
    }
}

impl From<Remedy> for String {
    fn from(remedy: Remedy) -> Self {
        remedy.text
    }
}

impl PartialEq<&str> for Remedy {
    fn eq(&self, text: &&str) -> bool {
        self.text == *text
    }
}

impl Deref for Remedy {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl From<Remedy> for Document {
    fn from(remedy: Remedy) -> Self {
        Self {
            to_run: remedy.to_run().map(str::to_owned).collect(),
            remedy: remedy.text,
        }
    }
}

impl From<Document> for Remedy {
    fn from(document: Document) -> Self {
        let text = document.remedy;
        let mut to_run = Vec::with_capacity(document.to_run.len());
        let mut from = 0;
        for piece in &document.to_run {
            if let Some(found) = text[from..].find(piece) {
                let start = from + found;
                from = start + piece.len();
                to_run.push(start..from);
            }
        }
        Self { text, to_run }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(remedy: &Remedy) -> Vec<&str> {
        remedy.to_run().collect()
    }

    #[test]
    fn what_is_run_is_what_was_said_to_be_and_not_what_looks_so() {
        let prose = Remedy::from("create the table shop.item on the target as the source has it");
        assert!(runs(&prose).is_empty() && !prose.is_run_whole());
        let both = Remedy::on_target("alter table a add b int")
            .then("; then ")
            .then(Remedy::run("transhume run"));
        assert_eq!(
            &*both,
            "on the target: alter table a add b int; then transhume run"
        );
        assert_eq!(runs(&both), ["alter table a add b int", "transhume run"]);
        assert_eq!(both.place_and_statement(), None);
        let placed = Remedy::on_target("drop table a");
        assert_eq!(
            placed.place_and_statement(),
            Some(("on the target", "drop table a"))
        );
        let commented = Remedy::run("aws reboot").with_comment("\n# or wait");
        assert!(commented.is_run_whole() && commented.ends_with("wait"));
        assert!(runs(&Remedy::run("")).is_empty());
    }

    #[test]
    fn commands_in_a_sentence_are_taken_out_whole() {
        let text = "mend it, then \"transhume table reload 'a\"b' shop.c\", or \"transhume table add …\", or \"transhume run\"";
        assert_eq!(
            runs(&Remedy::from(text)),
            ["transhume table reload 'a\"b' shop.c", "transhume run"]
        );
        assert!(runs(&Remedy::from("an \"open one: \"transhume run")).is_empty());
    }

    #[test]
    fn a_script_finds_apart_from_the_words_what_it_may_run() {
        let remedy = Remedy::on_target("grant a to b")
            .then("; or leave it out: ")
            .then(Remedy::run("--exclude a"));
        let written = serde_json::to_value(&remedy).unwrap();
        let text = "on the target: grant a to b; or leave it out: --exclude a";
        assert_eq!(
            written,
            serde_json::json!({"remedy": text, "to_run": ["grant a to b", "--exclude a"]})
        );
        assert_eq!(serde_json::from_value::<Remedy>(written).unwrap(), remedy);
    }

    #[test]
    fn the_state_gives_back_what_it_was_given() {
        for remedy in [
            Remedy::default(),
            Remedy::from("no more than a sentence with a ` and a \\"),
            Remedy::run("alter table \"a`b\\\" add c int"),
            Remedy::from("é: ")
                .then(Remedy::run("select 1"))
                .then(Remedy::run("select 2"))
                .then(" ü"),
        ] {
            assert_eq!(
                Remedy::from_marked(&remedy.marked()),
                remedy,
                "{}",
                remedy.marked()
            );
        }
        assert_eq!(Remedy::run("select 1").marked(), "`select 1`");
        assert_eq!(&*Remedy::from_marked("left `open"), "left open");
    }
}
