//! Which schemas and tables a migration takes: include and exclude patterns.
//!
//! The same value decides for schema, load, publication, verify and cutover. Patterns are
//! `schema` or `schema.table` with `*` and `?`; exclusion wins. System schemas, `transhume` itself
//! and temporary schemas are never selected.

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

use crate::role_map::RoleMap;

/// What the operator asked for, as written in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Patterns of schemas or tables to take; empty means everything.
    pub include: Vec<String>,
    /// Patterns of schemas or tables to leave.
    pub exclude: Vec<String>,
    /// Tables that were added while the rest was followed, whatever the patterns say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<QualifiedName>,
    /// Objects that are left out, as PostgreSQL identifies them (`function shop.f(integer)`), or [`REFUSED`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
    /// Roles of the source that have another name on the target.
    #[serde(skip_serializing_if = "RoleMap::is_empty")]
    pub roles: RoleMap,
}

/// Stands in [`Selection::leave_out`] for whatever the target refuses and no selected table needs.
pub const REFUSED: &str = "refused";

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
    added: Vec<QualifiedName>,
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
            added: self.added.clone(),
        })
    }

    /// The patterns alone: what of it the tables that there are decide.
    fn patterns(&self) -> (&[String], &[String]) {
        (&self.include, &self.exclude)
    }

    /// No patterns were given.
    pub fn has_no_patterns(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whatever the target refuses and no selected table needs is left out.
    pub fn leaves_refused(&self) -> bool {
        self.leave_out.iter().any(|object| object == REFUSED)
    }

    /// Objects left out by name.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.leave_out
            .iter()
            .map(String::as_str)
            .filter(|object| *object != REFUSED)
    }

    /// Extensions left out by name, unquoted.
    pub fn left_out_extensions(&self) -> impl Iterator<Item = &str> {
        self.left_out()
            .filter_map(|object| object.strip_prefix("extension "))
            .map(|name| name.trim_matches('"'))
    }

    /// All that `given` leaves out is left out already, and its roles are called the same.
    pub fn decides_as(&self, given: &Self) -> bool {
        given
            .leave_out
            .iter()
            .all(|object| self.leave_out.contains(object))
            && self.roles.holds(&given.roles)
    }

    /// With what `given` leaves out too, and with its names of roles.
    #[must_use]
    pub fn deciding_too(&self, given: &Self) -> Self {
        let mut both = self.clone();
        let new = given
            .leave_out
            .iter()
            .filter(|object| !self.leave_out.contains(object));
        both.leave_out.extend(new.cloned());
        both.roles = both.roles.with(&given.roles);
        both
    }

    /// For the stream back: roles have their former names there.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            roles: self.roles.inverted(),
            ..self.clone()
        }
    }

    /// With these tables too. Those that the patterns take already change nothing.
    pub fn with(&self, tables: &[QualifiedName]) -> Result<Self, BadPattern> {
        let selector = self.selector()?;
        let mut grown = self.clone();
        let missing = tables.iter().filter(|table| !selector.selects(table));
        grown.added.extend(missing.cloned());
        Ok(grown)
    }

    /// A migration that holds this selection may be resumed with the `given` one: no patterns, those that it began
    /// with, or others that take just the same of the tables there are, the added ones included.
    pub fn is_resumed_by(&self, given: &Self, names: &[QualifiedName]) -> Result<bool, BadPattern> {
        let began_with = Self {
            added: Vec::new(),
            ..self.clone()
        };
        Ok(given.has_no_patterns()
            || given.patterns() == began_with.patterns()
            || given.selector()?.agrees(&self.selector()?, names))
    }

    /// Without these of the tables that were added.
    #[must_use]
    pub fn without_added<'a>(&self, tables: impl IntoIterator<Item = &'a QualifiedName>) -> Self {
        let mut shrunk = self.clone();
        for table in tables {
            shrunk.added.retain(|added| added != table);
        }
        shrunk
    }
}

