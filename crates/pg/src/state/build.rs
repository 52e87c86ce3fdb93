//! `transhume.build`, the side that plans: rows are added once, in one transaction.

use tokio_postgres::GenericClient;
use transhume_core::build::BuildKind;
use transhume_wire::ident::QualifiedName;

use crate::error::PgError;

/// The line of `transhume.history` that says so; `sql/build/planned.sql` looks for it.
pub const PLANNED: &str = "builds planned";

/// One piece of work for whoever claims it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBuild {
    /// OID on the source of the table that must be loaded first; none for all tables.
    pub table_oid: Option<u32>,
    pub kind: BuildKind,
    pub rank: i32,
    /// What it makes, for people.
    pub name: String,
    /// Each is sent by the simple protocol, so one text may hold several commands.
    pub statements: Vec<String>,
    /// Estimate that orders the queue, largest first.
    pub bytes: i64,
    pub held_until_cutover: bool,
}

/// A table that the full load copies.
#[derive(Debug, Clone)]
pub struct LoadedTable {
    pub oid: u32,
    pub name: QualifiedName,
    pub bytes: i64,
    pub parts: i64,
}

pub async fn are_planned(target: &impl GenericClient) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("sql/build/planned.sql"), &[])
        .await?;
    Ok(row.try_get(0)?)
}

pub async fn loaded_tables(target: &impl GenericClient) -> Result<Vec<LoadedTable>, PgError> {
    let rows = target
        .query(include_str!("sql/build/loaded_tables.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(LoadedTable {
                oid: row.try_get("source_oid")?,
                name: QualifiedName {
                    schema: row.try_get("schema_name")?,
                    name: row.try_get("table_name")?,
                },
                bytes: row.try_get("bytes")?,
                parts: row.try_get("parts")?,
            })
        })
        .collect()
}

/// Adds all of them; sent in one flight, since there may be tens of thousands.
pub async fn add(target: &tokio_postgres::Transaction<'_>, builds: &[NewBuild]) -> Result<(), PgError> {
    let statement = target.prepare(include_str!("sql/build/add.sql")).await?;
    let inserts = builds.iter().map(|build| {
        let statement = &statement;
        async move {
            target
                .execute(
                    statement,
                    &[
                        &build.table_oid,
                        &build.kind.name(),
                        &build.rank,
                        &build.name,
                        &build.statements,
                        &build.bytes,
                        &build.held_until_cutover,
                    ],
                )
                .await
        }
    });
    futures_util::future::try_join_all(inserts).await?;
    Ok(())
}
