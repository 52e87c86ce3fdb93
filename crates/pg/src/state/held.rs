//! Builds that were held until the cutover: what would have stood in the way of applying changes on
//! a target that does not let triggers and foreign keys be switched off for a session.

use std::str::FromStr;

use tokio_postgres::{Row, types::Type};
use transhume_core::schema::build::BuildKind;

use crate::connection::{error::PgError, session::Session};

#[derive(Debug, Clone)]
pub struct HeldBuild {
    pub id: i64,
    kind: BuildKind,
    pub name: String,
    pub statements: Vec<String>,
}

impl HeldBuild {
    /// Done inside the write pause: it takes a moment whatever the size of the table.
    pub fn is_quick(&self) -> bool {
        self.kind == BuildKind::ForeignKey
    }
}

/// All that is held, in the order in which it must be done.
pub async fn builds(target: &Session) -> Result<Vec<HeldBuild>, PgError> {
    let rows = target.query(include_str!("sql/held/builds.sql"), &[]).await?;
    rows.iter().map(read).collect()
}

pub(super) fn read(row: &Row) -> Result<HeldBuild, PgError> {
    let kind: &str = row.try_get("kind")?;
    Ok(HeldBuild {
        id: row.try_get("id")?,
        kind: BuildKind::from_str(kind).map_err(|error| PgError::Protocol {
            endpoint: "transhume.build".to_owned(),
            reason: error.to_string(),
        })?,
        name: row.try_get("name")?,
        statements: row.try_get("statements")?,
    })
}

/// Part of the transaction that did the work of these. One statement, which is sent at once.
pub async fn mark_done(target: &impl tokio_postgres::GenericClient, ids: &[i64]) -> Result<(), PgError> {
    target
        .execute_typed(
            include_str!("sql/held/mark_done.sql"),
            &[(&ids, Type::INT8_ARRAY)],
        )
        .await?;
    Ok(())
}

/// Does one build in a transaction of its own.
pub async fn run(target: &mut Session, build: &HeldBuild) -> Result<(), PgError> {
    let transaction = target.transaction().await?;
    transaction.batch_execute(&build.statements.join(";\n")).await?;
    mark_done(&transaction, &[build.id]).await?;
    Ok(transaction.commit().await?)
}
