//! A table that is remembered, as far as telling the columns of the stream apart needs it.

use super::{Former, SourceColumn, SourceTable};
use crate::guard::schema::Remembered;

impl Remembered {
    /// None where the target's table is not known.
    pub fn former(&self) -> Option<Former> {
        let columns = self.facts.columns.iter().map(|column| SourceColumn {
            number: column.number,
            name: column.name.clone(),
            type_oid: column.type_oid,
            type_modifier: column.type_modifier,
            version: column.version,
        });
        Some(Former {
            name: self.facts.name.clone(),
            source: SourceTable {
                attributes: self.facts.attributes,
                columns: columns.collect(),
            },
            target: self.target.as_ref()?.columns.clone(),
        })
    }
}
