//! A change of the schema in words.

use super::{ChangeKind, SchemaChange};

impl SchemaChange {
    /// One clause; the table is named elsewhere.
    pub fn message(&self) -> String {
        match &self.kind {
            ChangeKind::TableNew { partition: None } => {
                "it was made on the source after the migration began, and is not part of it".to_owned()
            }
            ChangeKind::TableNew {
                partition: Some((parent, _)),
            } => format!(
                "it became a partition of {} on the source after the migration began, and is not part of it",
                parent.plain()
            ),
            ChangeKind::TableGone { .. } => "the source does not have it any more".to_owned(),
            ChangeKind::NotPublished => {
                "its changes are not published, so what the source writes to it does not arrive \
                 (an unlogged table that became logged, or one that was taken out of the publication)"
                    .to_owned()
            }
            ChangeKind::TableLost => "the target's table that had its rows is gone".to_owned(),
            ChangeKind::PublishedAnew => {
                "it left the publication for a while, or not all its changes were published: what the source wrote \
                 meanwhile is not in the stream"
                    .to_owned()
            }
            ChangeKind::Renamed { before, .. } => {
                format!("the target calls it {}", before.plain())
            }
            ChangeKind::Moved { before, after } => {
                let named = |name: Option<String>| name.unwrap_or_else(|| "nothing".to_owned());
                format!(
                    "it is a partition of {} on the source, and of {} on the target",
                    named(after.as_ref().map(|(parent, _)| parent.plain())),
                    named(before.as_ref().map(transhume_wire::ident::QualifiedName::plain))
                )
            }
            ChangeKind::ColumnNew { column } => {
                format!(
                    "the target does not have its column {}",
                    column.name.escape_debug()
                )
            }
            ChangeKind::ColumnGone { column, .. } => {
                format!("its column {} is gone on the source", column.escape_debug())
            }
            ChangeKind::ColumnRenamed { before, after, .. } => format!(
                "its column {} is called {} on the source now",
                before.escape_debug(),
                after.escape_debug()
            ),
            ChangeKind::ColumnRetyped { column, type_name } => {
                format!(
                    "its column {} is a {type_name} on the source now",
                    column.escape_debug()
                )
            }
            ChangeKind::ColumnMadeAnew { column } => format!(
                "its column {} was dropped on the source and made anew: the values that the target has are gone there",
                column.escape_debug()
            ),
            ChangeKind::PartitionsChanged => {
                "it is moved as a whole, and partitions were made, attached or detached on the source: their rows \
                 are not in the stream"
                    .to_owned()
            }
            ChangeKind::Rewritten => {
                "all its rows were written anew on the source as a column was added or altered: such values are not in \
                 the stream"
                    .to_owned()
            }
        }
    }
}
