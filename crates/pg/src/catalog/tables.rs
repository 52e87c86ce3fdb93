//! Tables, materialized views, foreign tables and views with their columns, in one query.

use tokio_postgres::{Client, Row};
use transhume_core::table::{
    Column, Generation, Persistence, Placement, ReplicaIdentity, RowSecurity, Table, TableKind, place,
};
use transhume_wire::ident::QualifiedName;

use super::partition_trees::scattered;
use crate::connection::error::PgError;

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
            let name = QualifiedName::new(
                row.try_get::<_, String>("schema_name")?,
                row.try_get::<_, String>("table_name")?,
            );
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
        .map(|row| {
            Ok(QualifiedName::new(
                row.try_get::<_, String>("schema_name")?,
                row.try_get::<_, String>("relation_name")?,
            ))
        })
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
            let name = QualifiedName::new(
                row.try_get::<_, String>("schema_name")?,
                row.try_get::<_, String>("relation_name")?,
            );
            Ok((name, row.try_get("kind")?))
        })
        .collect()
}

fn table(row: &Row) -> Result<Table, PgError> {
    let columns = columns(row)?;
    let replica_identity = replica_identity(row.try_get("replica_identity")?);
    let identity_columns = match replica_identity {
        ReplicaIdentity::Full => columns
            .iter()
            .filter(|column| column.generation != Generation::Computed)
            .map(|column| column.name.clone())
            .collect(),
        ReplicaIdentity::Nothing => Vec::new(),
        ReplicaIdentity::Default | ReplicaIdentity::Index => row.try_get("identity_index_columns")?,
    };
    Ok(Table {
        oid: row.try_get("oid")?,
        name: QualifiedName::new(
            row.try_get::<_, String>("schema_name")?,
            row.try_get::<_, String>("table_name")?,
        ),
        kind: kind(row.try_get("kind")?),
        persistence: match row.try_get("persistence")? {
            "u" => Persistence::Unlogged,
            _ => Persistence::Permanent,
        },
        is_partition: row.try_get("is_partition")?,
        columns,
        replica_identity,
        identity_columns,
        identity_index: row.try_get("identity_index")?,
        deferrable_key: row.try_get("deferrable_key")?,
        row_security: match (row.try_get("row_security")?, row.try_get("row_security_forced")?) {
            (false, _) => RowSecurity::Off,
            (true, false) => RowSecurity::Enabled,
            (true, true) => RowSecurity::Forced,
        },
        owner: row.try_get("owner")?,
        rows_estimate: row.try_get("rows_estimate")?,
        pages: row.try_get("pages")?,
        bytes: row.try_get("bytes")?,
        placement: Placement::Own,
    })
}

fn columns(row: &Row) -> Result<Vec<Column>, PgError> {
    let names: Vec<String> = row.try_get("column_names")?;
    let type_oids: Vec<u32> = row.try_get("column_type_oids")?;
    let type_names: Vec<String> = row.try_get("column_type_names")?;
    let type_modifiers: Vec<i32> = row.try_get("column_type_modifiers")?;
    let not_nulls: Vec<bool> = row.try_get("column_not_nulls")?;
    let generations: Vec<&str> = row.try_get("column_generations")?;
    Ok(names
        .into_iter()
        .zip(type_oids)
        .zip(type_names)
        .zip(type_modifiers)
        .zip(not_nulls)
        .zip(generations)
        .map(
            |(((((name, type_oid), type_name), type_modifier), not_null), generation)| Column {
                name,
                type_oid,
                type_name,
                type_modifier,
                not_null,
                generation: match generation {
                    "computed" => Generation::Computed,
                    "always" => Generation::IdentityAlways,
                    "by default" => Generation::IdentityByDefault,
                    _ => Generation::Plain,
                },
            },
        )
        .collect())
}

fn kind(relkind: &str) -> TableKind {
    match relkind {
        "p" => TableKind::Partitioned,
        "m" => TableKind::MaterializedView,
        "f" => TableKind::Foreign,
        "v" => TableKind::View,
        _ => TableKind::Ordinary,
    }
}

fn replica_identity(relreplident: &str) -> ReplicaIdentity {
    match relreplident {
        "i" => ReplicaIdentity::Index,
        "f" => ReplicaIdentity::Full,
        "n" => ReplicaIdentity::Nothing,
        _ => ReplicaIdentity::Default,
    }
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
