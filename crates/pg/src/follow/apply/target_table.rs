//! The target's tables as its catalogs describe them now, as far as writing to them needs.
//!
//! Owns the query, one for any number of tables, and the forms in which a column's values travel.

use std::{collections::HashMap, sync::Arc};

use tokio_postgres::{Row, Statement};
use transhume_core::{
    follow::{
        portion::LoadedTable,
        row::{ListForm, TableIdentity, TargetColumn, TargetTable},
    },
    table::Generation,
};
use transhume_wire::{
    binary::BinaryType,
    ident::{OperatorName, QualifiedName},
    pgoutput::Relation,
};

use crate::connection::{error::PgError, session::Session};

/// Tables of the target by name.
pub(crate) type TargetTables = HashMap<QualifiedName, TargetTable>;

/// The query for the columns of tables. Prepared once: planning it takes longer than running it.
pub(crate) async fn prepare_table_query(session: &Session) -> Result<Statement, PgError> {
    Ok(session.prepare(include_str!("sql/target_table.sql")).await?)
}

/// Reads the tables that these relations may belong to, under their names of now and those they were loaded under, as the
/// target's catalogs describe them now.
pub(crate) async fn read_tables(
    loaded: &HashMap<u32, LoadedTable>,
    session: &Session,
    table_query: &Statement,
    relations: &[Arc<Relation>],
) -> Result<TargetTables, PgError> {
    let of_load = |relation: &Arc<Relation>| loaded.get(&relation.id).map(|table| &table.name);
    let names: Vec<&QualifiedName> = relations
        .iter()
        .flat_map(|relation| {
            let former = of_load(relation).filter(|name| **name != relation.name);
            [Some(&relation.name), former]
        })
        .flatten()
        .collect();
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let of_schemas: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
    let mut tables = TargetTables::new();
    for row in session.query(table_query, &[&schemas, &of_schemas]).await? {
        let number = usize::try_from(row.get::<_, i64>("number")).unwrap_or_default();
        let name = number.checked_sub(1).and_then(|place| names.get(place));
        let name = name.expect("invariant: ordinality counts what was asked for");
        let table = tables.entry((*name).clone()).or_insert_with(|| TargetTable {
            identity: TableIdentity {
                oid: row.get("oid"),
                description: row.get("description"),
            },
            columns: Vec::new(),
            primary_key: Vec::new(),
            is_partitioned: row.get("is_partitioned"),
        });
        // A table without columns is one row of nulls.
        if let Some(column) = column(&row) {
            if row.get("in_primary_key") {
                table.primary_key.push(column.name.clone());
            }
            table.columns.push(column);
        }
    }
    Ok(tables)
}

fn column(row: &Row) -> Option<TargetColumn> {
    Some(TargetColumn {
        name: row.get::<_, Option<String>>("name")?,
        number: row.get("column_number"),
        type_oid: row.get("type_oid"),
        type_modifier: row.get("type_modifier"),
        type_name: row.get("type_name"),
        generation: generation(row.get("identity"), row.get("generated")),
        image_equality: row.get("image_equality"),
        equality: OperatorName {
            schema: row.get("equality_schema"),
            name: row.get("equality_name"),
        },
        list_form: list_form(
            row.get("base_oid"),
            row.get("base_type_name"),
            row.get("text_cast_is_input"),
        ),
        binary: binary(row.get("base_oid"), row.get("base_is_enum")),
    })
}

fn list_form(base_oid: u32, base_type: String, text_cast_is_input: bool) -> ListForm {
    match BinaryType::of(base_oid) {
        // The server makes jsonb of its text either way.
        None | Some(BinaryType::Text | BinaryType::Jsonb) => {}
        Some(binary) => return ListForm::Binary(binary),
    }
    if text_cast_is_input {
        ListForm::Text { base_type }
    } else {
        ListForm::Single
    }
}

/// A label is sent as it is printed.
fn binary(base_oid: u32, base_is_enum: bool) -> Option<BinaryType> {
    if base_is_enum {
        Some(BinaryType::Text)
    } else {
        BinaryType::of(base_oid)
    }
}

fn generation(identity: &str, generated: &str) -> Generation {
    match (identity, generated) {
        (_, "s" | "v") => Generation::Computed,
        ("a", _) => Generation::IdentityAlways,
        ("d", _) => Generation::IdentityByDefault,
        _ => Generation::Plain,
    }
}

#[cfg(test)]
mod tests {
    /// What both ask for, whatever the layout.
    fn description(query: &str) -> String {
        let start = query.find("pg_catalog.concat_ws(").expect("it describes tables");
        let end = start
            + query[start..]
                .find("order by a.attnum))")
                .expect("by their columns");
        query[start..end].split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_table_is_described_alike_when_it_is_planned_and_when_it_is_asked_again() {
        assert_eq!(
            description(include_str!("sql/target_table.sql")),
            description(include_str!("sql/as_described.sql"))
        );
    }
}
