//! Words that the product's code does not use: banned synonyms of the glossary, SQL outside of `crates/pg`, printing.

use std::collections::HashSet;

use super::SourceFile;
use super::source_text::split;

/// The glossary has another word for each of these (docs/architecture.md); only those are listed
/// that have no other meaning in Rust code.
const BANNED: [(&str, &str); 27] = [
    ("src", "source"),
    ("dst", "target"),
    ("upstream", "source"),
    ("downstream", "target"),
    ("destination", "target"),
    ("watermark", "frontier"),
    ("backfill", "full load"),
    ("chunk", "part"),
    ("chunks", "parts"),
    ("shard", "part"),
    ("mutation", "change"),
    ("switchover", "cutover"),
    ("workflow", "migration, phase or step"),
    ("job", "migration, phase or step"),
    ("bookmark", "slot or frontier"),
    ("sentinel", "marker"),
    ("master", "source"),
    ("daemon", "runner"),
    ("crew", "workers"),
    ("artefact", "deviation"),
    ("issue", "finding"),
    ("fix", "remedy"),
    ("offset", "LSN"),
    ("checkpoint", "frontier"),
    ("lease", "claim"),
    ("tailing", "stream"),
    ("barrier", "fence"),
];

/// Words of the code, or of nobody, that an operator does not read; his word for each (docs/glossary.md).
const NOT_FOR_OPERATORS: [(&str, &str); 16] = [
    ("frontier", "applied LSN"),
    ("way back", "fallback or reverse replication"),
    ("the gate", "checks"),
    ("set aside", "suspended or disabled"),
    ("worth knowing", "warning"),
    ("stands still", "waits"),
    ("stands before", "waits before"),
    ("crew", "worker"),
    ("goes on", "continues"),
    ("setting aside", "suspending or disabling"),
    ("stream back", "reverse replication"),
    ("back-sync", "reverse replication"),
    ("condition met", "check passed"),
    ("dry run", "rehearsal"),
    ("daemon", "runner"),
    ("downtime", "write pause"),
];

/// Nouns that follow a number in some message: `core::count::counted` gives each its right form.
const COUNTED: [&str; 34] = [
    "attempts",
    "blockers",
    "builds",
    "changes",
    "checks",
    "columns",
    "commits",
    "conditions",
    "connections",
    "constraints",
    "databases",
    "definitions",
    "differences",
    "entries",
    "exceptions",
    "findings",
    "hosts",
    "indexes",
    "keys",
    "objects",
    "parts",
    "ports",
    "roles",
    "rows",
    "schemas",
    "seconds",
    "sequences",
    "servers",
    "sessions",
    "statements",
    "tables",
    "transactions",
    "warnings",
    "workers",
];

/// Crates whose messages an operator reads.
const SPEAKING: [&str; 4] = ["core", "pg", "engine", "cli"];

/// Beginnings of statements that read or write; remedies shown to an operator begin otherwise.
const STATEMENTS: [&str; 10] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "WITH ",
    "LOCK TABLE ",
    "LISTEN ",
    "NOTIFY ",
    "BEGIN;",
    "SET ",
];

/// Crates that hold no SQL text.
const WITHOUT_SQL: [&str; 3] = ["wire", "core", "engine"];

pub(super) fn complaints(file: &SourceFile) -> Vec<String> {
    if file.is_test() {
        return Vec::new();
    }
    let text = split(file.product_text());
    let mut complaints = Vec::new();
    for (line, code) in &text.code {
        let named = own_words(code);
        for (word, better) in BANNED.iter().filter(|(word, _)| named.contains(*word)) {
            complaints.push(format!("{}:{line}: say \"{better}\", not \"{word}\"", file.path));
        }
        if prints(code)
            && !["cli", "xtask", "testkit"]
                .iter()
                .any(|package| file.belongs_to(package))
        {
            complaints.push(format!("{}:{line}: only the command line prints", file.path));
        }
    }
    if SPEAKING.iter().any(|package| file.belongs_to(package)) {
        for (line, content) in &text.strings {
            complaints.extend(spoken(content).map(|complaint| format!("{}:{line}: {complaint}", file.path)));
        }
    }
    if WITHOUT_SQL.iter().any(|package| file.belongs_to(package)) {
        let sql = text.strings.iter().filter(|(_, content)| is_statement(content));
        complaints.extend(
            sql.map(|(line, _)| format!("{}:{line}: SQL belongs in crates/pg, in a .sql file", file.path)),
        );
    }
    complaints
}

