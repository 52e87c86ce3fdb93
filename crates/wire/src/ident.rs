//! Quoting of identifiers and literals: the only place that does it.
//!
//! Names that come from a server are hostile input. Every identifier is quoted, always: whether a
//! word is reserved depends on the server's version, so leaving quotes out is never safe.
//! (PostgreSQL manual, "Lexical Structure".) NUL cannot occur in a PostgreSQL string and is dropped
//! by no one here: the server refuses it.
//!
//! What is quoted is also what a person copies from a remedy: characters that nobody can see are written as escapes, which
//! mean the same to the server.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::printable::is_hidden;

/// `"name"`, with inner quotes doubled; `U&"na\0007me"` where something in it cannot be seen.
pub fn quote_identifier(name: &str) -> String {
    if !name.chars().any(is_hidden) {
        return quote_for_lookup(name);
    }
    let mut quoted = String::from("U&\"");
    for letter in name.chars() {
        match (letter, u32::from(letter)) {
            ('"' | '\\', _) => quoted.extend([letter, letter]),
            (_, code) if is_hidden(letter) && code <= 0xffff => {
                push(&mut quoted, format_args!("\\{code:04X}"));
            }
            (_, code) if is_hidden(letter) => push(&mut quoted, format_args!("\\+{code:06X}")),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// `"name"` as functions read it that look a name up in a text, such as `to_regclass`: they know no escapes.
fn quote_for_lookup(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `'text'`, or `E'text'` where a backslash must not depend on `standard_conforming_strings`, or something cannot be seen.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if !quoted.contains(|letter| letter == '\\' || is_hidden(letter)) {
        return format!("'{quoted}'");
    }
    let mut escaped = String::from("E'");
    for letter in quoted.chars() {
        match (letter, u32::from(letter)) {
            ('\\', _) => escaped.push_str("\\\\"),
            ('\n', _) => escaped.push_str("\\n"),
            (_, code) if is_hidden(letter) && code <= 0xffff => {
                push(&mut escaped, format_args!("\\u{code:04X}"));
            }
            (_, code) if is_hidden(letter) => push(&mut escaped, format_args!("\\U{code:08X}")),
            _ => escaped.push(letter),
        }
    }
    escaped.push('\'');
    escaped
}

fn push(text: &mut String, more: fmt::Arguments<'_>) {
    text.write_fmt(more)
        .expect("invariant: a String takes all that is written");
}

/// An operator of a schema; `Display` writes it for SQL, whatever the `search_path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, String)", into = "(String, String)")]
pub struct OperatorName {
    pub schema: String,
    /// Signs alone, which are never quoted.
    pub name: String,
}

impl OperatorName {
    /// PostgreSQL's own `=`.
    pub fn equal() -> Self {
        Self {
            schema: "pg_catalog".to_owned(),
            name: "=".to_owned(),
        }
    }
}

impl From<(String, String)> for OperatorName {
    fn from((schema, name): (String, String)) -> Self {
        Self { schema, name }
    }
}

impl From<OperatorName> for (String, String) {
    fn from(operator: OperatorName) -> Self {
        (operator.schema, operator.name)
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "operator({}.{})",
            quote_identifier(&self.schema),
            self.name
        )
    }
}

/// A schema-qualified name; `Display` quotes it for SQL.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct QualifiedName {
    pub schema: String,
    pub name: String,
}

impl QualifiedName {
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }

    /// For `to_regclass` and the like.
    pub fn lookup(&self) -> String {
        format!(
            "{}.{}",
            quote_for_lookup(&self.schema),
            quote_for_lookup(&self.name)
        )
    }

    /// `schema.name` for people: unquoted, control characters shown as escapes.
    pub fn plain(&self) -> String {
        format!("{}.{}", self.schema.escape_debug(), self.name.escape_debug())
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}.{}",
            quote_identifier(&self.schema),
            quote_identifier(&self.name)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_survive_in_identifiers() {
        assert_eq!(quote_identifier(r#"we"ird"#), r#""we""ird""#);
        assert_eq!(QualifiedName::new("a.b", "C d").to_string(), r#""a.b"."C d""#);
    }

    #[test]
    fn what_cannot_be_seen_is_written_so_that_it_can_be_copied() {
        assert_eq!(
            quote_identifier("a\u{1b}\\\"\u{202e}\u{e0001}"),
            r#"U&"a\001B\\""\202E\+0E0001""#
        );
        assert_eq!(quote_literal("it's\n\u{1b}"), r"E'it''s\n\u001B'");
        assert_eq!(QualifiedName::new("s", "a\nb").lookup(), "\"s\".\"a\nb\"");
    }

    #[test]
    fn quotes_and_backslashes_survive_in_literals() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\'b"), r"E'a\\''b'");
    }
}
