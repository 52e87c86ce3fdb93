//! `transhume.build`, the side that plans: rows are added once, in one transaction.

use tokio_postgres::GenericClient;
use transhume_core::schema::build::BuildKind;
use transhume_wire::ident::QualifiedName;

use crate::connection::error::PgError;

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
pub struct CopiedTable {
    pub oid: u32,
    pub name: QualifiedName,
    pub bytes: i64,
    pub parts: i64,
}

impl CopiedTable {
    /// Its statistics.
    pub fn analyze(&self) -> NewBuild {
        NewBuild {
            table_oid: Some(self.oid),
            kind: BuildKind::Analyze,
            rank: BuildKind::Analyze.rank(),
            name: self.name.plain(),
            statements: vec![format!("ANALYZE {}", self.name)],
            bytes: self.bytes,
            held_until_cutover: false,
        }
    }
}

pub async fn are_planned(target: &impl GenericClient) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("sql/build/planned.sql"), &[])
        .await?;
    Ok(row.try_get(0)?)
}

pub async fn loaded_tables(target: &impl GenericClient) -> Result<Vec<CopiedTable>, PgError> {
    let rows = target
        .query(include_str!("sql/build/loaded_tables.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(CopiedTable {
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

/// Bytes of a table up to which all its builds are claimed at once, together with those of other such tables: claiming
/// and committing each by itself takes longer than building them.
const SMALL_TABLE_BYTES: i64 = 1 << 20;
/// Builds in one statement: bounds what is held in memory twice, here and on the server.
const ADDED_AT_ONCE: usize = 5000;

/// Adds all of them; there may be tens of thousands.
pub async fn add(target: &impl GenericClient, builds: &[NewBuild]) -> Result<(), PgError> {
    let statement = target.prepare(include_str!("sql/build/add.sql")).await?;
    for group in builds.chunks(ADDED_AT_ONCE) {
        let rows: Vec<_> = group.iter().map(row).collect();
        target
            .execute(&statement, &[&serde_json::Value::from(rows), &SMALL_TABLE_BYTES])
            .await?;
    }
    Ok(())
}

/// Lets the planner know how much work there is, once all of it is written.
pub async fn analyze(target: &impl GenericClient) -> Result<(), PgError> {
    Ok(target
        .batch_execute(include_str!("sql/build/analyze.sql"))
        .await?)
}

fn row(build: &NewBuild) -> serde_json::Value {
    serde_json::json!({
        "table_oid": build.table_oid,
        "kind": build.kind.name(),
        "rank": build.rank,
        "name": build.name,
        "statements": build.statements,
        "bytes": build.bytes,
        "held_until_cutover": build.held_until_cutover,
    })
}