/// What an operator should not read in this literal. A single word is a key or a name, not a message.
fn spoken(literal: &str) -> impl Iterator<Item = String> {
    let is_message = literal.contains(' ') && !is_query(literal);
    let said = if is_message {
        without_placeholders(literal)
    } else {
        String::new()
    };
    let mut complaints: Vec<String> = NOT_FOR_OPERATORS
        .iter()
        .filter(|(phrase, _)| holds_phrase(&said, phrase))
        .map(|(phrase, better)| format!("say \"{better}\" to operators, not \"{phrase}\""))
        .collect();
    let miscounted = said
        .split('\u{0}')
        .skip(1)
        .filter_map(|after| after.strip_prefix(' '))
        .filter_map(|after| {
            after
                .split(|character: char| !character.is_alphabetic() && character != '/')
                .next()
        })
        .find(|noun| COUNTED.contains(noun));
    complaints
        .extend(miscounted.map(|noun| format!("write a count of \"{noun}\" with core::count::counted")));
    complaints.into_iter()
}

/// Placeholders of a format string become one character that no message holds; its line breaks become blanks.
fn without_placeholders(literal: &str) -> String {
    let mut said = String::with_capacity(literal.len());
    let mut depth = 0_usize;
    for character in literal.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => {
                depth -= 1;
                said.push('\u{0}');
            }
            _ if depth > 0 => {}
            '\n' | '\\' => said.push(' '),
            other => said.push(other),
        }
    }
    said.split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn holds_phrase(said: &str, phrase: &str) -> bool {
    said.match_indices(phrase).any(|(position, _)| {
        let is_edge = |character: Option<char>| {
            character.is_none_or(|character| !character.is_alphanumeric() && character != '_')
        };
        is_edge(said[..position].chars().next_back())
            && is_edge(said[position + phrase.len()..].chars().next())
    })
}

/// Lower-case SQL beside its function, as pg holds it.
fn is_query(literal: &str) -> bool {
    [
        "select ", "insert ", "update ", "delete ", "with ", "lock ", "alter ",
    ]
    .iter()
    .any(|start| literal.trim_start().starts_with(start))
}

/// The words of names that this code gives. What follows a dot or a path separator was named elsewhere.
fn own_words(code: &str) -> HashSet<String> {
    let mut words = HashSet::new();
    let mut rest = code;
    let mut before = String::new();
    while let Some(start) = rest.find(|character: char| character.is_alphanumeric() || character == '_') {
        before.push_str(&rest[..start]);
        rest = &rest[start..];
        let length = rest.find(|character: char| !(character.is_alphanumeric() || character == '_'));
        let name = &rest[..length.unwrap_or(rest.len())];
        let named_elsewhere = before.ends_with('.') && !before.ends_with("..") || before.ends_with("::");
        if !named_elsewhere {
            words.extend(words_of(name));
        }
        before.push_str(name);
        rest = &rest[name.len()..];
    }
    words
}

/// `read_parts` and `ReadParts` are both read and parts.
fn words_of(name: &str) -> impl Iterator<Item = String> {
    let mut words: Vec<String> = Vec::new();
    for piece in name.split('_') {
        let mut after_lower = false;
        words.push(String::new());
        for character in piece.chars() {
            if character.is_uppercase() && after_lower {
                words.push(String::new());
            }
            after_lower = character.is_lowercase();
            words
                .last_mut()
                .expect("one was just pushed")
                .extend(character.to_lowercase());
        }
    }
    words.into_iter()
}

fn prints(code: &str) -> bool {
    ["println!", "print!", "eprint!", "dbg!"]
        .iter()
        .any(|name| code.contains(name))
}

fn is_statement(literal: &str) -> bool {
    STATEMENTS.iter().any(|start| literal.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> Vec<String> {
        complaints(&SourceFile::new(path, text))
    }

    #[test]
    fn a_banned_word_counts_only_as_a_word_of_an_own_name() {
        assert_eq!(check("crates/pg/src/a.rs", "fn next_chunk() {}").len(), 1);
        assert_eq!(check("crates/pg/src/a.rs", "struct SrcTable;").len(), 1);
        assert!(check("crates/pg/src/a.rs", "for pair in list.chunks(2) {} // a chunk").is_empty());
        assert!(check("crates/pg/src/a.rs", "let jobless = 1;").is_empty());
    }

    #[test]
    fn operators_read_their_own_words_and_right_plurals() {
        let check = |text| check("crates/engine/src/a.rs", text);
        assert_eq!(check("let a = \"reading the frontier\";").len(), 1);
        assert_eq!(
            check("let a = format!(\"{} tables are planned\", count);").len(),
            1
        );
        assert_eq!(check("let a = \"it was\\\n    set aside\";").len(), 1);
        assert!(
            check("let a = format!(\"applied up to {frontier}, {} later\", counted(2, \"row\"));").is_empty()
        );
        assert!(check("const KEY: &str = \"frontier\";").is_empty());
    }

    #[test]
    fn sql_and_printing_are_found_where_they_do_not_belong() {
        let text =
            "fn f() { println!(\"SELECT 1\") }\n#[cfg(test)]\nmod tests { fn g() { print!(\"SELECT 2\") } }";
        assert_eq!(check("crates/engine/src/a.rs", text).len(), 2);
        assert!(check("crates/cli/src/a.rs", text).is_empty());
    }
}