impl Selector {
    /// Leaves nothing out.
    pub fn everything() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            added: Vec::new(),
        }
    }

    pub fn selects(&self, name: &QualifiedName) -> bool {
        !is_system_schema(&name.schema) && (self.added.contains(name) || self.takes(name))
    }

    /// The patterns take it.
    fn takes(&self, name: &QualifiedName) -> bool {
        (self.include.is_empty() || self.include.iter().any(|pattern| pattern.matches(name)))
            && !self.exclude.iter().any(|pattern| pattern.matches(name))
    }

    /// Both decide alike for each of these.
    pub fn agrees(&self, other: &Self, names: &[QualifiedName]) -> bool {
        names.iter().all(|name| self.selects(name) == other.selects(name))
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

/// An object to be left out is named by its kind and its identity, or by [`REFUSED`].
pub fn check_left_out(text: &str) -> Result<(), BadPattern> {
    let bad = |reason: &str| {
        Err(BadPattern {
            pattern: text.to_owned(),
            reason: reason.to_owned(),
        })
    };
    match text.split_once(' ') {
        None if text == REFUSED => Ok(()),
        None => bad("give kind and name, such as \"function shop.f(integer)\", or \"refused\""),
        Some(("table" | "sequence", _)) => bad("tables and sequences are left where they are by exclude"),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(include: &[&str], exclude: &[&str], schema: &str, name: &str) -> bool {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let selection = Selection {
            include: owned(include),
            exclude: owned(exclude),
            ..Selection::default()
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
    fn an_added_table_is_selected_whatever_the_patterns_say_and_by_its_exact_name() {
        let before = Selection {
            include: vec!["shop".into()],
            exclude: vec!["shop.a*".into()],
            ..Selection::default()
        };
        let name = |name: &str| QualifiedName::new("shop", name);
        let grown = before.with(&[name("a*"), name("orders")]).unwrap();
        assert_eq!(
            grown.added,
            [name("a*")],
            "what is selected already stays as it is"
        );
        let selector = grown.selector().unwrap();
        assert!(selector.selects(&name("a*")));
        assert!(!selector.selects(&name("audit")));

        let stored = serde_json::to_value(&grown).unwrap();
        assert_eq!(serde_json::from_value::<Selection>(stored).unwrap(), grown);
    }

    #[test]
    fn a_migration_that_has_grown_is_resumed_with_its_former_patterns_or_with_ones_that_take_as_much() {
        let including = |pattern: &str| Selection {
            include: vec![pattern.into()],
            ..Selection::default()
        };
        let names = ["a", "b", "c"].map(|name| QualifiedName::new("shop", name));
        let grown = including("shop.a").with(&names[1..2]).unwrap();
        for given in [Selection::default(), including("shop.a"), including("shop.[ab]")] {
            assert!(grown.is_resumed_by(&given, &names).unwrap(), "{given:?}");
        }
        for given in [including("shop.b"), including("shop")] {
            assert!(!grown.is_resumed_by(&given, &names).unwrap(), "{given:?}");
        }
        assert_eq!(grown.without_added(&names), including("shop.a"));
    }

    #[test]
    fn two_selections_agree_where_they_take_the_same_of_the_tables_there_are() {
        let selector = |include: &str| {
            let selection = Selection {
                include: vec![include.into()],
                ..Selection::default()
            };
            selection.selector().unwrap()
        };
        let names = [QualifiedName::new("shop", "a"), QualifiedName::new("shop", "b")];
        assert!(selector("shop").agrees(&selector("shop.?"), &names));
        assert!(!selector("shop").agrees(&selector("shop.a"), &names));
    }

    #[test]
    fn an_object_to_be_left_out_has_a_kind_and_no_rows() {
        for good in ["refused", "extension hstore", "function shop.f(integer, text)"] {
            assert!(check_left_out(good).is_ok(), "{good}");
        }
        for bad in ["hstore", "", "table shop.orders"] {
            assert!(check_left_out(bad).is_err(), "{bad}");
        }
        let selection = Selection {
            leave_out: vec!["refused".into(), "extension \"uuid-ossp\"".into()],
            ..Selection::default()
        };
        assert!(selection.leaves_refused() && selection.has_no_patterns());
        assert_eq!(selection.left_out_extensions().collect::<Vec<_>>(), ["uuid-ossp"]);
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let selection = Selection {
            include: vec!["a[".into()],
            ..Selection::default()
        };
        assert_eq!(selection.selector().unwrap_err().pattern, "a[");
    }
}
