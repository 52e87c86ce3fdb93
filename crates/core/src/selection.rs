//! Which schemas and tables a migration takes: include and exclude patterns.
//!
//! The same value decides for schema, load, publication, verify and cutover. Patterns are
//! `schema` or `schema.table` with `*` and `?`; exclusion wins. System schemas, `transhume` itself
//! and temporary schemas are never selected.

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

/// What the operator asked for, as written in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Patterns of schemas or tables to take; empty means everything.
    pub include: Vec<String>,
    /// Patterns of schemas or tables to leave.
    pub exclude: Vec<String>,
}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the pattern \"{pattern}\": {reason}")]
pub struct BadPattern {
    pub pattern: String,
    pub reason: String,
}

/// A [`Selection`] ready to be asked.
#[derive(Debug, Clone)]
pub struct Selector {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    schema: GlobMatcher,
    table: Option<GlobMatcher>,
}

impl Selection {
    pub fn selector(&self) -> Result<Selector, BadPattern> {
        let parse = |patterns: &[String]| {
            patterns
                .iter()
                .map(|text| Pattern::parse(text))
                .collect::<Result<_, _>>()
        };
        Ok(Selector {
            include: parse(&self.include)?,
            exclude: parse(&self.exclude)?,
        })
    }
}

impl Selector {
    /// Leaves nothing out.
    pub fn everything() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
        }
    }

    pub fn selects(&self, name: &QualifiedName) -> bool {
        !is_system_schema(&name.schema)
            && (self.include.is_empty() || self.include.iter().any(|pattern| pattern.matches(name)))
            && !self.exclude.iter().any(|pattern| pattern.matches(name))
    }

    /// Include patterns that match none of `names`: most likely a slip of the operator.
    pub fn unmatched(&self, names: &[QualifiedName]) -> Vec<&str> {
        self.include
            .iter()
            .filter(|pattern| !names.iter().any(|name| pattern.matches(name)))
            .map(|pattern| pattern.text.as_str())
            .collect()
    }

    /// Nothing is left out, so objects that belong to no table (functions, types) come whole.
    pub fn is_everything(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, BadPattern> {
        let glob = |part: &str| {
            Glob::new(part)
                .map(|glob| glob.compile_matcher())
                .map_err(|error| BadPattern {
                    pattern: text.to_owned(),
                    reason: error.kind().to_string(),
                })
        };
        if text.is_empty() {
            return Err(BadPattern {
                pattern: String::new(),
                reason: "it is empty".to_owned(),
            });
        }
        let (schema, table) = match text.split_once('.') {
            Some((schema, table)) => (schema, Some(glob(table)?)),
            None => (text, None),
        };
        Ok(Self {
            text: text.to_owned(),
            schema: glob(schema)?,
            table,
        })
    }

    fn matches(&self, name: &QualifiedName) -> bool {
        self.schema.is_match(&name.schema)
            && self.table.as_ref().is_none_or(|table| table.is_match(&name.name))
    }
}

/// Schemas that no migration touches.
pub fn is_system_schema(schema: &str) -> bool {
    schema == "information_schema" || schema == "transhume" || schema.starts_with("pg_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(include: &[&str], exclude: &[&str], schema: &str, name: &str) -> bool {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let selection = Selection {
            include: owned(include),
            exclude: owned(exclude),
        };
        let selector = selection.selector().expect("patterns are valid");
        selector.selects(&QualifiedName::new(schema, name))
    }

    #[test]
    fn everything_but_system_schemas_is_selected_by_default() {
        assert!(selects(&[], &[], "public", "orders"));
        assert!(!selects(&[], &[], "pg_catalog", "pg_class"));
        assert!(!selects(&["*"], &[], "transhume", "part"));
    }

    #[test]
    fn exclusion_wins_over_inclusion() {
        assert!(selects(&["shop"], &["shop.audit_*"], "shop", "orders"));
        assert!(!selects(&["shop"], &["shop.audit_*"], "shop", "audit_2024"));
        assert!(!selects(&["shop.orders"], &[], "shop", "items"));
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let selection = Selection {
            include: vec!["a[".into()],
            exclude: vec![],
        };
        assert_eq!(selection.selector().unwrap_err().pattern, "a[");
    }
}
