//! Quoting of identifiers and literals: the only place that does it.
//!
//! Names that come from a server are hostile input. Every identifier is quoted, always: whether a
//! word is reserved depends on the server's version, so leaving quotes out is never safe.
//! (PostgreSQL manual, "Lexical Structure".) NUL cannot occur in a PostgreSQL string and is dropped
//! by no one here: the server refuses it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `"name"`, with inner quotes doubled.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `'text'`, or `E'text'` where a backslash must not depend on `standard_conforming_strings`.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A schema-qualified name; `Display` quotes it for SQL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    fn quotes_and_backslashes_survive_in_literals() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\'b"), r"E'a\\''b'");
    }
}
