//! A sequence as the catalogs describe it: what the cutover needs to set it on the target.

mod value;

use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

pub use self::value::{SequenceValue, is_near_end, value_with_margin, values_left};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    pub oid: u32,
    pub name: QualifiedName,
    /// smallint, integer or bigint.
    pub type_name: String,
    pub start: i64,
    pub min: i64,
    pub max: i64,
    pub increment: i64,
    pub cache: i64,
    pub cycle: bool,
    /// As `setval` takes it, together with [`Self::is_called`]; `None` when the role may not read it.
    pub last_value: Option<i64>,
    /// The value was given out, so the next one is one increment further.
    pub is_called: bool,
    pub owned_by: Option<OwningColumn>,
    pub owner: String,
}

/// The column that a serial or identity sequence feeds and is dropped with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwningColumn {
    pub table: QualifiedName,
    pub column: String,
    /// `GENERATED … AS IDENTITY`; else serial or `OWNED BY`.
    pub identity: bool,
}

impl Sequence {
    /// The name that the selection is asked for: that of the table it belongs to, else its own.
    pub fn deciding_name(&self) -> &QualifiedName {
        self.owned_by.as_ref().map_or(&self.name, |column| &column.table)
    }
}
