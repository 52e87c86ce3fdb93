//! Which rows a statement means by a table's name.
//!
//! Rows of tables that inherit from it are never meant: those are moved by themselves. Rows of a partitioned
//! table are in its partitions, and ONLY would find none.

use transhume_wire::ident::QualifiedName;

/// The table as it stands behind FROM, UPDATE, DELETE FROM and TRUNCATE.
pub(crate) fn rows_of(table: &QualifiedName, is_partitioned: bool) -> String {
    if is_partitioned {
        table.to_string()
    } else {
        format!("only {table}")
    }
}

/// The columns that tell one row from all others while nobody changes it.
pub(crate) fn place_of_row(is_partitioned: bool) -> &'static str {
    if is_partitioned { "tableoid, ctid" } else { "ctid" }
}
