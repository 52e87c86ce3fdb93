//! The source's tables as its catalogs describe them, asked whenever the stream announces them.
//!
//! A transaction comes out of the stream once its commit is on disk, and may be seen by others only later (while it waits for
//! a standby): what it did to a table itself is known only once it is seen. Owns that waiting, and one session.

use std::{collections::HashMap, time::Duration};

use tokio_postgres::{Row, Statement, types::Json};
use transhume_core::follow::identity::{SourceColumn, SourceTable};

use crate::connection::{error::PgError, session::Session, snapshot};

/// Between two questions while a transaction is not seen yet: as a rule it is microseconds late.
const AGAIN_AFTER: Duration = Duration::from_millis(5);

pub struct SourceTables {
    session: Session,
    question: Statement,
}

impl SourceTables {
    /// Takes over a session of the source.
    pub async fn new(session: Session) -> Result<Self, PgError> {
        let question = session.prepare(include_str!("sql/source_tables.sql")).await?;
        Ok(Self { session, question })
    }

    /// These tables as they are now, with all that the transactions `after` did; none of one that is gone.
    pub(super) async fn read(
        &self,
        oids: &[u32],
        after: &[u32],
    ) -> Result<HashMap<u32, SourceTable>, PgError> {
        loop {
            let rows = self.session.query(&self.question, &[&oids]).await?;
            let Some(row) = rows.first() else {
                return Ok(HashMap::new());
            };
            let seen = snapshot::parse("pg_current_snapshot", row.try_get("snapshot")?)?;
            if after.iter().all(|xid| seen.sees(*xid)) {
                return tables(&rows);
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// These tables as they are now; none of one that is gone.
pub(crate) async fn source_tables(
    source: &Session,
    oids: &[u32],
) -> Result<HashMap<u32, SourceTable>, PgError> {
    let rows = source
        .query(include_str!("sql/source_tables.sql"), &[&oids])
        .await?;
    tables(&rows)
}

fn tables(rows: &[Row]) -> Result<HashMap<u32, SourceTable>, PgError> {
    let mut tables = HashMap::with_capacity(rows.len());
    for row in rows {
        if row.try_get("is_there")? {
            let Json(columns): Json<Vec<SourceColumn>> = row.try_get("columns")?;
            let attributes = row.try_get("attributes")?;
            tables.insert(row.try_get("oid")?, SourceTable { attributes, columns });
        }
    }
    Ok(tables)
}
