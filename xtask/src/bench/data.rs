//! The data sets of the benches: what they hold, and how large they are.
//!
//! Each is one file of SQL with the variable `scale`, run once on the source, in a database of the set's name.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DataSet {
    /// Tables of pgbench
    Narrow,
    /// Many types, TOAST
    Wide,
    /// One large table
    Huge,
    /// Thousands of small tables
    Small,
    /// One table in many partitions
    Partitions,
    /// Many indexes
    Indexes,
}

impl DataSet {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Narrow => "narrow",
            Self::Wide => "wide",
            Self::Huge => "huge",
            Self::Small => "small",
            Self::Partitions => "partitions",
            Self::Indexes => "indexes",
        }
    }

    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Narrow => include_str!("sql/narrow.sql"),
            Self::Wide => include_str!("sql/wide.sql"),
            Self::Huge => include_str!("sql/huge.sql"),
            Self::Small => include_str!("sql/small.sql"),
            Self::Partitions => include_str!("sql/partitions.sql"),
            Self::Indexes => include_str!("sql/indexes.sql"),
        }
    }

    pub(super) fn partitioned_table(self) -> Option<&'static str> {
        (self == Self::Partitions).then_some("reading")
    }

    /// The file's own unit for `--scale 1`: a run of some seconds on two cores.
    fn units(self) -> f64 {
        match self {
            Self::Narrow => 10.0,
            Self::Wide => 8.0,
            Self::Huge => 5.0,
            Self::Small => 2000.0,
            Self::Partitions => 40.0,
            Self::Indexes => 4.0,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    pub(super) fn scaled(self, scale: f64) -> u64 {
        (self.units() * scale).round().max(1.0) as u64
    }
}
