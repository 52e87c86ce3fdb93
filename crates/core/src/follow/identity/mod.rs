//! Which column of the source each column of a Relation message is, and which column of the target has its values.
//!
//! The message carries names, and a name may have meant another column a moment ago: so names alone decide nothing. What is
//! known are the source's columns by number at a moment before the message (when the rows were read, or an earlier message)
//! and at one after it (asked for because the message came). A number is never used again, a column that both moments have
//! was there in between, and the message lists columns by number. Where that leaves one meaning only, it is taken; where it
//! leaves several that matter, none is.
//!
//! Invariant: a value is written to the target's column that has the values of the same column of the source, or not at all.

mod alignment;
mod by_name;
mod counterpart;
mod remembered;

use std::collections::BTreeMap;

use serde::Deserialize;
use transhume_wire::{ident::QualifiedName, pgoutput::RelationColumn};

pub use self::{alignment::align, by_name::align_tree, counterpart::counterparts};

/// A column of the source at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SourceColumn {
    /// `attnum`.
    pub number: i16,
    pub name: String,
    pub type_oid: u32,
    pub type_modifier: i32,
    /// `xmin` of its row in the catalog: another one after each ALTER of it. [`UNKNOWN_VERSION`] where it was told by a message.
    pub version: i64,
}

/// No column of a catalog has it.
pub const UNKNOWN_VERSION: i64 = -1;

/// A table of the source at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTable {
    /// Columns that it ever had; 0 where that was not written down.
    pub attributes: i16,
    /// By number; without those that are computed.
    pub columns: Vec<SourceColumn>,
}

/// What is remembered of a table since its rows were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    pub name: QualifiedName,
    pub source: SourceTable,
    /// Numbers of the target's columns by the names that the source's columns had then.
    pub target: BTreeMap<String, i16>,
}

/// Columns were dropped, made or renamed so that a name may mean one or another: the rows have to be read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous;

/// The columns of one announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// Of each announced column.
    pub numbers: Vec<i16>,
    /// The source's table as it was found after the announcement.
    pub now: SourceTable,
}

impl SourceColumn {
    /// Name and type as announced.
    fn is(&self, announced: &RelationColumn) -> bool {
        self.name == announced.name
            && self.type_oid == announced.type_oid
            && self.type_modifier == announced.type_modifier
    }
}

impl SourceTable {
    pub fn column(&self, number: i16) -> Option<&SourceColumn> {
        self.columns.iter().find(|column| column.number == number)
    }

    pub fn column_called(&self, name: &str) -> Option<&SourceColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The highest number that a column had so far, as far as is known.
    fn last_number(&self) -> i16 {
        let last = self.columns.iter().map(|column| column.number).max();
        self.attributes.max(last.unwrap_or_default())
    }

    /// The announced column that makes it unclear which are meant, for people.
    pub fn first_doubt(&self, later: &Self, announced: &[RelationColumn]) -> String {
        let is_settled = |name: &str| {
            let now = later.column_called(name);
            now.is_some() && now == self.column_called(name)
        };
        let doubtful = announced.iter().find(|column| !is_settled(&column.name));
        let named = doubtful.or_else(|| announced.first());
        named.map(|column| column.name.clone()).unwrap_or_default()
    }

    /// Nothing of it was altered between the two moments.
    fn is_unaltered_in(&self, later: &Self) -> bool {
        self.columns == later.columns && (self.attributes == 0 || self.attributes == later.attributes)
    }
}

impl Identified {
    /// The source's table at the moment of the announcement: what is known of it before the next.
    pub fn table(&self, before: &SourceTable, announced: &[RelationColumn]) -> SourceTable {
        let columns: Vec<_> = self
            .numbers
            .iter()
            .zip(announced)
            .map(|(number, announced)| {
                let is_settled = |column: &&SourceColumn| before.column(*number) == Some(*column);
                let settled = self.now.column(*number).filter(is_settled);
                SourceColumn {
                    number: *number,
                    name: announced.name.clone(),
                    type_oid: announced.type_oid,
                    type_modifier: announced.type_modifier,
                    version: settled.map_or(UNKNOWN_VERSION, |column| column.version),
                }
            })
            .collect();
        let last = self.numbers.iter().copied().max().unwrap_or_default();
        SourceTable {
            attributes: before.last_number().max(last),
            columns,
        }
    }
}

#[cfg(test)]
mod tests;
