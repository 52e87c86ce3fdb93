//! Words that the product's code does not use: banned synonyms of the glossary, SQL outside of `crates/pg`, printing.

use super::SourceFile;
use super::source_text::split;

/// The glossary has another word for each of these (docs/architecture.md); only those are listed
/// that have no other meaning in Rust code.
const BANNED: [(&str, &str); 16] = [
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
];

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
        for (word, better) in BANNED {
            if uses(code, word) {
                complaints.push(format!("{}:{line}: say \"{better}\", not \"{word}\"", file.path));
            }
        }
        if prints(code)
            && !["cli", "xtask", "testkit"]
                .iter()
                .any(|package| file.belongs_to(package))
        {
            complaints.push(format!("{}:{line}: only the command line prints", file.path));
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

/// True where a name that this code gives holds the word. What follows a dot or a path separator was named elsewhere.
fn uses(code: &str, word: &str) -> bool {
    let mut rest = code;
    let mut before = String::new();
    while let Some(start) = rest.find(|character: char| character.is_alphanumeric() || character == '_') {
        before.push_str(&rest[..start]);
        rest = &rest[start..];
        let length = rest.find(|character: char| !(character.is_alphanumeric() || character == '_'));
        let name = &rest[..length.unwrap_or(rest.len())];
        let named_elsewhere = before.ends_with('.') && !before.ends_with("..") || before.ends_with("::");
        if !named_elsewhere && words_of(name).any(|part| part == word) {
            return true;
        }
        before.push_str(name);
        rest = &rest[name.len()..];
    }
    false
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
        complaints(&SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn a_banned_word_counts_only_as_a_word_of_an_own_name() {
        assert_eq!(check("crates/pg/src/a.rs", "fn next_chunk() {}").len(), 1);
        assert_eq!(check("crates/pg/src/a.rs", "struct SrcTable;").len(), 1);
        assert!(check("crates/pg/src/a.rs", "for pair in list.chunks(2) {} // a chunk").is_empty());
        assert!(check("crates/pg/src/a.rs", "let jobless = 1;").is_empty());
    }

    #[test]
    fn sql_and_printing_are_found_where_they_do_not_belong() {
        let text =
            "fn f() { println!(\"SELECT 1\") }\n#[cfg(test)]\nmod tests { fn g() { print!(\"SELECT 2\") } }";
        assert_eq!(check("crates/engine/src/a.rs", text).len(), 2);
        assert!(check("crates/cli/src/a.rs", text).is_empty());
    }
}
