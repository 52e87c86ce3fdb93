//! Tables, materialized views, foreign tables and views with their columns, in one query.

use tokio_postgres::{Client, Row};
use transhume_core::table::{Table, catalog::TableRow, place};
use transhume_wire::ident::QualifiedName;

use super::partition_trees::scattered;
use crate::{catalog::qualified_name, connection::error::PgError};

const TABLES: &str = include_str!("sql/tables.sql");

/// All user tables, selected or not; members of extensions left out. Ordered by name.
pub async fn tables(client: &Client) -> Result<Vec<Table>, PgError> {
    let query = async { Ok(client.query(TABLES, &[]).await?) };
    let (rows, tree_of) = tokio::try_join!(query, scattered(client))?;
    let tables = rows.iter().map(table).collect::<Result<_, PgError>>()?;
    Ok(place(tables, &tree_of))
}

/// OID and name of all user tables that rows are moved under: what is cheap to ask for again and again.
pub async fn names_of_tables(client: &Client) -> Result<Vec<(u32, QualifiedName)>, PgError> {
    let query = async { Ok(client.query(include_str!("sql/names_of_tables.sql"), &[]).await?) };
    let (rows, tree_of) = tokio::try_join!(query, scattered(client))?;
    let moves_rows = |row: &&Row| {
        let oid: u32 = row.get("oid");
        if row.get("is_partitioned") {
            tree_of.values().any(|tree| *tree == oid)
        } else {
            !tree_of.contains_key(&oid)
        }
    };
    rows.iter()
        .filter(moves_rows)
        .map(|row| {
            let name = qualified_name(row, "table_name")?;
            Ok((row.try_get("oid")?, name))
        })
        .collect()
}

/// These tables and all partitions below them.
pub async fn with_partitions(client: &Client, oids: &[u32]) -> Result<Vec<u32>, PgError> {
    let rows = client
        .query(include_str!("sql/partitions_below.sql"), &[&oids])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What a partition is below, by OID and name, the uppermost first.
pub async fn above(client: &Client, partition: u32) -> Result<Vec<(u32, QualifiedName)>, PgError> {
    let rows = client
        .query(include_str!("sql/partitions_above.sql"), &[&partition])
        .await?;
    rows.iter()
        .map(|row| {
            let name = qualified_name(row, "relation_name")?;
            Ok((row.try_get("oid")?, name))
        })
        .collect()
}

/// Those of these names that the database has already, as relations of any kind.
pub async fn existing(client: &Client, names: &[QualifiedName]) -> Result<Vec<QualifiedName>, PgError> {
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let relations: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
    let rows = client
        .query(
            include_str!("sql/existing_relations.sql"),
            &[&schemas, &relations],
        )
        .await?;
    rows.iter()
        .map(|row| qualified_name(row, "relation_name"))
        .collect()
}

/// What keeps tables from being made under these names and has no rows itself, each as DROP calls it with its name.
pub async fn in_the_way(
    target: &Client,
    names: &[QualifiedName],
) -> Result<Vec<(QualifiedName, String)>, PgError> {
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let relations: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
    let rows = target
        .query(include_str!("sql/in_the_way.sql"), &[&schemas, &relations])
        .await?;
    rows.iter()
        .map(|row| {
            let name = qualified_name(row, "relation_name")?;
            Ok((name, row.try_get("kind")?))
        })
        .collect()
}

fn table(row: &Row) -> Result<Table, PgError> {
    let row = TableRow {
        oid: row.try_get("oid")?,
        schema_name: row.try_get("schema_name")?,
        table_name: row.try_get("table_name")?,
        kind: row.try_get("kind")?,
        persistence: row.try_get("persistence")?,
        is_partition: row.try_get("is_partition")?,
        replica_identity: row.try_get("replica_identity")?,
        column_names: row.try_get("column_names")?,
        column_type_oids: row.try_get("column_type_oids")?,
        column_type_names: row.try_get("column_type_names")?,
        column_type_modifiers: row.try_get("column_type_modifiers")?,
        column_not_nulls: row.try_get("column_not_nulls")?,
        column_generations: row.try_get("column_generations")?,
        identity_index_columns: row.try_get("identity_index_columns")?,
        identity_index: row.try_get("identity_index")?,
        deferrable_key: row.try_get("deferrable_key")?,
        row_security: row.try_get("row_security")?,
        row_security_forced: row.try_get("row_security_forced")?,
        owner: row.try_get("owner")?,
        rows_estimate: row.try_get("rows_estimate")?,
        pages: row.try_get("pages")?,
        bytes: row.try_get("bytes")?,
    };
    Ok(row.into_table())
}

/// Every partition with each table above it.
pub async fn partitions_with_ancestors(
    client: &Client,
) -> Result<Vec<(QualifiedName, QualifiedName)>, PgError> {
    let rows = client
        .query(include_str!("sql/partitions_with_ancestors.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            let name = |schema: &str, name: &str| -> Result<QualifiedName, PgError> {
                Ok(QualifiedName::new(
                    row.try_get::<_, String>(schema)?,
                    row.try_get::<_, String>(name)?,
                ))
            };
            Ok((
                name("partition_schema", "partition_name")?,
                name("ancestor_schema", "ancestor_name")?,
            ))
        })
        .collect()
}
