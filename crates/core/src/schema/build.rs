//! Work on the target that follows the copying of rows: its kinds and the order they need.
//!
//! A piece of build work waits for all work of lower rank on its table, or everywhere when it belongs
//! to no single table. Within a rank, pieces are independent of each other.

use std::{fmt, str::FromStr};

/// What a row of `transhume.build` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuildKind {
    /// An index of one table.
    Index,
    /// What makes the finished indexes of a table its keys: moments under an exclusive lock.
    Key,
    /// An exclusion constraint, or a key without overlaps: its index comes with it.
    Constraint,
    Analyze,
    /// In no transaction, as soon as all rows are there.
    AnalyzePartitionTree,
    /// Index or key of a partitioned table with the attachments of its whole tree.
    PartitionedIndex,
    /// A foreign key, not yet validated where the server can do that later.
    ForeignKey,
    ValidateForeignKey,
    /// Views and functions whose definition rests on a primary key: all of them in one piece, in order.
    Definition,
    MaterializedViewIndex,
    RefreshMaterializedView,
    /// Of a table that was loaded in several parts; in no transaction.
    Vacuum,
}

const NAMES: &[(BuildKind, &str)] = &[
    (BuildKind::Index, "index"),
    (BuildKind::Key, "key"),
    (BuildKind::Constraint, "constraint"),
    (BuildKind::Analyze, "analyze"),
    (BuildKind::AnalyzePartitionTree, "analyze partition tree"),
    (BuildKind::PartitionedIndex, "partitioned index"),
    (BuildKind::ForeignKey, "foreign key"),
    (BuildKind::ValidateForeignKey, "validate foreign key"),
    (BuildKind::Definition, "definition"),
    (BuildKind::MaterializedViewIndex, "materialized view index"),
    (BuildKind::RefreshMaterializedView, "refresh materialized view"),
    (BuildKind::Vacuum, "vacuum"),
];

/// The first rank of the refreshes; each level of views on views adds one, since it needs the level below.
const FIRST_REFRESH: i32 = 10;

/// Above the refreshes of any level.
const AFTER_ALL: i32 = FIRST_REFRESH + (1 << 16);

impl BuildKind {
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find_map(|(kind, name)| (*kind == self).then_some(*name))
            .expect("every kind has a name")
    }

    /// Rank without levels; refreshes add [`refresh_rank`].
    pub fn rank(self) -> i32 {
        match self {
            Self::Index | Self::Constraint => 0,
            Self::Key | Self::Analyze => 1,
            Self::PartitionedIndex => 2,
            // What follows is planned by its statistics. It waits for no index itself where it needs none.
            Self::AnalyzePartitionTree => 3,
            Self::ForeignKey => 5,
            Self::ValidateForeignKey => 6,
            Self::Definition => 7,
            Self::MaterializedViewIndex => 8,
            Self::RefreshMaterializedView => FIRST_REFRESH,
            Self::Vacuum => AFTER_ALL,
        }
    }
}

/// Rank of the refresh of a materialized view that reads `level` levels of materialized views.
pub fn refresh_rank(level: u16) -> i32 {
    FIRST_REFRESH + i32::from(level)
}

impl fmt::Display for BuildKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A kind in `transhume.build` that this program does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of build work \"{0}\"")]
pub struct UnknownBuildKind(pub String);

impl FromStr for BuildKind {
    type Err = UnknownBuildKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        NAMES
            .iter()
            .find_map(|(kind, known)| (*known == name).then_some(*kind))
            .ok_or_else(|| UnknownBuildKind(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_by_its_name() {
        for (kind, name) in NAMES {
            assert_eq!(name.parse::<BuildKind>().unwrap(), *kind);
            assert_eq!(kind.to_string(), *name);
        }
        assert!("indices".parse::<BuildKind>().is_err());
    }
}
