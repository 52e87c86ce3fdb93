//! Which schemas and tables a migration takes: include and exclude patterns.
//!
//! The same value decides for schema, load, publication, verify and cutover. Patterns are
//! `schema` or `schema.table` with `*` and `?`; exclusion wins. System schemas, `transhume` itself
//! and temporary schemas are never selected.

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

use crate::{finding::Finding, role_map::RoleMap};

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

/// A partition that cannot come although what it belongs to does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    pub partition: QualifiedName,
    pub above: QualifiedName,
}

impl Torn {
    pub fn finding(&self) -> Finding {
        let (partition, above) = (self.partition.plain(), self.above.plain());
        Finding::blocker(
            "selection-needs",
            &partition,
            format!("it is a partition of {above}, which is selected, and its rows would be missing there"),
            format!("take {partition} out of exclude, or exclude {above} too"),
        )
    }
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

    /// With all partitions of the trees that it takes, wherever they live; `partitions` has each with every table above it.
    /// Returned too are the partitions that are excluded by name although the table above them is taken.
    pub fn with_partitions(
        &self,
        partitions: &[(QualifiedName, QualifiedName)],
    ) -> Result<(Self, Vec<Torn>), BadPattern> {
        let selector = self.selector()?;
        let (mut grown, mut torn) = (self.clone(), Vec::new());
        for (partition, above) in partitions {
            if !selector.selects(above) || selector.selects(partition) {
                continue;
            }
            if selector.excludes(partition) {
                torn.push(Torn {
                    partition: partition.clone(),
                    above: above.clone(),
                });
            } else if !grown.added.contains(partition) {
                grown.added.push(partition.clone());
            }
        }
        Ok((grown, torn))
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

    /// A pattern of exclude names it.
    fn excludes(&self, name: &QualifiedName) -> bool {
        self.exclude.iter().any(|pattern| pattern.matches(name))
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
        Some(("table", rest)) if rest.starts_with("constraint ") => Ok(()),
        Some(("table" | "sequence", _)) => bad("tables and sequences are left where they are by exclude"),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
#[path = "selection_tests.rs"]
mod tests;
