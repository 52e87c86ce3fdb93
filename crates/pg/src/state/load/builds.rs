//! Claiming builds (indexes, constraints, ANALYZE …), and marking them done in the transaction that
//! ran their statements.

use tokio_postgres::Client;

use super::{TextRow, array_literal};
use crate::connection::{error::PgError, raw::RawConnection};

/// Small tables whose builds are taken at once: as much as a crash makes a builder do again.
const SMALL_TABLES_AT_ONCE: u32 = 32;

/// Builds that do not wait for the cutover and are not done.
pub async fn open(target: &Client) -> Result<Vec<String>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/open_builds.sql"), &[])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A build that this transaction holds.
#[derive(Debug, Clone)]
pub struct ClaimedBuild {
    pub id: i64,
    pub kind: String,
    /// What it makes, for people.
    pub name: String,
    pub statements: Vec<String>,
}

/// Takes a build whose table is loaded and whose lower ranks are done. Runs inside the caller's transaction.
pub async fn claim(target: &mut RawConnection) -> Result<Option<ClaimedBuild>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/claim_build.sql"), &[])
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(build(&mut TextRow::new(row))?))
}

/// Takes all open builds of some small tables that are loaded, as [`of_small_tables`] gives them. Runs inside the caller's
/// transaction.
pub async fn claim_small(target: &mut RawConnection) -> Result<Vec<Vec<ClaimedBuild>>, PgError> {
    let most = SMALL_TABLES_AT_ONCE.to_string();
    let tables = target
        .query(include_str!("../sql/load/claim_small_tables.sql"), &[Some(&most)])
        .await?;
    let oids: Result<Vec<u32>, PgError> = tables.iter().map(|row| TextRow::new(row).parse()).collect();
    of_small_tables(target, &oids?).await
}

/// All open builds of those of these tables that are small, table by table, each table's in the order in which they must
/// run. The caller's transaction holds the tables.
pub async fn of_small_tables(
    target: &mut RawConnection,
    oids: &[u32],
) -> Result<Vec<Vec<ClaimedBuild>>, PgError> {
    if oids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = target
        .query(
            include_str!("../sql/load/claim_small_builds.sql"),
            &[Some(&array_literal(oids))],
        )
        .await?;
    let mut by_table: Vec<Vec<ClaimedBuild>> = Vec::new();
    let mut last_table = None;
    for row in &rows {
        let mut row = TextRow::new(row);
        let build = build(&mut row)?;
        let table = Some(row.parse::<u32>()?);
        if table != last_table {
            by_table.push(Vec::new());
            last_table = table;
        }
        by_table.last_mut().expect("invariant: pushed above").push(build);
    }
    Ok(by_table)
}

fn build(row: &mut TextRow<'_>) -> Result<ClaimedBuild, PgError> {
    Ok(ClaimedBuild {
        id: row.parse()?,
        kind: row.text()?.to_owned(),
        name: row.text()?.to_owned(),
        statements: row.list()?,
    })
}

/// What became of a claimed build.
#[derive(Debug, Clone, Copy)]
pub struct FinishedBuild {
    pub id: i64,
    pub seconds: f64,
}

/// False when one of them was already done, in which case the transaction must not be committed.
pub async fn mark_done(
    target: &mut RawConnection,
    builds: &[FinishedBuild],
    builder: &str,
) -> Result<bool, PgError> {
    let ids = array_literal(builds.iter().map(|build| build.id));
    let seconds = array_literal(builds.iter().map(|build| build.seconds));
    let marked = target
        .execute(
            include_str!("../sql/load/builds_done.sql"),
            &[Some(&ids), Some(&seconds), Some(builder)],
        )
        .await?;
    Ok(marked == builds.len() as u64)
}
